/** Takes a zip archive apart (APPNOTE.TXT of PKWARE, without encryption and Zip64): there need not be an unzip(1). */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { inflateRawSync } from "node:zlib";

const END_OF_DIRECTORY = 0x06054b50;

export function unzipTo(zip: Buffer, folder: string): void {
	let end = zip.length - 22;
	while (end >= 0 && zip.readUInt32LE(end) !== END_OF_DIRECTORY) end--;
	if (end < 0) throw new Error("not a zip archive");
	let entry = zip.readUInt32LE(end + 16);
	for (let count = zip.readUInt16LE(end + 10); count > 0; count--) {
		const method = zip.readUInt16LE(entry + 10);
		const size = zip.readUInt32LE(entry + 20);
		const nameLength = zip.readUInt16LE(entry + 28);
		const name = zip.toString("utf8", entry + 46, entry + 46 + nameLength);
		const local = zip.readUInt32LE(entry + 42);
		const begin = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
		const data = zip.subarray(begin, begin + size);
		const path = join(folder, name);
		mkdirSync(dirname(path), { recursive: true });
		if (!name.endsWith("/")) writeFileSync(path, method === 0 ? data : inflateRawSync(data));
		entry += 46 + nameLength + zip.readUInt16LE(entry + 30) + zip.readUInt16LE(entry + 32);
	}
}
