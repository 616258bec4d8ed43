/** Lingering: whether logind keeps the user's manager after the last logout (loginctl(1), enable-linger). */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { isatty } from "node:tty";
import type { LogoutFate } from "../contract.ts";
import { ChoreError, errnoOf } from "../errors.ts";

/** Where logind keeps the names of users whose manager outlives their sessions. */
const FOLDER = "/var/lib/systemd/linger";

/** How long loginctl may take when it cannot ask for a password, in milliseconds. By itself it waits longer. */
const PATIENCE_MS = 30_000;

/** Whether the manager, and with it all its units, survives the last logout. */
export function logoutFate(): LogoutFate {
	const user = userName();
	if (existsSync(`${FOLDER}/${user}`)) return { survives: true };
	return {
		survives: false,
		reason: `systemd ends the jobs of ${user} at the last logout, since lingering is off`,
		cure: "chore doctor --linger",
	};
}

/** Whether logind is running: it makes this folder when it starts. */
export function hasLogind(): boolean {
	return existsSync("/run/systemd/seats");
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
	const { problem, cause } = await run("loginctl", words, mayAsk ? undefined : PATIENCE_MS);
	if (problem === undefined) return;
	throw new ChoreError("PLATFORM_FAILED", `lingering could not be turned on: ${problem}`, {
		hint: hasLogind() ? `as root: loginctl enable-linger ${user}` : "there is no systemd-logind here, which is what would keep the manager",
		cause,
	});
}

interface Outcome {
	/** In words; undefined when it went well. */
	readonly problem: string | undefined;
	readonly cause?: unknown;
}

function run(program: string, words: readonly string[], timeoutMs: number | undefined): Promise<Outcome> {
	return new Promise((resolve) => {
		const child = spawn(program, words, {
			stdio: ["inherit", "ignore", "pipe"],
			env: { ...process.env, LC_ALL: "C" },
			timeout: timeoutMs,
			killSignal: "SIGKILL",
		});
		let said = "";
		child.stderr.on("data", (data: Buffer) => {
			said += data;
		});
		child.once("error", (cause) =>
			resolve({ problem: errnoOf(cause) === "ENOENT" ? `there is no ${program} here` : cause.message, cause }),
		);
		child.once("close", (code, signal) => {
			if (code === 0) resolve({ problem: undefined });
			else if (signal === "SIGKILL") resolve({ problem: `${program} did not answer` });
			else resolve({ problem: said.trim().split("\n").at(-1) || `${program} ended with ${signal ?? code}` });
		});
	});
}

/** The user's name. One that is not in passwd(5) cannot linger, and gets words for the message. */
function userName(): string {
	try {
		return userInfo().username;
	} catch {
		return `uid ${process.geteuid?.()}`;
	}
}
