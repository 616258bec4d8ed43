/** Reads the output of a job, byte for byte as it was written. */
import { ChoreError, isChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { waitForEnd } from "../control/wait.ts";
import { Bell } from "../disk/bell.ts";
import { isUnreadable, outputPaths, readStoredRun, refuseRun } from "../disk/store.ts";
import { shortId } from "../job.ts";
import { follow, type Piece } from "./follow.ts";

/** A file that holds output: `output` for both streams, else the one of that stream. */
export type StreamName = "output" | "stdout" | "stderr";

/** Which part of its output `Chore.logs` gives. */
export interface LogOptions {
	/** Begin at this byte of the file. Default 0. */
	readonly fromByte?: number | undefined;
	/** Begin this many lines before the end. */
	readonly lines?: number | undefined;
	/** Begin this many bytes before the end, also in the middle of a line. */
	readonly tailBytes?: number | undefined;
	/** Go on until the run has ended and all of its output was given. Fails like `wait` when its end cannot be known. */
	readonly follow?: boolean | undefined;
	/** Give an empty piece of each stream first, which says where it is begun: to go on there later, also if nothing came. */
	readonly begins?: boolean | undefined;
	/** Only one stream of a job with split output. Default: both. */
	readonly stream?: "stdout" | "stderr" | undefined;
	/** The number of the run. Default: the latest. */
	readonly run?: number | undefined;
	/** Ends the iteration without an error. */
	readonly signal?: AbortSignal | undefined;
}

/** A piece of output. The bytes are valid until the next piece is asked for. */
export interface LogPiece extends Piece {
	readonly stream: StreamName;
}

/** @see Chore.logs in chore.ts */
export async function* logs(context: Context, id: string, options: LogOptions = {}): AsyncGenerator<LogPiece, void, void> {
	const stored = readStoredRun(context.session, id, options.run);
	if (stored === undefined) throw new ChoreError("JOB_NOT_FOUND", `there is no job ${id}`);
	if (isUnreadable(stored)) return refuseRun(context.session, stored, options.run);
	const { output, name } = stored.job;
	if (output === "null") {
		throw new ChoreError("NO_OUTPUT", `the output of ${name} (${shortId(id)}) was thrown away`, {
			hint: "it was started with --output null",
		});
	}
	if (options.stream !== undefined && output !== "split") {
		throw new ChoreError("NO_OUTPUT", `the output of ${name} (${shortId(id)}) is one file for stdout and stderr`, {
			hint: "a job started with --output split keeps them apart",
		});
	}
	const names: readonly StreamName[] = output === "merged" ? ["output"] : ["stdout", "stderr"];
	const streams = outputPaths(stored.folder, output)
		.map((path, index) => ({ path, stream: names[index] ?? "output" }))
		.filter(({ stream }) => options.stream === undefined || options.stream === stream);
	const stopped = new AbortController();
	const signal = options.signal === undefined ? stopped.signal : AbortSignal.any([options.signal, stopped.signal]);
	// The number is fixed here: another command may start the next run at any time.
	const until = options.follow ? waitForEnd(context, id, { run: stored.run.run, signal }) : undefined;
	const sources = streams.map(({ path, stream }) => label(follow(path, { ...options, until }), stream));
	try {
		if (sources[0] !== undefined && sources.length === 1) yield* sources[0];
		else yield* merge(sources, () => stopped.abort());
		if (!options.signal?.aborted) await until;
	} catch (error) {
		if (!options.signal?.aborted || !isChoreError(error) || error.code !== "ABORTED") throw error;
	} finally {
		stopped.abort();
	}
}

async function* label(pieces: AsyncGenerator<Piece, void, void>, stream: StreamName): AsyncGenerator<LogPiece, void, void> {
	for await (const { bytes, offset } of pieces) yield { bytes, offset, stream };
}

/**
 * The pieces of several sources, each as soon as it comes.
 *
 * @param stop ends sources that wait for more; called when the reader stops early
 */
export async function* merge<T>(sources: readonly AsyncGenerator<T, void, void>[], stop: () => void): AsyncGenerator<T, void, void> {
	// Not Promise.race: each call adds to what a pending promise keeps, and a stream may be silent for days beside a busy one.
	const arrived: { readonly source: AsyncGenerator<T, void, void>; readonly result: Promise<IteratorResult<T, void>> }[] = [];
	const bell = new Bell();
	const pull = (source: AsyncGenerator<T, void, void>): void => {
		const result = source.next();
		const arrive = (): void => {
			arrived.push({ source, result });
			bell.ring();
		};
		result.then(arrive, arrive);
	};
	for (const source of sources) pull(source);
	try {
		for (let open = sources.length; open > 0; ) {
			bell.arm();
			const next = arrived.shift();
			if (next === undefined) {
				await bell.rung(Number.POSITIVE_INFINITY);
				continue;
			}
			const result = await next.result;
			if (result.done) open--;
			else {
				yield result.value;
				pull(next.source);
			}
		}
	} finally {
		stop();
		await Promise.all(sources.map((source) => source.return()));
	}
}
