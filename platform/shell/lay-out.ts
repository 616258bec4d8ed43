/** The files of a run that its shim works with, made beforehand: writing them later needs no space. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, constants, openSync, writeSync } from "node:fs";
import type { RunSpec } from "../contract.ts";
import { ChoreError } from "../errors.ts";
import { ALIVE_FIFO } from "./liveness.ts";
import { plainEnvironment } from "./shim.ts";

/** Enough for the first line of the shell's announcement; see the shim on what more is written there. */
const MESSAGE_BYTES = 128;
export const PID_BYTES = 64;

/**
 * Makes them, and hands over the one for the shim's own messages, open.
 *
 * @param use called with all files there but the FIFO, which `made` waits for
 * @throws ChoreError PLATFORM_FAILED with the system's error as cause
 */
export async function withFiles<Result>(
	{ runFolder, limits }: RunSpec,
	use: (message: number, made: Promise<void>) => Promise<Result>,
): Promise<Result> {
	try {
		// Node has no mkfifo(2). While that runs, the rest is prepared. It has no mark: whoever sees the run on disk may ask
		// for a stop, which is not to end this.
		const made = ended(spawn("mkfifo", ["-m", "600", `${runFolder}/${ALIVE_FIFO}`], { stdio: "ignore", env: plainEnvironment() }));
		made.catch(() => {}); // looked at below; laying out the files may fail first
		layOut(`${runFolder}/pid`, PID_BYTES);
		if (limits.timeoutMs !== null) layOut(`${runFolder}/timer`, PID_BYTES);
		const message = layOut(`${runFolder}/message`, MESSAGE_BYTES, "keep open");
		try {
			return await use(message, made);
		} finally {
			closeSync(message);
		}
	} catch (error) {
		if (error instanceof ChoreError) throw error;
		const isFifo = error instanceof Error && error.message.startsWith("mkfifo ");
		throw new ChoreError("PLATFORM_FAILED", `cannot start a process for the job: ${(error as Error).message}`, {
			cause: error,
			...(isFifo ? { hint: "the state folder must be on a local file system that knows FIFOs: see CHORE_HOME" } : {}),
		});
	}
}

/** Makes a file of blanks. */
export function layOut(path: string, bytes: number): void;
export function layOut(path: string, bytes: number, then: "keep open"): number;
export function layOut(path: string, bytes: number, then?: "keep open"): number | undefined {
	const descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
	writeSync(descriptor, `${" ".repeat(bytes - 1)}\n`, 0);
	if (then !== undefined) return descriptor;
	closeSync(descriptor);
	return undefined;
}

/** @throws the spawn error, or an Error for any end but exit code 0 */
export function ended(child: ChildProcess): Promise<void> {
	return new Promise((resolve, reject) => {
		child.once("error", reject);
		child.once("exit", (code, signal) => (code === 0 ? resolve() : reject(new Error(`${child.spawnfile} ended with ${signal ?? code}`))));
	});
}
