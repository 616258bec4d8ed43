/** The shim as a program: its text, its words, and what it finds in its environment. */
import { constants as system } from "node:os";
import type { RunSpec } from "../contract.ts";
import { signalNumber } from "../exit-record.ts";
import { JOB_VARIABLE, RUN_VARIABLE, runMark } from "../run-mark.ts";
import { text as membersText } from "./members.sh.ts";
import { text as shimText } from "./shim.sh.ts";

/** The functions that stand in front of a shell program which ends runs. */
export { membersText };

/** The whole text, as it is installed. */
export const SHIM_TEXT: string = `${membersText}\n${shimText}`;

/**
 * What the shim survives: all that can be caught and would end it. Not those that only a fault of its own raises
 * (a handler would return into the fault for ever), and not those that end nothing.
 */
const NOT_CAUGHT: readonly string[] = [
	...["SIGKILL", "SIGSTOP", "SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL"],
	...["SIGCHLD", "SIGCONT", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGWINCH", "SIGINFO"],
];

/** So far every shell counts, and no attempt will ever come. */
const HIGHEST_COUNT = 2 ** 31 - 2;

/** What runs the shim of a run: the shell, the path of the shim, and its words. */
export function shimCommand(run: RunSpec, shell: readonly string[], shim: string): readonly string[] {
	const { policy, max, delayMs } = run.restart;
	return [
		...shell,
		shim,
		run.runFolder,
		`${run.jobFolder}/start`,
		...stopWords(run),
		...sleepWords(run.limits.timeoutMs),
		survivedSignals(),
		policy,
		max === null || max > HIGHEST_COUNT ? "" : String(max),
		...sleepWords(delayMs === 0 ? null : delayMs),
		...shell,
	];
}

/** STOP, HANGUP and GRACE. */
export function stopWords({ stopping: { signal, graceMs, hangUp } }: RunSpec): readonly [string, string, string] {
	return [shellWord(signal), hangUp ? "yes" : "no", String(Math.ceil(graceMs / 10))];
}

/** SIGNALS as the shells know them: by name, or number where there is none. posh takes no number but those of POSIX. */
export function survivedSignals(): string {
	const names = Object.keys(system.signals).filter((name) => !NOT_CAUGHT.includes(name));
	// Node knows no real-time signals. Those of Linux are the same everywhere; two more belong to the C library.
	const realTime = process.platform === "linux" ? Array.from({ length: 31 }, (_, index) => String(34 + index)) : [];
	return [...names.map(shellWord), ...realTime].join(" ");
}

/**
 * All that the shim needs but its mark, and nothing of the caller: the job must not be found by the mark of a job that
 * started it, nor its shim be changed by a variable. The user's PATH comes last: some systems keep sleep(1) and grep(1)
 * elsewhere.
 */
export function plainEnvironment(): { readonly PATH: string; readonly LC_ALL: string } {
	const path = ["/usr/bin:/bin:/usr/sbin:/sbin", process.env["PATH"] ?? ""].filter((part) => part !== "").join(":");
	return { PATH: path, LC_ALL: "C" };
}

/** The same with the mark of a run. */
export function markedEnvironment(run: RunSpec): NodeJS.ProcessEnv {
	return { ...plainEnvironment(), [JOB_VARIABLE]: run.jobId, [RUN_VARIABLE]: runMark(run) };
}

/** As seconds with a fraction, and as whole ones for a sleep(1) that takes no others. */
function sleepWords(durationMs: number | null): readonly [string, string] {
	return durationMs === null ? ["", ""] : [(durationMs / 1000).toFixed(3), String(Math.ceil(durationMs / 1000))];
}

function shellWord(signal: string): string {
	return signal in system.signals ? signal.slice("SIG".length) : String(signalNumber(signal));
}
