/** Random bytes for ids and for names of temporary files. Not for secrets. */
import * as crypto from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";

/** Reads random(4), since to load Node's crypto takes milliseconds, more than to write the files of a job. */
export function randomBytes(count: number): Buffer {
	const bytes = Buffer.alloc(count);
	let device: number;
	try {
		device = openSync("/dev/urandom", "r");
	} catch {
		return crypto.randomBytes(count); // after chroot(2) to a folder without devices
	}
	try {
		return readSync(device, bytes) === count ? bytes : crypto.randomBytes(count);
	} finally {
		closeSync(device);
	}
}
