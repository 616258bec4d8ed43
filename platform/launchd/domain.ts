/** Finds the launchd domain for a user's jobs: that of the graphical session, or the one that every user has. */
import { ChoreError } from "../errors.ts";
import { Code, type Launchctl, wordsOf } from "./launchctl.ts";

/** launchd's name of a domain: `gui/501`, `user/501`. */
export interface Domain {
	readonly kind: "gui" | "user";
	readonly name: string;
}

/** The domains that a user may have. */
export function domainsOf(uid: number): Readonly<Record<Domain["kind"], Domain>> {
	return { gui: { kind: "gui", name: `gui/${uid}` }, user: { kind: "user", name: `user/${uid}` } };
}

/**
 * The domain for new jobs: that of the graphical session, if there is one now.
 *
 * @throws ChoreError PLATFORM_UNAVAILABLE when there is none, or it cannot be asked for
 */
export async function currentDomain(launchctl: Launchctl, uid: number): Promise<Domain> {
	const { gui, user } = domainsOf(uid);
	const first = await launchctl.call("print", gui.name);
	if (first.code === Code.done) return gui;
	if (!isMissing(first.code) && first.code !== Code.noService) throw unavailable(`launchctl print ${gui.name}: ${wordsOf(first)}`);
	const second = await launchctl.call("print", user.name);
	if (second.code === Code.done) return user;
	throw unavailable(`there is neither ${gui.name} nor ${user.name}: ${wordsOf(second)}`);
}

/** Whether an exit code of launchctl says that the domain itself does not exist. */
export function isMissing(code: number): boolean {
	return code === Code.noDomain || code === Code.notHere;
}

function unavailable(why: string): ChoreError {
	return new ChoreError("PLATFORM_UNAVAILABLE", `launchd takes no jobs of this user: ${why}`, {
		hint: "`chore doctor` shows what works here; `--platform posix` runs jobs without launchd",
	});
}
