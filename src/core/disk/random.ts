/** Random bytes for ids and for names of temporary files. Not for secrets that are to be kept from other programs of this user. */
import * as crypto from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";

/** The kernel's own, as in random(4): to load Node's crypto for them takes milliseconds, more than a job's files do. */
export function randomBytes(count: number): Buffer {
	const bytes = Buffer.alloc(count);
	let device: number;
	try {
		device = openSync("/dev/urandom", "r");
	} catch {
		return crypto.randomBytes(count); // a root directory without devices
	}
	try {
		return readSync(device, bytes) === count ? bytes : crypto.randomBytes(count);
	} finally {
		closeSync(device);
	}
}
