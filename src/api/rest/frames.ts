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

/** What stands before the bytes of a piece. */
export function headOf({ stream, offset, bytes }: LogPiece): Buffer {
	return head(FRAME_KINDS[stream], offset, bytes.length);
}

/** @param value what the frame holds as JSON; undefined: nothing */
export function lastFrame(kind: "failed" | "ended", value: unknown): Buffer {
	const content = Buffer.from(value === undefined ? "" : JSON.stringify(value));
	return Buffer.concat([head(FRAME_KINDS[kind], 0, content.length), content]);
}

function head(kind: number, offset: number, length: number): Buffer {
	const bytes = Buffer.allocUnsafe(HEAD_BYTES);
	bytes.writeUInt8(kind, 0);
	bytes.writeUInt32BE(length, 1);
	bytes.writeBigUInt64BE(BigInt(offset), 5);
	return bytes;
}
