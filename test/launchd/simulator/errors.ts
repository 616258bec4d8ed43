/** The numbers that launchctl exits with, and what it says to each (`launchctl error N`). */
const TEXTS: Readonly<Record<number, string>> = {
	1: "Operation not permitted",
	2: "No such file or directory",
	3: "No such process",
	5: "Input/output error",
	13: "Permission denied",
	17: "File exists",
	22: "Invalid argument",
	36: "Operation now in progress",
	37: "Operation already in progress",
	107: "Malformed bundle",
	108: "Invalid path",
	109: "Invalid property list",
	110: "Invalid or missing service identifier",
	111: "Invalid or missing Program/ProgramArguments",
	112: "Could not find specified domain",
	113: "Could not find specified service",
	119: "Service is disabled",
	122: "Path had bad ownership/permissions",
	124: "Domain is tearing down",
	125: "Domain does not support specified action",
	133: "Multiple errors were returned; see stderr",
	134: "Service cannot load in requested session",
	137: "Service does not support the specified action",
	140: "Service name is reserved or invalid",
	155: "Refusing to execute/trust quarantined program/file",
	161: "Service cannot be launched because of BTM policy",
};

/** What the number means. */
export function textOf(number: number): string {
	return TEXTS[number] ?? `unknown error code (${number})`;
}

/** sysexits(3), which `print` writes behind the codes that it names. */
const EXIT_NAMES: readonly string[] = [
	...["EX_USAGE", "EX_DATAERR", "EX_NOINPUT", "EX_NOUSER", "EX_NOHOST", "EX_UNAVAILABLE", "EX_SOFTWARE", "EX_OSERR"],
	...["EX_OSFILE", "EX_CANTCREAT", "EX_IOERR", "EX_TEMPFAIL", "EX_PROTOCOL", "EX_NOPERM", "EX_CONFIG"],
];

/** An exit code as `print` shows it. */
export function exitCodeWords(code: number): string {
	const name = EXIT_NAMES[code - 64];
	return name === undefined ? String(code) : `${code}: ${name}`;
}

/** strsignal(3) of macOS. */
const SIGNAL_WORDS: Readonly<Record<number, string>> = {
	1: "Hangup",
	2: "Interrupt",
	3: "Quit",
	4: "Illegal instruction",
	5: "Trace/BPT trap",
	6: "Abort trap",
	8: "Floating point exception",
	9: "Killed",
	11: "Segmentation fault",
	13: "Broken pipe",
	14: "Alarm clock",
	15: "Terminated",
};

/** A signal as `print` shows it. */
export function signalWords(number: number): string {
	return `${SIGNAL_WORDS[number] ?? "Unknown signal"}: ${number}`;
}

/** An answer other than success. Its number becomes launchctl's exit code. */
export class Refusal extends Error {
	readonly number: number;

	/** @param message all that goes to stderr, without the last newline */
	constructor(number: number, message: string) {
		super(message);
		this.number = number;
	}
}
