/** Makes the files that the shim writes to, at their full size: the shim later needs no disk space. */
import { closeSync, constants, openSync, writeSync } from "node:fs";
import type { RunSpec } from "../contract.ts";
import { ChoreError } from "../errors.ts";
import { makeFifo } from "./fifo.ts";
import { ALIVE_FIFO } from "./liveness.ts";

/** Enough for the line in which the shell reports a signal ("Killed"); see `read_message` in shim.sh. */
export const MESSAGE_BYTES = 128;
export const PID_BYTES = 64;

/**
 * Makes the files of a run, then calls `use`. The file for the shim's messages is closed afterwards.
 *
 * @param use gets the open descriptor of `message`. All files exist by then except the FIFO: await `made` before its use
 * @throws ChoreError PLATFORM_FAILED with the system's error as cause
 */
export async function withFiles<Result>(
	{ runFolder, limits }: RunSpec,
	use: (message: number, made: Promise<void>) => Promise<Result>,
): Promise<Result> {
	try {
		// A program makes it, which runs while the rest is prepared.
		const made = makeFifo(`${runFolder}/${ALIVE_FIFO}`);
		made.catch(() => {}); // `use` awaits it; without this, an error before that would leave a rejection unhandled
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
	let isKept = false;
	try {
		writeSync(descriptor, `${" ".repeat(bytes - 1)}\n`, 0);
		isKept = then !== undefined;
	} finally {
		if (!isKept) closeSync(descriptor);
	}
	return isKept ? descriptor : undefined;
}
