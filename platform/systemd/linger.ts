/** Lingering: whether logind keeps the user's manager after the last logout (loginctl(1), enable-linger). */
import { isatty } from "node:tty";
import type { LogoutFate } from "../contract.ts";
import { ChoreError, errnoOf } from "../errors.ts";
import { hasLogind, lingers, userName } from "../linger.ts";
import { type ProgramEnd, runProgram } from "../program.ts";

/** How long loginctl may take when it cannot ask for a password, in milliseconds. By itself it waits longer. */
const PATIENCE_MS = 30_000;

/** Whether the manager, and with it all its units, survives the last logout. */
export function logoutFate(): LogoutFate {
	const user = userName();
	if (lingers(user)) return { survives: true };
	return {
		survives: false,
		reason: `systemd ends the jobs of ${user} at the last logout, since lingering is off`,
		cure: "chore doctor --linger",
	};
}

/**
 * Turns lingering on. Runs loginctl, because that can ask for a password at a terminal if one is needed.
 * @throws ChoreError PLATFORM_FAILED with what loginctl said
 */
export async function enableLinger(): Promise<void> {
	const user = userName();
	const mayAsk = isatty(0);
	// With the name: without it logind takes the user of the login session, and after su(1) or sudo(8) there is none.
	const words = [...(mayAsk ? [] : ["--no-ask-password"]), "enable-linger", user];
	const environment = { ...process.env, LC_ALL: "C" };
	const end = await runProgram("loginctl", words, { environment, mayAsk, patienceMs: mayAsk ? undefined : PATIENCE_MS });
	const problem = problemOf(end);
	if (problem === undefined) return;
	throw new ChoreError("PLATFORM_FAILED", `lingering could not be turned on: ${problem}`, {
		hint: hasLogind() ? `as root: loginctl enable-linger ${user}` : "there is no systemd-logind here, which is what would keep the manager",
		cause: end.kind === "not run" ? end.error : undefined,
	});
}

/** Why loginctl did not turn lingering on, in words; undefined when it did. */
function problemOf(end: ProgramEnd): string | undefined {
	if (end.kind === "not run") return errnoOf(end.error) === "ENOENT" ? "there is no loginctl here" : end.error.message;
	if (end.kind !== "ended") return "loginctl did not answer";
	if (end.code === 0) return undefined;
	return end.err.toString("utf8").trim().split("\n").at(-1) || `loginctl ended with ${end.signal ?? end.code}`;
}
