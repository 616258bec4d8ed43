/**
 * Reads a growing file: from a byte or from so many lines before its end, on to the end or on and on. Survives a file
 * that is truncated (begins again) or replaced (finishes the old one, then takes the new one).
 */

import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { Bell } from "../disk/bell.ts";
import { FileWatch } from "../disk/file-watch.ts";
import { isAbsence, refuse } from "../disk/files.ts";

export interface FollowOptions {
	/** Begin at this byte. Default 0. */
	readonly fromByte?: number | undefined;
	/** Begin so many lines before the end instead. */
	readonly lines?: number | undefined;
	/** Begin so many bytes before the end instead, wherever in a line that is. */
	readonly tailBytes?: number | undefined;
	/** Go on until this says that nothing more will come; without it the end of the file is the end. */
	readonly until?: Promise<unknown> | undefined;
	readonly signal?: AbortSignal | undefined;
}

/** A piece of the file and where in it the piece begins. The bytes are valid until the next piece is asked for. */
export interface Piece {
	readonly bytes: Uint8Array;
	readonly offset: number;
}

const PIECE_BYTES = 256 * 1024;
const BLOCK_BYTES = 64 * 1024;
/** Where no event comes (network file systems, a path at which there is another file): how often it is looked at. */
const LOOK_EVERY_MS = 1000;

/** @returns nothing at all for a file that is not there and not followed */
export async function* follow(path: string, options: FollowOptions = {}): AsyncGenerator<Piece, void, void> {
	let over = options.until === undefined;
	const bell = new Bell();
	const finish = (): void => {
		over = true;
		bell.ring();
	};
	options.until?.then(finish, finish);
	options.signal?.addEventListener("abort", bell.ring);
	let watch = over ? undefined : new FileWatch(path, bell.ring);
	let file = await openReading(path);
	/** The file that is at the path now, until the old one is read to its end. */
	let incoming: FileHandle | undefined;
	try {
		let position = file === undefined ? 0 : await beginning(path, file, options);
		const buffer = Buffer.allocUnsafe(PIECE_BYTES);
		for (;;) {
			const last = over; // seen before the read: what was written before the end is read after it
			bell.arm();
			for (;;) {
				if (options.signal?.aborted) return;
				const length = file === undefined ? 0 : await readSome(path, file, buffer, position);
				if (length === 0) break;
				yield { bytes: buffer.subarray(0, length), offset: position };
				position += length;
			}
			if (options.until === undefined) return;
			if (incoming !== undefined) {
				await file?.close();
				watch?.[Symbol.dispose]();
				watch = new FileWatch(path, bell.ring);
				file = incoming;
				incoming = undefined;
				position = 0;
				continue;
			}
			const next = await successor(path, file, position);
			if (next === "truncated") position = 0;
			// Between the read that found the end of the old one and the look at the path more may have come into it.
			else if (next !== undefined) incoming = next;
			else if (last) return;
			else await bell.rung(LOOK_EVERY_MS);
		}
	} finally {
		options.signal?.removeEventListener("abort", bell.ring);
		watch?.[Symbol.dispose]();
		await file?.close();
		await incoming?.close();
	}
}

async function beginning(path: string, file: FileHandle, { fromByte, lines, tailBytes }: FollowOptions): Promise<number> {
	if (lines !== undefined) return lastLines(path, file, lines);
	if (tailBytes !== undefined) return Math.max(0, (await file.stat()).size - tailBytes);
	return fromByte ?? 0;
}

/** The byte at which the last `lines` lines begin; a last line without its newline counts. */
async function lastLines(path: string, file: FileHandle, lines: number): Promise<number> {
	const { size } = await file.stat();
	if (lines <= 0) return size;
	const block = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, size));
	let missing = lines;
	for (let end = size; end > 0; ) {
		const start = Math.max(0, end - BLOCK_BYTES);
		await readSome(path, file, block.subarray(0, end - start), start);
		for (let index = end - start - 1; index >= 0; index--) {
			// The newline that ends the file ends a line; it does not begin one.
			if (block[index] === 0x0a && start + index !== size - 1 && --missing === 0) return start + index + 1;
		}
		end = start;
	}
	return 0;
}

/** The file that is at the path now, if that is another one or it became shorter than what was read of it. */
async function successor(path: string, file: FileHandle | undefined, position: number): Promise<FileHandle | "truncated" | undefined> {
	const now = await openReading(path);
	if (now === undefined || file === undefined) return now;
	const [old, fresh] = [await file.stat(), await now.stat()];
	if (old.ino !== fresh.ino || old.dev !== fresh.dev) return now;
	await now.close();
	return fresh.size < position ? "truncated" : undefined;
}

async function openReading(path: string): Promise<FileHandle | undefined> {
	try {
		return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
	} catch (error) {
		if (isAbsence(error)) return undefined;
		return refuse(path, error);
	}
}

async function readSome(path: string, file: FileHandle, buffer: Buffer, position: number): Promise<number> {
	try {
		return (await file.read(buffer, 0, buffer.length, position)).bytesRead;
	} catch (error) {
		return refuse(path, error);
	}
}
