/** The text of the shim (shim.sh), its command line and its environment. */
import { constants as system } from "node:os";
import type { RunSpec } from "../contract.ts";
import { signalNumber } from "../exit-record.ts";
import { JOB_VARIABLE, RUN_VARIABLE, runMark } from "../run-mark.ts";
import { TELL_TEXT } from "../tell.ts";
import { text as membersText } from "./members.sh.ts";
import { text as shimText } from "./shim.sh.ts";

/** The functions of members.sh, to be put in front of a shell program that uses them. */
export { membersText };

/** The whole program, as it is installed. */
export const SHIM_TEXT: string = `${membersText}\n${TELL_TEXT}\n${shimText}`;

/**
 * Signals that the shim does not catch. It catches each one that can be caught and would end it, except those that only a
 * fault of its own raises (its handler would return to the fault for ever).
 */
const NOT_CAUGHT: readonly string[] = [
	...["SIGKILL", "SIGSTOP", "SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL"],
	...["SIGCHLD", "SIGCONT", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGWINCH", "SIGINFO"],
];

/** Every shell can count up to this number. More restarts than this count as unlimited. */
const HIGHEST_COUNT = 2 ** 31 - 2;

/** The command line of the shim; see the head of shim.sh. @param shim its path @param leader see leader.ts */
export function shimCommand(run: RunSpec, shell: readonly string[], shim: string, leader: string): readonly string[] {
	const { policy, max, delayMs } = run.restart;
	return [
		...shell,
		shim,
		run.runFolder,
		run.start,
		...stopWords(run),
		...sleepWords(run.limits.timeoutMs),
		survivedSignals(),
		policy,
		max === null || max > HIGHEST_COUNT ? "" : String(max),
		...sleepWords(delayMs === 0 ? null : delayMs),
		leader,
		...shell,
	];
}

/** The words STOP, HANGUP and GRACE of shim.sh. */
export function stopWords({ stopping: { signal, graceMs, hangUp } }: RunSpec): readonly [string, string, string] {
	return [shellWord(signal), hangUp ? "yes" : "no", String(Math.ceil(graceMs / 10))];
}

/** The word SIGNALS of shim.sh: names, since posh knows few signals by number, and numbers for the real-time signals. */
export function survivedSignals(): string {
	const names = Object.keys(system.signals).filter((name) => !NOT_CAUGHT.includes(name));
	// Node does not list the real-time signals. On Linux they are 34 to 64 (signal(7)).
	const realTime = process.platform === "linux" ? Array.from({ length: 31 }, (_, index) => String(34 + index)) : [];
	return [...names.map(shellWord), ...realTime].join(" ");
}

/**
 * The environment of the shim, without its mark. Holds nothing else of the caller's: a job that starts another would pass
 * on its own mark, and some variables change how a shell works. The caller's PATH comes last, for systems that keep
 * sleep(1) and grep(1) elsewhere.
 */
export function plainEnvironment(): { readonly PATH: string; readonly LC_ALL: string } {
	const path = ["/usr/bin:/bin:/usr/sbin:/sbin", process.env["PATH"] ?? ""].filter((part) => part !== "").join(":");
	return { PATH: path, LC_ALL: "C" };
}

/** `plainEnvironment` with the mark of a run. */
export function markedEnvironment(run: RunSpec): NodeJS.ProcessEnv {
	return { ...plainEnvironment(), [JOB_VARIABLE]: run.jobId, [RUN_VARIABLE]: runMark(run) };
}

/** A duration for sleep(1): seconds with a fraction, and rounded up for a sleep(1) that takes no fractions. */
function sleepWords(durationMs: number | null): readonly [string, string] {
	return durationMs === null ? ["", ""] : [(durationMs / 1000).toFixed(3), String(Math.ceil(durationMs / 1000))];
}

function shellWord(signal: string): string {
	return signal in system.signals ? signal.slice("SIG".length) : String(signalNumber(signal));
}
