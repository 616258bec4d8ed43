/** Times programs and takes medians. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** The median of each measure. All are measured in each round, so that a disturbance of the machine affects all alike. */
export async function inTurns(rounds: number, ...measures: readonly (() => number | Promise<number>)[]): Promise<number[]> {
	const values = measures.map((): number[] => []);
	for (let round = 0; round < rounds; round++) {
		for (const [index, measure] of measures.entries()) values[index]?.push(await measure());
	}
	return values.map(median);
}

export function median(values: readonly number[]): number {
	const sorted = [...values].sort((one, other) => one - other);
	const middle = sorted.length >> 1;
	const [low = Number.NaN, high = Number.NaN] = sorted.length % 2 === 1 ? [sorted[middle], sorted[middle]] : sorted.slice(middle - 1);
	return (low + high) / 2;
}

/** Runs a program to its end. @returns milliseconds, and what it printed. @throws Error when it does not exit with 0 */
export function timed(words: readonly string[], environment: NodeJS.ProcessEnv): { readonly ms: number; readonly output: string } {
	const [program = "", ...rest] = words;
	const began = performance.now();
	const { status, signal, error, stdout, stderr } = spawnSync(program, rest, {
		env: environment,
		stdio: ["ignore", "pipe", "pipe"],
		encoding: "utf8",
		maxBuffer: 1 << 28,
	});
	const ms = performance.now() - began;
	if (status !== 0) {
		const why = /^(chore|[A-Za-z]*Error): .*/m.exec(stderr ?? "")?.[0] ?? "";
		throw new Error(`${error?.message ?? signal ?? `exit ${status}`}: ${why}\n${words.join(" ")}\n${stderr}`);
	}
	return { ms, output: stdout };
}

/** The least that a command written for Node costs. */
export const BARE_NODE: readonly string[] = [process.execPath, "-e", "0"];

/** Resolves once it is so. @throws Error naming the fact after a minute */
export async function until(fact: string, isSo: () => boolean): Promise<void> {
	const deadlineMs = performance.now() + 60_000;
	while (!isSo()) {
		if (performance.now() > deadlineMs) throw new Error(`never came true: ${fact}`);
		await pause(2);
	}
}

export function pause(ms: number): Promise<void> {
	return new Promise((resume) => setTimeout(resume, ms));
}

/** The text of a file; empty where there is none. */
export function textOf(path: string): string {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return "";
	}
}
