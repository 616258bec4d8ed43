/**
 * Writes the `start` script of a job. It holds all of the user's text, so that no platform has to quote it and no process
 * list shows it. Every /bin/sh must read it alike (dash, bash --posix, ksh, busybox, yash). The platform runs it, or
 * has a shell read it, with an empty environment and the folder of the run as the argument (see contract.ts); its last command
 * is exec of the program.
 */
import { JOB_VARIABLE, RUN_VARIABLE } from "../../../platform/run-mark.ts";
import { NOT_EXECUTED, outputNames } from "../disk/store.ts";
import { bytesOf } from "../exact-text.ts";
import type { OutputMode } from "../job.ts";
import type { Environment } from "./environment.ts";
import type { ResourceLimit } from "./resource-limits.ts";

export interface StartOptions {
	readonly jobId: string;
	/** An absolute path. */
	readonly program: string;
	readonly arguments: readonly string[];
	/**
	 * The name of a script of chore's own in the job's folder, which gets the run's folder, the program and its arguments. None
	 * for a program that is run itself.
	 */
	readonly script?: string | undefined;
	readonly directory: string;
	readonly environment: Environment;
	readonly umask: number;
	readonly limits: readonly ResourceLimit[];
	readonly nice: number;
	/** The words of a program that becomes another user and then the program behind them; none for a job of the caller's. */
	readonly become: readonly string[];
	readonly output: OutputMode;
	/** Whether the output passes a pipe. */
	readonly relay: boolean;
	/** The signal by which the job is asked to end. */
	readonly stopSignal: NodeJS.Signals;
	/** `file` is an absolute path. */
	readonly stdin: "null" | "fifo" | { readonly file: string };
}

/** Names that every shell can export; but not SHELLS_OWN, which shells set or change themselves. env(1) sets all others. */
const PORTABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const SHELLS_OWN =
	/^(_|chore_.*|IFS|PPID|UID|EUID|GID|EGID|GROUPS|USERID|OPTIND|OPTARG|OPTERR|RANDOM|SRANDOM|SECONDS|LINENO|PS[1-4]|SHELLOPTS|BASHOPTS|BASH.*|DIRSTACK|FUNCNAME|FUNCNEST|HIST.*|PIPESTATUS|KSH.*|YASH.*|EPOCH.*|COLUMNS|LINES|POSIXLY_CORRECT|TMOUT|LC_.*)$/;

/** The script, as bytes, since values need not be UTF-8. */
export function startScript(options: StartOptions): Buffer {
	const { environment } = options;
	const script = new Script();
	script.add("# chore start 1: becomes the job. Its argument is the folder of the run.\n");
	// The shell's own messages must not get into the job's output. Errors here are found afterwards by `startFault`.
	script.add("exec >/dev/null 2>&1\nchore_up=\n");
	script.add("[ -r /proc/uptime ] && read -r chore_up chore_rest </proc/uptime\n");
	// The blank line hides what an attempt before has left there.
	script.add('echo "$$ $chore_up\n" 1<>"$1/started"\n');
	if (options.stdin === "fifo") script.add(KEEPER);
	script.add("chore_run=$1\nshift\n");
	script.add(`chore_failed() { echo "$$ $chore_up\n${NOT_EXECUTED}" 1<>"$chore_run/started"; }\n`);
	if (options.relay) addRelay(script, options);
	addLimits(script, options.limits);
	script.add("cd ").quote(options.directory).add(" || exit 126\n");
	addWords(script, options);
	script.add(`umask ${options.umask.toString(8).padStart(4, "0")}\n`);
	// ksh93 changes SHLVL at exec, and crashes if it is unset. This one is not exported.
	script.add("unset PWD OLDPWD SHLVL\nSHLVL=1\n");
	for (const [name, value] of environment) {
		if (!PORTABLE.test(name) || SHELLS_OWN.test(name)) continue;
		script
			.add(`export ${name}=`)
			.quote(name === "PWD" ? options.directory : value)
			.add("\n");
	}
	// All runs of a job share this script. The name of the run's folder is its number.
	script.add(`export ${JOB_VARIABLE}=${options.jobId} ${RUN_VARIABLE}="\${chore_run##*/}.${options.jobId}"\n`);
	const level = environment.get("SHLVL");
	// bash lowers SHLVL by one at exec.
	if (level !== undefined && /^[0-9]{1,4}$/.test(level)) script.add(`[ "\${BASH_VERSION-}" ] && SHLVL=${Number(level) + 1}\n`);
	// Most shells do this if exec fails, and none if it does not. Its reason is then in the output of the job.
	script.add("trap chore_failed EXIT\n");
	script.add(`${IS_CONDITION} && exec "$@" </dev/null >>"$chore_run/output" 2>&1\n`);
	script.add('exec "$@"');
	addRedirections(script, options);
	return script.bytes();
}

/** The command line of the program, or of the condition of its schedule. */
function addWords(script: Script, options: StartOptions): void {
	script.add("set --");
	const byEnv = [...options.environment].filter(([name]) => !PORTABLE.test(name) || SHELLS_OWN.test(name));
	if (byEnv.length > 0) script.add(" /usr/bin/env --");
	for (const [name, value] of byEnv) script.add(" ").quote(`${name}=${value}`);
	// env(1) would read a path with "=" as a variable, so another program stands in front of it.
	if (options.nice !== 0 || (options.program.includes("=") && options.become.length === 0)) script.add(` /usr/bin/nice -n ${options.nice}`);
	script.add(`\nif ${IS_CONDITION}; then\nset -- "$@"`);
	for (const word of options.become) script.add(" ").quote(word);
	script.add(` /bin/sh -c\n. "$chore_run/${CONDITION}"\nelse\nset -- "$@"`);
	// Not by its path of today: the state folder may be moved.
	if (options.script !== undefined) script.add(` /bin/sh "\${chore_run%/runs/*}/${options.script}" "$chore_run"`);
	// `become` comes last, since what stands before it may need the caller's rights.
	for (const word of [...options.become, options.program, ...options.arguments]) script.add(" ").quote(word);
	script.add("\nfi\n");
}

/** The file in the given folder by which the script becomes a condition and not the job: it adds a line of shell to the command. */
export const CONDITION = "condition";

const IS_CONDITION = `[ -f "$chore_run/${CONDITION}" ]`;

/** The content of that file. */
export function conditionScript(line: string): Buffer {
	return new Script().add('set -- "$@" ').quote(line).add("\n").bytes();
}

/**
 * A process that holds the write end of the stdin FIFO open until `chore send --end` writes a line to `control`, or the job
 * ends. It is a grandchild, since the program does not expect a child that it did not make. The script itself holds both
 * FIFOs open until the program starts, so that a first `send` can already close the input. `reader` gets the pid of the job
 * once its input is open; after that, a FIFO without a reader means that the job has closed its input.
 */
const KEEPER = `exec 3<>"$1/stdin" 5<>"$1/control"
echo "$$" 1<>"$1/reader"
( exec 4>"$1/stdin" 3>&-
( trap '' HUP INT QUIT USR1 USR2
read -r chore_word <&5 ) & ) &
wait $!
`;

/** The signals that end or stop a process and can be ignored. Every shell knows these names. */
const SIGNALS: readonly string[] = ["HUP", "INT", "QUIT", "USR1", "USR2", "ALRM", "TERM", "TSTP", "TTIN", "TTOU", "VTALRM", "PROF"];

/**
 * For each file of the output a cat(1) that copies a pipe into it: a program that opens /dev/stdout or /dev/stderr itself then
 * opens the pipe, which cannot be truncated. It ends at the end of the pipe, after the last writer, and not at a signal: those are
 * ignored before it is made, since the job may be over before it runs. It is a grandchild, since the program does not expect a
 * child that it did not make. The pipe has no name from here on: a program that reads all files of a run would take output away.
 */
function addRelay(script: Script, { output, become, stopSignal }: StartOptions): void {
	const stop = stopSignal.replace(/^SIG/, "");
	// A name that the shell does not know would end it here without `command`.
	const more = SIGNALS.includes(stop) ? "" : `command trap '' ${stop} 2>/dev/null\n`;
	// Another user must be able to open it again.
	const mode = become.length > 0 ? "622" : "600";
	for (const [index, name] of outputNames(output).entries()) {
		script.add(`chore_pipe=$chore_run/${name}.pipe
/usr/bin/env rm -f "$chore_pipe"
/usr/bin/env mkfifo -m ${mode} "$chore_pipe" || { chore_failed; exit 126; }
exec 8<>"$chore_pipe"
exec ${6 + index}>"$chore_pipe" 9<"$chore_pipe" 8>&-
( trap '' ${SIGNALS.join(" ")}
${more}( exec /usr/bin/env cat <&9 >>"$chore_run/${name}" 3>&- 5>&- 6>&- 7>&- 9>&- ) & ) &
wait $!
exec 9<&-
/usr/bin/env rm -f "$chore_pipe"
`);
	}
}

function addLimits(script: Script, limits: readonly ResourceLimit[]): void {
	// The soft limit first, for a lower hard limit; and again, for a higher one. A limit that cannot be set stays as it is.
	script.add('chore_set() { ulimit -S "$1" "$2"; ulimit -H "$1" "$3" && ulimit -S "$1" "$2"; }\n');
	// For the platform's limits: if the value cannot be set, the soft limit becomes the hard limit.
	script.add('chore_best() { chore_set "$@" || ulimit -S "$1" "$(ulimit -H "$1")"; }\n');
	script.add("chore_given=' '\n");
	script.add('while [ "$#" -gt 2 ]; do\nchore_best "$1" "$2" "$3" || { [ "$1" = -u ] && chore_best -p "$2" "$3"; }\n');
	script.add('chore_given="$chore_given$1 "\nshift 3\ndone\n');
	script.add('chore_limit() { case $chore_given in *" $1 "*) return 0 ;; esac; chore_set "$@"; }\n');
	for (const { flags, soft, hard } of limits) {
		script.add(`${flags.map((flag) => `chore_limit ${flag} ${soft} ${hard}`).join(" || ")}\n`);
	}
}

function addRedirections(script: Script, { stdin, output, relay }: StartOptions): void {
	if (stdin === "fifo") script.add(' <"$chore_run/stdin" 3>&- 5>&-');
	else script.add(" <").quote(stdin === "null" ? "/dev/null" : stdin.file);
	if (relay) script.add(output === "merged" ? " >&6 2>&6 6>&-" : " >&6 2>&7 6>&- 7>&-");
	else if (output === "merged") script.add(' >>"$chore_run/output" 2>&1');
	else if (output === "split") script.add(' >>"$chore_run/stdout" 2>>"$chore_run/stderr"');
	else script.add(" >/dev/null 2>&1");
	script.add("\n");
}

class Script {
	readonly #parts: Buffer[] = [];

	add(text: string): this {
		this.#parts.push(Buffer.from(text));
		return this;
	}

	/** Adds one word of the shell, in single quotes. */
	quote(value: string): this {
		this.#parts.push(quoted(value));
		return this;
	}

	bytes(): Buffer {
		return Buffer.concat(this.#parts);
	}
}

/** One word of the shell, in single quotes. */
export function quoted(value: string): Buffer {
	return bytesOf(`'${value.replaceAll("'", "'\\''")}'`);
}
