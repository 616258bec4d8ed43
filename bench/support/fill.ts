/** Big output of a job that is over. */
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";

export const MEBIBYTE = 1 << 20;

/** Writes lines of all lengths up to 200 bytes; no holes. */
export function fill(path: string, mebibytes: number): void {
	const lines: string[] = [];
	for (let length = 0, index = 0; length < MEBIBYTE; index++) {
		const line = `${String(index).padStart(8)} ${"x".repeat((index * 37) % 190)}\n`;
		lines.push(line);
		length += line.length;
	}
	const block = Buffer.from(lines.join("")).subarray(0, MEBIBYTE);
	const file = openSync(path, "w");
	try {
		for (let index = 0; index < mebibytes; index++) writeSync(file, block);
		// Data that is written to the disk later would disturb the first rounds.
		fsyncSync(file);
	} finally {
		closeSync(file);
	}
}
