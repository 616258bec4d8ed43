/** Waits for facts. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { inspect } from "node:util";

/**
 * The time limit of a test, in milliseconds. Much longer than any test takes, since the machine may be busy or suspended
 * for a while: no test is about speed.
 */
export const HANGS_MS = 300_000;

/** Shorter than the time limit of a test, so that the missing fact is reported before the test is ended. */
const PATIENCE_MS = HANGS_MS / 2;

/** How long it waits between two looks: a tenth of what it has waited, within these bounds. A look may cost much. */
const LEAST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 100;

/** A value in words, for messages. */
const SHOWN = { depth: 5, maxStringLength: 4000, breakLength: 120 };

type Look<T> = () => T | Promise<T>;

/**
 * Waits for a fact.
 *
 * @param what the fact, in words for the error
 * @param look returns the present value; without `wanted`, undefined or false until the fact is true
 * @param wanted the value to wait for, or a condition on it
 * @returns the value that was waited for
 * @throws Error with the fact, and the value that was seen last, when it never comes true
 */
export async function eventually<T>(what: string, look: Look<T | undefined | false>): Promise<T>;
export async function eventually<T>(what: string, look: Look<T>, wanted: NoInfer<T> | ((seen: T) => boolean)): Promise<T>;
export async function eventually<T>(what: string, look: Look<T>, wanted: T | ((seen: T) => boolean) = isSomething): Promise<T> {
	const begunAtMs = performance.now();
	for (;;) {
		const seen = await look();
		if (isPredicate(wanted) ? wanted(seen) : seen === wanted) return seen;
		const waitedMs = performance.now() - begunAtMs;
		if (waitedMs > PATIENCE_MS) throw new Error(`never came true in ${PATIENCE_MS / 1000} s: ${what}; last seen: ${inspect(seen, SHOWN)}`);
		const pauseMs = Math.min(Math.max(waitedMs / 10, LEAST_PAUSE_MS), LONGEST_PAUSE_MS);
		await new Promise((resume) => setTimeout(resume, pauseMs));
	}
}

/** True of a number that is greater. */
export function above(bound: number): (seen: number | undefined) => boolean {
	return (seen) => seen !== undefined && seen > bound;
}

export function isEmpty(seen: readonly unknown[]): boolean {
	return seen.length === 0;
}

function isSomething(seen: unknown): boolean {
	return seen !== undefined && seen !== false;
}

function isPredicate<T>(wanted: T | ((seen: T) => boolean)): wanted is (seen: T) => boolean {
	return typeof wanted === "function";
}

/** Why a test that reads /proc is skipped here, or false. */
export const noProc: string | false = !existsSync("/proc/self/stat") && "needs /proc";

/** Whether a process is there and not a zombie. */
export function isRunning(pid: number): boolean {
	if (noProc) return /^[^Z]/.test(spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim());
	try {
		return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
	} catch {
		return false;
	}
}

/** Signals a process, or a group by its negative number. @returns false if it does not exist any more */
export function kill(pid: number, name: NodeJS.Signals): boolean {
	// 0 and -1 are whole groups of processes, among them this one.
	if (!(Number.isInteger(pid) && Math.abs(pid) > 1)) throw new Error(`${pid} is no process to be signalled`);
	try {
		return process.kill(pid, name);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
		throw error;
	}
}
