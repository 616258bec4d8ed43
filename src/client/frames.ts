/**
 * Reads output in frames (application/vnd.chore.output): 1 byte kind, 4 bytes length, 8 bytes offset, both the highest byte first,
 * then so many bytes. An empty frame says where a stream is begun. The last frame, of kind 255, holds the ended job as JSON, or
 * nothing; or one of kind 254 the problem for which there is no more. Without it the answer was cut. Pure.
 */
import type { Job, LogPiece, StreamName } from "../index.ts";

export const FRAMES = "application/vnd.chore.output";

const HEAD_BYTES = 13;
const FAILED = 254;
const END = 255;
const STREAMS: readonly StreamName[] = ["output", "stdout", "stderr"];

/** A piece of output, or the end: the job, if it was followed to its end; or the problem for which the server could not go on, as JSON. */
export type Frame = LogPiece | { readonly ended: Job | null } | { readonly failed: unknown };

/** A frame that comes in parts is given in parts, so that nothing is kept. Ends early where the bytes do. */
export async function* readFrames(chunks: AsyncIterable<Buffer>): AsyncGenerator<Frame, void, void> {
	let head = Buffer.alloc(0);
	let kind = 0;
	let left = 0;
	let offset = 0;
	let isHead = true;
	const last: Buffer[] = [];
	for await (const chunk of chunks) {
		for (let at = 0; at < chunk.length; ) {
			if (isHead) {
				const part = chunk.subarray(at, at + HEAD_BYTES - head.length);
				head = Buffer.concat([head, part]);
				at += part.length;
				if (head.length < HEAD_BYTES) continue;
				[kind, left, offset] = [head.readUInt8(0), head.readUInt32BE(1), Number(head.readBigUInt64BE(5))];
				head = Buffer.alloc(0);
				isHead = false;
				const begun = STREAMS[kind];
				if (left === 0 && begun !== undefined) yield { bytes: Buffer.alloc(0), offset, stream: begun };
			}
			const stream = STREAMS[kind];
			const bytes = chunk.subarray(at, at + left);
			at += bytes.length;
			left -= bytes.length;
			if (kind === END || kind === FAILED) last.push(bytes);
			// A later version may have more kinds.
			else if (bytes.length > 0 && stream !== undefined) yield { bytes, offset, stream };
			offset += bytes.length;
			isHead = left === 0;
			if (isHead && (kind === END || kind === FAILED)) {
				const text = Buffer.concat(last).toString();
				const value: unknown = text === "" ? null : JSON.parse(text);
				return yield kind === END ? { ended: value as Job | null } : { failed: value };
			}
		}
	}
}
