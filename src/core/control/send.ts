/** Writes to the standard input of a running job. */
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { ChoreError, errnoOf } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { hasOpenedInput, isUnreadable, readEvidence, readStoredRun, type StoredRun } from "../disk/store.ts";
import { isIdle, shortId } from "../job.ts";
import { current } from "./reach.ts";

/** How `Chore.send` writes to the standard input of a job. */
export interface SendOptions {
	/** Close the job's standard input after the text. */
	readonly end?: boolean | undefined;
	/** Gives up with TIMED_OUT when the job has read nothing for this many milliseconds. Infinity: never. Default 60,000. */
	readonly timeoutMs?: number | undefined;
	readonly signal?: AbortSignal | undefined;
}

const DEFAULT_TIMEOUT_MS = 60_000;

/** How often to try again while the pipe is full or the job has not opened it yet. */
const LOOK_EVERY_MS = 10;

/** How long a job may take to open its input. Long, since a slow or suspended machine is no reason to give up. */
const BEGIN_MS = 5 * 60_000;

/** @see Chore.send in chore.ts */
export async function send(context: Context, id: string, text: string | Uint8Array, options: SendOptions = {}): Promise<void> {
	const job = await current(context, id);
	const who = `${job.name} (${shortId(id)})`;
	if (isIdle(job))
		throw new ChoreError("JOB_NOT_ACTIVE", `${who} is not active: ${job.state}`, { hint: "only a running job reads its input" });
	const stored = readStoredRun(context.session, id, job.run);
	if (stored === undefined || isUnreadable(stored) || stored.job.stdin !== "fifo") {
		throw new ChoreError("NO_INPUT", `${who} was started without an input that can be sent to`, { hint: "start it with --stdin fifo" });
	}
	const input: Input = { who, stored, timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS, signal: options.signal };
	const data = typeof text === "string" ? Buffer.from(text) : text;
	if (data.length > 0) await writeAll("stdin", data, input);
	if (options.end) await writeAll("control", Buffer.from("\n"), input);
}

/** The input of one run. */
interface Input {
	readonly who: string;
	readonly stored: StoredRun;
	readonly timeoutMs: number;
	readonly signal: AbortSignal | undefined;
}

/** Writes all of `data` to a FIFO of the run. Waits while the pipe is full; never blocks in open(2) or write(2). */
async function writeAll(name: "stdin" | "control", data: Uint8Array, input: Input): Promise<void> {
	const { who, timeoutMs, signal } = input;
	const file = await openWriting(name, input);
	try {
		let takenAtMs = performance.now();
		for (let written = 0; written < data.length; ) {
			try {
				written += writeSync(file, data, written);
				takenAtMs = performance.now();
			} catch (error) {
				if (errnoOf(error) !== "EAGAIN") throw closed(who, error);
				const sent = `${written} of ${data.length} bytes were sent to ${who}`;
				if (signal?.aborted) throw new ChoreError("ABORTED", sent, { cause: signal.reason });
				if (performance.now() - takenAtMs >= timeoutMs) {
					throw new ChoreError("TIMED_OUT", `${sent}, which has read nothing for ${timeoutMs / 1000} s`, {
						hint: "its input is full until it reads on",
					});
				}
				await delay(LOOK_EVERY_MS);
			}
		}
	} finally {
		closeSync(file);
	}
}

/**
 * Opens a FIFO of the run for writing. ENXIO means that no process has it open for reading: a job that is just starting
 * will, so try again; one that closed its input will not.
 *
 * @throws ChoreError NO_INPUT when the job has closed it or is over; TIMED_OUT when it never opened it; ABORTED
 */
async function openWriting(name: "stdin" | "control", { who, stored, signal }: Input): Promise<number> {
	const giveUpAtMs = performance.now() + BEGIN_MS;
	for (;;) {
		// Before the attempt to open: a job that opened its input and closed it again must not be waited for.
		const isClosed = hasOpenedInput(stored.folder) || isOver(stored);
		try {
			return openSync(`${stored.folder}/${name}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
		} catch (error) {
			if (errnoOf(error) !== "ENXIO" || isClosed) throw closed(who, error);
			if (performance.now() >= giveUpAtMs) {
				throw new ChoreError("TIMED_OUT", `${who} did not open its input within ${BEGIN_MS / 60_000} minutes`, {
					hint: "nothing was sent; `chore status` shows whether it has begun",
					cause: error,
				});
			}
			if (signal?.aborted) throw new ChoreError("ABORTED", `nothing was sent to ${who}`, { cause: signal.reason });
			await delay(LOOK_EVERY_MS);
		}
	}
}

function isOver({ job, folder }: StoredRun): boolean {
	return job.restart.policy === "no" && readEvidence(folder).exit !== "blank";
}

function closed(who: string, cause: unknown): ChoreError {
	return new ChoreError("NO_INPUT", `${who} has closed its input`, { hint: "nothing that is sent now would be read", cause });
}

function delay(timeMs: number): Promise<void> {
	return new Promise((resume) => setTimeout(resume, timeMs));
}
