/** Writes to the standard input of a running job. */
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { ChoreError, errnoOf } from "../../platform/errors.ts";
import type { Context } from "./context.ts";
import { hasEnded, shortId } from "./job.ts";
import { runFolder } from "./session.ts";
import { current } from "./stop.ts";
import { isUnreadable, readStoredRun } from "./store.ts";

export interface SendOptions {
	/** Close the job's standard input after the text. */
	readonly end?: boolean | undefined;
	readonly signal?: AbortSignal | undefined;
}

/** How long to wait for room in a full pipe before looking again. */
const FULL_PIPE_MS = 10;

/** @see Chore.send in chore.ts */
export async function send(context: Context, id: string, text: string | Uint8Array, options: SendOptions = {}): Promise<void> {
	const job = await current(context, id);
	const who = `${job.name} (${shortId(id)})`;
	if (hasEnded(job))
		throw new ChoreError("JOB_NOT_ACTIVE", `${who} is not active: ${job.state}`, { hint: "only a running job reads its input" });
	const stored = readStoredRun(context.session, id);
	if (stored === undefined || isUnreadable(stored) || stored.job.stdin !== "fifo") {
		throw new ChoreError("NO_INPUT", `${who} was started without an input that can be sent to`, { hint: "start it with --stdin fifo" });
	}
	const folder = runFolder(context.session, id, job.run);
	const data = typeof text === "string" ? Buffer.from(text) : text;
	if (data.length > 0) await writeAll(`${folder}/stdin`, data, who, options.signal);
	if (options.end) await writeAll(`${folder}/control`, new Uint8Array(0), who, options.signal);
}

/** Opens a FIFO without waiting for a reader and writes all of it, waiting only while the pipe is full. */
async function writeAll(path: string, data: Uint8Array, who: string, signal: AbortSignal | undefined): Promise<void> {
	const file = await openWriting(path, who);
	try {
		for (let written = 0; written < data.length; ) {
			try {
				written += writeSync(file, data, written);
			} catch (error) {
				if (errnoOf(error) !== "EAGAIN") throw closed(who, error);
				if (signal?.aborted)
					throw new ChoreError("ABORTED", `${written} of ${data.length} bytes were sent to ${who}`, { cause: signal.reason });
				await delay(FULL_PIPE_MS);
			}
		}
	} finally {
		closeSync(file);
	}
}

/** ENXIO: nobody reads. That passes for a job that is just starting, and not for one that closed its input. */
async function openWriting(path: string, who: string): Promise<number> {
	for (let tries = 0; ; tries++) {
		try {
			return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
		} catch (error) {
			if (errnoOf(error) !== "ENXIO" || tries >= 50) throw closed(who, error);
			await delay(FULL_PIPE_MS);
		}
	}
}

function closed(who: string, cause: unknown): ChoreError {
	return new ChoreError("NO_INPUT", `${who} has closed its input`, { hint: "nothing that is sent now would be read", cause });
}

function delay(timeMs: number): Promise<void> {
	return new Promise((resume) => setTimeout(resume, timeMs));
}
