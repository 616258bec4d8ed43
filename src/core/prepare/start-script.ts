/**
 * The `start` script of a job: all that the user said is in it and nowhere else, so that no platform has to quote it
 * and no other process shows it. Every /bin/sh must read it alike (dash, bash --posix, the ksh family, busybox, yash).
 * It is run with an empty environment, and with the folder of the run as its argument (for more, see the contract); it ends
 * by becoming the program.
 */

import { JOB_VARIABLE, RUN_VARIABLE } from "../../../platform/run-mark.ts";
import type { OutputMode } from "../job.ts";
import type { Environment } from "./environment.ts";
import type { ResourceLimit } from "./resource-limits.ts";

export interface StartOptions {
	readonly jobId: string;
	/** Absolute. */
	readonly program: string;
	readonly arguments: readonly string[];
	readonly directory: string;
	readonly environment: Environment;
	readonly umask: number;
	readonly limits: readonly ResourceLimit[];
	readonly nice: number;
	readonly output: OutputMode;
	/** A file by its absolute path. */
	readonly stdin: "null" | "fifo" | { readonly file: string };
}

/** A name that every shell can export and none sets or changes by itself; the others go by env(1). */
const PORTABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const SHELLS_OWN =
	/^(_|chore_.*|IFS|PPID|UID|EUID|GID|EGID|GROUPS|USERID|OPTIND|OPTARG|OPTERR|RANDOM|SRANDOM|SECONDS|LINENO|PS[1-4]|SHELLOPTS|BASHOPTS|BASH.*|DIRSTACK|FUNCNAME|FUNCNEST|HIST.*|PIPESTATUS|KSH.*|YASH.*|EPOCH.*|COLUMNS|LINES|POSIXLY_CORRECT|TMOUT|LC_.*)$/;

/** The script, as bytes: values need not be UTF-8. */
export function startScript(options: StartOptions): Buffer {
	const { environment } = options;
	const script = new Script();
	script.add("# chore start 1: becomes the job. Its argument is the folder of the run.\n");
	// Whatever the shell itself has to say is not the job's output. What can go wrong here is found by looking again.
	script.add("exec >/dev/null 2>&1\nchore_up=\n");
	script.add("[ -r /proc/uptime ] && read -r chore_up chore_rest </proc/uptime\n");
	script.add('echo "$$ $chore_up" 1<>"$1/started"\n');
	if (options.stdin === "fifo") script.add(KEEPER);
	script.add("chore_run=$1\nshift\n");
	addLimits(script, options.limits);
	script.add("cd ").quote(options.directory).add(" || exit 126\n");
	script.add("set --");
	const byEnv = [...environment].filter(([name]) => !PORTABLE.test(name) || SHELLS_OWN.test(name));
	if (byEnv.length > 0) script.add(" /usr/bin/env --");
	for (const [name, value] of byEnv) script.add(" ").quote(`${name}=`, value);
	// env(1) takes a program with "=" in its path for a variable; behind nice(1) it cannot.
	if (options.nice !== 0 || options.program.includes("=")) script.add(` /usr/bin/nice -n ${options.nice}`);
	for (const word of [options.program, ...options.arguments]) script.add(" ").quote(word);
	script.add("\n");
	script.add(`umask ${options.umask.toString(8).padStart(4, "0")}\n`);
	// ksh93 counts SHLVL when it becomes another program, and crashes where there is none: this one is not exported.
	script.add("unset PWD OLDPWD SHLVL\nSHLVL=1\n");
	for (const [name, value] of environment) {
		if (!PORTABLE.test(name) || SHELLS_OWN.test(name)) continue;
		script
			.add(`export ${name}=`)
			.quote(name === "PWD" ? options.directory : value)
			.add("\n");
	}
	// The script is that of every run: which one this is, the name of its folder tells.
	script.add(`export ${JOB_VARIABLE}=${options.jobId} ${RUN_VARIABLE}="\${chore_run##*/}.${options.jobId}"\n`);
	const level = environment.get("SHLVL");
	// bash counts down when it becomes another program.
	if (typeof level === "string" && /^[0-9]{1,4}$/.test(level)) script.add(`[ "\${BASH_VERSION-}" ] && SHLVL=${Number(level) + 1}\n`);
	script.add('exec "$@"');
	addRedirections(script, options);
	return script.bytes();
}

/**
 * Holds the write end of the stdin FIFO until a line comes by `control`, and no longer than the job. A grandchild, so
 * that the job does not find a child that it did not make; the output of the job is not its own. It holds it before the
 * job opens the other end, and this script does so meanwhile: whoever is the first to send may close it at once. From
 * then on `reader` has the pid of the job, and that nobody reads means that it has closed its input.
 */
const KEEPER = `exec 3<>"$1/stdin" 5<>"$1/control"
echo "$$" 1<>"$1/reader"
( exec 4>"$1/stdin" 3>&-
( trap '' HUP INT QUIT USR1 USR2
read -r chore_word <&5 ) & ) &
wait $!
`;

function addLimits(script: Script, limits: readonly ResourceLimit[]): void {
	// Down before the hard limit is lowered, up after it was raised; one that cannot be had stays as it is.
	script.add('chore_set() { ulimit -S "$1" "$2"; ulimit -H "$1" "$3" && ulimit -S "$1" "$2"; }\n');
	// As far as it can be had: the hard limit is the best there is.
	script.add('chore_best() { chore_set "$@" || ulimit -S "$1" "$(ulimit -H "$1")"; }\n');
	script.add("chore_given=' '\n");
	script.add('while [ "$#" -gt 2 ]; do\nchore_best "$1" "$2" "$3" || { [ "$1" = -u ] && chore_best -p "$2" "$3"; }\n');
	script.add('chore_given="$chore_given$1 "\nshift 3\ndone\n');
	script.add('chore_limit() { case $chore_given in *" $1 "*) return 0 ;; esac; chore_set "$@"; }\n');
	for (const { flags, soft, hard } of limits) {
		script.add(`${flags.map((flag) => `chore_limit ${flag} ${soft} ${hard}`).join(" || ")}\n`);
	}
}

function addRedirections(script: Script, { stdin, output }: StartOptions): void {
	if (stdin === "fifo") script.add(' <"$chore_run/stdin" 3>&- 5>&-');
	else script.add(" <").quote(stdin === "null" ? "/dev/null" : stdin.file);
	if (output === "merged") script.add(' >>"$chore_run/output" 2>&1');
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

	/** One word of the shell, whatever is in it. */
	quote(...values: readonly (string | Buffer)[]): this {
		this.add("'");
		for (const value of values) {
			this.#parts.push(typeof value === "string" ? Buffer.from(value.replaceAll("'", "'\\''")) : escapeBytes(value));
		}
		return this.add("'");
	}

	bytes(): Buffer {
		return Buffer.concat(this.#parts);
	}
}

function escapeBytes(value: Buffer): Buffer {
	return Buffer.from(value.toString("latin1").replaceAll("'", "'\\''"), "latin1");
}
