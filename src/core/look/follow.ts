/**
 * Reads a file that may grow, from a byte or from a number of lines before its end, and follows it if asked to. When the
 * file is truncated, begins again; when it is replaced, reads the old one to its end and then the new one.
 */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { READ_FILE } from "../../../platform/settled-read.ts";
import { Bell } from "../disk/bell.ts";
import { FileWatch } from "../disk/file-watch.ts";
import { isAbsence, notRegular, refuse } from "../disk/files.ts";
import { PIECE_BYTES, searchNewlines, takeTurns } from "./pieces.ts";

export interface FollowOptions {
	/** Begin at this byte. Default 0. */
	readonly fromByte?: number | undefined;
	/** Begin this many lines before the end instead. */
	readonly lines?: number | undefined;
	/** Begin this many bytes before the end instead, also in the middle of a line. */
	readonly tailBytes?: number | undefined;
	/** Follow the file until this settles, then read to its end. Default: read to the present end. */
	readonly until?: Promise<unknown> | undefined;
	/** Give an empty piece first, which says where the file is begun. */
	readonly begins?: boolean | undefined;
	readonly signal?: AbortSignal | undefined;
}

/** A piece of the file and where in it the piece begins. The bytes are valid until the next piece is asked for. */
export interface Piece {
	readonly bytes: Uint8Array;
	readonly offset: number;
}

/** How often the file is looked at when no event comes: on network file systems, or when the file was replaced. */
const LOOK_EVERY_MS = 1000;

/** Yields nothing for a file that does not exist and is not followed. @throws ChoreError for a file that cannot be read */
export async function* follow(path: string, options: FollowOptions = {}): AsyncGenerator<Piece, void, void> {
	let over = options.until === undefined;
	const bell = new Bell();
	const finish = (): void => {
		over = true;
		bell.ring();
	};
	options.until?.then(finish, finish);
	options.signal?.addEventListener("abort", bell.ring);
	let watch: FileWatch | undefined;
	let file: number | undefined;
	/** The file that has replaced the one that is being read. */
	let incoming: number | undefined;
	try {
		if (!over) watch = new FileWatch(path, bell.ring);
		file = openReading(path);
		let position = file === undefined ? 0 : await beginning(path, file, options);
		const buffer = Buffer.allocUnsafe(PIECE_BYTES);
		if (options.begins) yield { bytes: buffer.subarray(0, 0), offset: position };
		for (;;) {
			const last = over; // before the read, so that everything written until `until` settled is read
			bell.arm();
			for (let pieces = 1; ; pieces++) {
				if (options.signal?.aborted) return;
				// Synchronous: the bytes are nearly always in memory, and to pass the read to another thread takes longer.
				const length = file === undefined ? 0 : readSome(path, file, buffer, position);
				if (length === 0) break;
				yield { bytes: buffer.subarray(0, length), offset: position };
				position += length;
				await takeTurns(pieces);
			}
			if (options.until === undefined) return;
			if (incoming !== undefined) {
				if (file !== undefined) closeSync(file);
				watch?.[Symbol.dispose]();
				watch = new FileWatch(path, bell.ring);
				file = incoming;
				incoming = undefined;
				position = 0;
				continue;
			}
			const next = successor(path, file, position);
			if (next === "truncated") position = 0;
			// More may have been written to the old file since it was read: read it once more before the new one.
			else if (next !== undefined) incoming = next;
			else if (last) return;
			else await bell.rung(LOOK_EVERY_MS);
		}
	} finally {
		options.signal?.removeEventListener("abort", bell.ring);
		watch?.[Symbol.dispose]();
		for (const open of [file, incoming]) if (open !== undefined) closeSync(open);
	}
}

async function beginning(path: string, file: number, { fromByte, lines, tailBytes }: FollowOptions): Promise<number> {
	if (lines !== undefined) return lastLines(path, file, lines);
	if (tailBytes !== undefined) return Math.max(0, fstatSync(file).size - tailBytes);
	return fromByte ?? 0;
}

/** The offset at which the last `lines` lines begin. A last line without a newline counts. */
async function lastLines(path: string, file: number, lines: number): Promise<number> {
	const { size } = fstatSync(file);
	if (lines <= 0) return size;
	let [beginning, missing] = [0, lines];
	try {
		await searchNewlines(file, size, (offset) => {
			if (offset === size - 1) return false; // it ends the last line, and begins none
			missing--;
			if (missing === 0) beginning = offset + 1;
			return missing === 0;
		});
	} catch (error) {
		return refuse(path, error);
	}
	return beginning;
}

/** The file at the path if it is another one; "truncated" if it became shorter than `position`; else undefined. */
function successor(path: string, file: number | undefined, position: number): number | "truncated" | undefined {
	const now = openReading(path);
	if (now === undefined || file === undefined) return now;
	const [old, fresh] = [fstatSync(file), fstatSync(now)];
	if (old.ino !== fresh.ino || old.dev !== fresh.dev) return now;
	closeSync(now);
	return fresh.size < position ? "truncated" : undefined;
}

function openReading(path: string): number | undefined {
	let file: number | undefined;
	try {
		file = openSync(path, READ_FILE);
		if (fstatSync(file).isFile()) return file;
		throw notRegular();
	} catch (error) {
		if (file !== undefined) closeSync(file);
		if (isAbsence(error)) return undefined;
		return refuse(path, error);
	}
}

function readSome(path: string, file: number, buffer: Buffer, position: number): number {
	try {
		return readSync(file, buffer, 0, buffer.length, position);
	} catch (error) {
		return refuse(path, error);
	}
}
