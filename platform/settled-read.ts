/** Reads small files that another process may be writing at this moment. */
import { readSync } from "node:fs";

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

function readOnce(file: number): string {
	return buffer.toString("latin1", 0, readSync(file, buffer, 0, BYTES, 0));
}
