/** Runs the command line in this process, for tests with many cases: starting a process takes much longer. */
import { main } from "../../src/cli/program.ts";
import { intercept } from "./intercept.ts";

/** The result of a call. */
export interface Called {
	readonly status: number;
	readonly stdout: string;
	readonly stderr: string;
}

let last: Promise<unknown> = Promise.resolve();

/** As `callEntry`, with another environment and directory. They change for the whole process until the call is over. */
export function callEntryIn(environment: NodeJS.ProcessEnv, directory: string, words: readonly string[]): Promise<Called> {
	const call = async (): Promise<Called> => {
		const own = { environment: { ...process.env }, directory: process.cwd() };
		move(environment, directory);
		try {
			return await callEntry(words);
		} finally {
			move(own.environment, own.directory);
		}
	};
	const called = last.then(call);
	last = called.catch(() => {});
	return called;
}

function move(environment: NodeJS.ProcessEnv, directory: string): void {
	for (const name of Object.keys(process.env)) delete process.env[name];
	for (const [name, value] of Object.entries(environment)) if (value !== undefined) process.env[name] = value;
	process.chdir(directory);
}

/** Runs `chore` with these words, in the environment and directory of this process. Only one call at a time is possible. */
export async function callEntry(words: readonly string[]): Promise<Called> {
	const written: readonly [stdout: Buffer[], stderr: Buffer[]] = [[], []];
	using _ = intercept("writeSync", (original) => {
		const write = (to: number, bytes: Uint8Array, offset = 0): number => {
			if (to !== 1 && to !== 2) return original(to, bytes, offset);
			const rest = Buffer.from(bytes).subarray(offset);
			written[to - 1]?.push(rest);
			return rest.length;
		};
		return write as typeof original;
	});
	const before = process.exitCode;
	process.exitCode = undefined;
	try {
		await main(words);
		const [stdout, stderr] = written.map((parts) => Buffer.concat(parts).toString("utf8"));
		return { status: Number(process.exitCode ?? 0), stdout: stdout ?? "", stderr: stderr ?? "" };
	} finally {
		process.exitCode = before;
	}
}
