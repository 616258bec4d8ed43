/** Reads small files that another process may be writing at this moment. */
import { closeSync, constants, openSync, readSync } from "node:fs";

/** How all files of the state are opened: a link at the end of the path is not followed, and opening a FIFO does not block. */
export const READ_FILE: number = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** More than any of these files holds. */
const BYTES = 1024;

/** After so many readings that differ, the last one is used. No writer of these files writes that often. */
const MOST_READINGS = 20;

/** Shared by all reads: allocating a buffer takes longer than reading. */
const buffer = Buffer.alloc(BYTES);

/**
 * The beginning of an open file, as Latin-1. A read during a write may see half of that write (read(2) is not atomic on
 * ext4 and others), so the file is read until two readings are equal.
 *
 * @throws the system's error
 */
export function readSettled(file: number): string {
	let text = readOnce(file);
	for (let readings = 1; readings < MOST_READINGS; readings++) {
		const again = readOnce(file);
		if (again === text) break;
		text = again;
	}
	return text;
}

/** The same by its path. @throws the system's error */
export function readSettledAt(path: string): string {
	const file = openSync(path, READ_FILE);
	try {
		return readSettled(file);
	} finally {
		closeSync(file);
	}
}

function readOnce(file: number): string {
	return buffer.toString("latin1", 0, readSync(file, buffer, 0, BYTES, 0));
}
