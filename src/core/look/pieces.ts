/** Reads large outputs in pieces, so that other work of the process gets a turn in between. */
import { readSync } from "node:fs";
import { setImmediate as letOthersRun } from "node:timers/promises";

export const PIECE_BYTES: number = 256 * 1024;

/** How many pieces are read in a row before the event loop gets a turn. */
const PIECES_IN_A_ROW = 16;

const NEWLINE = 0x0a;

/** Lets the event loop run, if it is its turn after this many pieces. */
export async function takeTurns(pieces: number): Promise<void> {
	if (pieces % PIECES_IN_A_ROW === 0) await letOthersRun();
}

/**
 * Searches a file for newlines from its end backwards.
 *
 * @param isEnough called with the offset of each newline; true ends the search
 * @param mostBytes how much of the end of the file is searched, rounded up to whole pieces
 * @returns the offset from which on the file was searched
 * @throws the system's error
 */
export async function searchNewlines(
	file: number,
	size: number,
	isEnough: (offset: number) => boolean,
	mostBytes: number = size,
): Promise<number> {
	const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, size));
	let position = size;
	for (let pieces = 1; position > 0 && size - position < mostBytes; pieces++) {
		const from = Math.max(0, position - PIECE_BYTES);
		const length = readSync(file, piece, 0, position - from, from); // shorter if the file has become so
		for (let at = length; at > 0; ) {
			at = piece.lastIndexOf(NEWLINE, at - 1);
			if (at === -1) break;
			if (isEnough(from + at)) return from;
		}
		position = from;
		await takeTurns(pieces);
	}
	return position;
}
