/**
 * Takes the job server of make(1) out of the flags that make hands to its children: a job does not inherit the descriptors
 * that the flags name, and a named pipe is removed when make ends. Cargo hands on the same flags. Pure.
 */

const NAMES: ReadonlySet<string> = new Set(["MAKEFLAGS", "MFLAGS", "CARGO_MAKEFLAGS"]);

/** One word of the flags with the blank before it. A blank inside of a word has a backslash before it. */
const JOB_SERVER = /(?:^|(?<!\\) )--jobserver-(?:auth|fds)=(?:\\.|[^\\ ])*/g;

/** Without a number: as many processes as there is work for. make writes it only where a job server bounds them. */
const BOUNDLESS = /(?:^|(?<!\\) )-j(?= |$)/g;

/** Behind this word stand the variables of make's command line. */
const VARIABLES = /(?:^|(?<!\\) )-- .*$/s;

/** The value without the job server, as is if it names none. Undefined if nothing is left. */
export function withoutJobServer(name: string, value: string): string | undefined {
	if (!NAMES.has(name)) return value;
	const variables = VARIABLES.exec(value)?.[0] ?? "";
	const flags = value.slice(0, value.length - variables.length);
	const without = flags.replace(JOB_SERVER, "");
	if (without === flags) return value;
	const kept = `${without.replace(BOUNDLESS, "")}${variables}`;
	return kept.trim() === "" ? undefined : kept;
}
