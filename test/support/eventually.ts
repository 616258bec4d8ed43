/** Facts that come true in their own time. */
import { readFileSync } from "node:fs";

/**
 * A test that takes so long hangs, and has failed. Far beyond what any takes, for machines that have other things to do
 * or stand still for a while: no test is about how fast they are.
 */
export const HANGS_MS = 300_000;

/** However long it takes within reason; a time here is only how often to look. */
const PATIENCE_MS = HANGS_MS / 2;

/** Resolves with the first value that is not undefined or false. @throws Error naming the fact when it never comes true */
export async function eventually<T>(what: string, look: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
	const deadline = performance.now() + PATIENCE_MS;
	for (;;) {
		const value = await look();
		if (value !== undefined && value !== false) return value;
		if (performance.now() > deadline) throw new Error(`never came true: ${what}`);
		await new Promise((resume) => setTimeout(resume, 5));
	}
}

/** Whether a process is there and not a zombie. */
export function isRunning(pid: number): boolean {
	try {
		return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
	} catch {
		return false;
	}
}
