/** Small files that another process may be writing at this moment. */
import { readSync } from "node:fs";

/** More than any of them holds. */
const BYTES = 1024;

/** Nobody writes that often: then what was read last has to do. */
const MOST_READINGS = 20;

/** One for all: to make one takes longer than to read. */
const buffer = Buffer.alloc(BYTES);

/**
 * The beginning of an open file, as Latin-1. A read that meets a write may see half of it (read(2) is not atomic on ext4
 * and others): what is read twice alike is whole.
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
