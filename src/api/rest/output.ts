/** Answers with the output of a job: its bytes as they are, or a part of them, or frames. */

import { runOf } from "../operations/jobs.ts";
import type { Inputs, Streams } from "../operations/messages.ts";
import type { Call } from "../operations/operation.ts";
import { logs, piecesOf } from "../operations/output.ts";
import { problemOf } from "./answer.ts";
import { FRAMES, headOf, lastFrame } from "./frames.ts";
import { accepts, type Exchange } from "./http.ts";
import { pour } from "./pour.ts";
import { type Range, readRange } from "./range.ts";

type Input = Inputs["logs"];

/** @throws ChoreError before anything is sent */
export async function answerOutput(exchange: Exchange, asked: Input, call: Call): Promise<void> {
	const { request, response } = exchange;
	// The job and its run are fixed here: a name may become another job's, and the job may be started again.
	const job = await call.jobs.get(asked.reference);
	const input: Input = { ...asked, reference: job.id, run: runOf(job, asked.run) };
	const size = await sizeOf(input, call);
	const isFramed = accepts(request, FRAMES);
	const isPlain = !isFramed && !input.follow && size !== undefined && input.lines === undefined && input.tailBytes === undefined;
	const range = isPlain ? rangeOf(exchange, input, size) : undefined;
	response.setHeader("Content-Type", isFramed ? FRAMES : "application/octet-stream");
	response.setHeader("Vary", "Accept");
	if (range !== undefined) response.setHeader("Content-Length", range.to - range.from);
	if (request.method === "HEAD") return void response.end();
	response.flushHeaders();
	if (isFramed) return pour(exchange, framesOf(input, call));
	await pour(exchange, range === undefined ? bytesOf(logs.stream(input, call)) : part(input, range, call));
}

/**
 * How many bytes there are; undefined of a job that has two streams, if none of them is chosen.
 * @throws ChoreError as `logs` does for what cannot be read
 */
async function sizeOf({ reference, run, stream }: Input, call: Call): Promise<number | undefined> {
	let size: number | undefined = 0;
	for await (const piece of call.jobs.logs(reference, { run, stream, tailBytes: 1, signal: call.signal })) {
		size = size !== undefined && (stream !== undefined || piece.stream === "output") ? piece.offset + piece.bytes.length : undefined;
	}
	return size;
}

/** Sets the headers that go with it. */
function rangeOf({ request, response }: Exchange, { fromByte }: Input, size: number): Range {
	if (fromByte !== undefined) return { from: Math.min(fromByte, size), to: size };
	response.setHeader("Accept-Ranges", "bytes");
	// With If-Range a client wants to know whether what it has is still part of this. Nobody can say.
	const range = request.headers["if-range"] === undefined ? readRange(request.headers.range, size) : undefined;
	if (range === undefined) return { from: 0, to: size };
	response.statusCode = 206;
	response.setHeader("Content-Range", `bytes ${range.from}-${range.to - 1}/${size}`);
	return range;
}

async function* part(input: Input, { from, to }: Range, call: Call): AsyncGenerator<Uint8Array, void, void> {
	let left = to - from;
	if (left === 0) return;
	for await (const bytes of bytesOf(logs.stream({ ...input, fromByte: from }, call))) {
		yield bytes.subarray(0, left);
		left -= bytes.length;
		if (left <= 0) return;
	}
	if (!call.signal.aborted) throw new Error(`the output became ${left} bytes shorter while it was read`);
}

async function* bytesOf(pieces: AsyncIterable<Streams["logs"]>): AsyncGenerator<Uint8Array, void, void> {
	for await (const piece of pieces) if (!("ended" in piece)) yield piece.bytes;
}

async function* framesOf(input: Input, call: Call): AsyncGenerator<Uint8Array, void, void> {
	let ended: unknown;
	try {
		for await (const piece of piecesOf(input, call, true)) {
			if ("ended" in piece) ended = piece.ended;
			else yield* [headOf(piece), piece.bytes];
		}
	} catch (error) {
		if (call.signal.aborted) return;
		yield lastFrame("failed", problemOf(error));
		return;
	}
	if (!call.signal.aborted) yield lastFrame("ended", ended);
}
