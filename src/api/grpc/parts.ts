/**
 * Cuts output into parts for messages. Each message is copied several times on its way, and memory for longer ones would be had
 * from the system each time and given back, which takes three times as long as all the rest. Pure.
 */
import type { LogPiece } from "../../index.ts";

const LONGEST_BYTES = 64 * 1024;

/** What a stream of an operation yields, as messages carry it: a long piece of output in parts, all else as it is. */
export function* partsOf(piece: unknown): Generator<unknown, void, void> {
	if (!isOutput(piece) || piece.bytes.length <= LONGEST_BYTES) return yield piece;
	for (let at = 0; at < piece.bytes.length; at += LONGEST_BYTES)
		yield { ...piece, offset: piece.offset + at, bytes: piece.bytes.subarray(at, at + LONGEST_BYTES) };
}

function isOutput(piece: unknown): piece is LogPiece {
	return typeof piece === "object" && piece !== null && "bytes" in piece && piece.bytes instanceof Uint8Array;
}
