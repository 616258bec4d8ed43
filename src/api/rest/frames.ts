/**
 * Output as frames, `application/vnd.chore.output`: the first of each stream is empty, and says where it is begun; each piece says which stream it is of and where it begins, and the last frame says
 * that it is the last, so that an end is told from a cut connection. A frame is a byte for its kind, four bytes for the length of what
 * follows the head, eight bytes for the offset in the stream, numbers with the highest byte first; and then the bytes. Pure.
 */
import type { LogPiece } from "../../index.ts";

export const FRAMES = "application/vnd.chore.output";

/** The kind of a frame. The first three are streams; `failed` and `ended` are last ones. */
export const FRAME_KINDS = {
	output: 0,
	stdout: 1,
	stderr: 2,
	/** Holds a Problem as JSON. */
	failed: 254,
	/** Of a follow holds the job as it ended, as JSON; else nothing. */
	ended: 255,
} as const;

const HEAD_BYTES = 13;

export function frameOf({ stream, offset, bytes }: LogPiece): Buffer {
	return frame(FRAME_KINDS[stream], offset, bytes);
}

/** @param value what the frame holds as JSON; undefined: nothing */
export function lastFrame(kind: "failed" | "ended", value: unknown): Buffer {
	return frame(FRAME_KINDS[kind], 0, Buffer.from(value === undefined ? "" : JSON.stringify(value)));
}

function frame(kind: number, offset: number, bytes: Uint8Array): Buffer {
	const whole = Buffer.allocUnsafe(HEAD_BYTES + bytes.length);
	whole.writeUInt8(kind, 0);
	whole.writeUInt32BE(bytes.length, 1);
	whole.writeBigUInt64BE(BigInt(offset), 5);
	whole.set(bytes, HEAD_BYTES);
	return whole;
}
