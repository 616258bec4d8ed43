/**
 * The property list of one run (launchd.plist(5)). It holds fixed words and paths: all that the user wrote is in the job's
 * start script. The one file that imports plist.
 */
import { build } from "plist";
import type { RunSpec } from "../contract.ts";
import { ChoreError } from "../errors.ts";

/** What the run's shell needs beyond the grace: a record is written, what was left is swept, launchctl is called. */
const BEYOND_GRACE_SECONDS = 15;

/** launchd's clock is one of whole seconds, and reads 0 as for ever. */
const LONGEST_SECONDS = 2 ** 31 - 1;

/** XML 1.0, production Char, without the stand-in for bytes that are no text. */
const NOT_IN_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffc\u{10000}-\u{10ffff}]/u;

/** What is to be run, and what with. */
export interface Agent {
	readonly label: string;
	readonly program: readonly string[];
	readonly environment: Readonly<Record<string, string>>;
	/** Where the program's own messages go; the file is there. */
	readonly messages: string;
}

/**
 * The text of the run's property list.
 *
 * @throws ChoreError STATE_UNUSABLE for a path that XML cannot carry
 */
export function propertyList({ stopping }: RunSpec, { label, program, environment, messages }: Agent): string {
	for (const text of [label, messages, ...program, ...Object.values(environment)]) refuseUnlessXml(text);
	return build({
		Label: label,
		ProgramArguments: [...program],
		EnvironmentVariables: { ...environment },
		WorkingDirectory: "/",
		StandardOutPath: messages,
		StandardErrorPath: messages,
		// Decimal: 077.
		Umask: 0o077,
		RunAtLoad: true,
		// Without it launchd slows a job down.
		ProcessType: "Interactive",
		// Without it launchd kills after 5 s, whatever grace the job was promised.
		ExitTimeOut: Math.min(Math.ceil(stopping.graceMs / 1000) + BEYOND_GRACE_SECONDS, LONGEST_SECONDS),
		// The shim outlives the waiting shell, should that be killed, and with it the job and the truth about it.
		AbandonProcessGroup: true,
		// Without it user/UID, the domain without a graphical login, takes no job.
		LimitLoadToSessionType: ["Aqua", "Background"],
	});
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
