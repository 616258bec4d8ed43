/**
 * Makes property lists (launchd.plist(5)), and that of one run. They hold fixed words and paths, never the user's text, which is
 * in the job's start script. The only file that imports plist.
 */
import { build } from "plist";
import type { RunSpec } from "../contract.ts";
import { ChoreError } from "../errors.ts";

/** What the waiter needs after the grace: the record is written, remaining processes are killed, launchctl is called. */
const BEYOND_GRACE_SECONDS = 15;

/** launchd counts in whole seconds of 32 bits, and reads 0 as "for ever". */
const LONGEST_SECONDS = 2 ** 31 - 1;

/** What XML 1.0 does not allow (production Char), and U+FFFD, which Node puts in the place of bytes that are not UTF-8. */
const NOT_IN_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffc\u{10000}-\u{10ffff}]/u;

/**
 * The environment of the programs of chore that launchd starts. It is printed by launchd, so nothing of the caller's is in it, such
 * as his PATH; every macOS has the programs that they need in these folders.
 */
export const ENVIRONMENT: Readonly<Record<string, string>> = { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C" };

/** The program of a service. */
export interface Service {
	readonly label: string;
	readonly program: readonly string[];
	readonly environment: Readonly<Record<string, string>>;
	/** The file for the program's own messages; it exists. */
	readonly messages: string;
}

/**
 * The text of the run's property list.
 *
 * @throws ChoreError STATE_UNUSABLE for a path that XML cannot carry
 */
export function propertyList({ stopping }: RunSpec, { label, program, environment, messages }: Service): string {
	for (const text of [label, messages, ...program, ...Object.values(environment)]) refuseUnlessXml(text);
	return xml({
		Label: label,
		ProgramArguments: program,
		EnvironmentVariables: environment,
		WorkingDirectory: "/",
		StandardOutPath: messages,
		StandardErrorPath: messages,
		// launchd wants a number, which XML shows in decimal.
		Umask: 0o077,
		RunAtLoad: true,
		// Any other type lets launchd slow the job down.
		ProcessType: "Interactive",
		// The default is 5 s, which may be shorter than the grace of the job.
		ExitTimeOut: Math.min(Math.ceil(stopping.graceMs / 1000) + BEYOND_GRACE_SECONDS, LONGEST_SECONDS),
		// If the waiter is killed, the shim lives on, and with it the job and its record.
		AbandonProcessGroup: true,
		// "Background" is for user/UID, the domain of a user without a graphical login.
		LimitLoadToSessionType: ["Aqua", "Background"],
	});
}

/** What a property list may hold here. */
type Value = string | number | boolean | readonly (string | object)[] | Readonly<Record<string, string>>;

/** The text of a property list. Its strings have passed `refuseUnlessXml`. */
export function xml(keys: Readonly<Record<string, Value>>): string {
	return build(keys as Parameters<typeof build>[0]);
}

/** @throws ChoreError STATE_UNUSABLE for a path that XML cannot carry */
export function refuseUnlessXml(text: string): void {
	const wrong = NOT_IN_XML.exec(text)?.[0];
	if (wrong === undefined) return;
	const code = (wrong.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
	throw new ChoreError("STATE_UNUSABLE", `launchd cannot be told a path that holds the character U+${code}: ${JSON.stringify(text)}`, {
		hint: "set CHORE_HOME to a folder with a plainer name, or use --platform posix",
	});
}
