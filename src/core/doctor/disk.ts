/** The disk of the state folder: its file system and its free space. */
import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { errnoOf } from "../../../platform/errors.ts";
import { fileSystem, isRemote } from "../disk/file-systems.ts";
import type { Findings } from "./finding.ts";

/** The file system that holds the state. */
export interface Disk {
	/** "ext4", "nfs"; null for a type that is not known here. */
	readonly fileSystem: string | null;
	readonly freeBytes: number;
	/** How many more files can be made; null if the file system does not say. */
	readonly freeFiles: number | null;
}

/** With less free space than this the doctor reports a problem. */
const SCARCE_BYTES = 64 * 1024 * 1024;
const SCARCE_FILES = 100;

/** The disk of a path, or of its nearest folder that exists; undefined if the system does not say. */
export function diskOf(path: string): Disk | undefined {
	try {
		const { type, bavail, bsize, files, ffree } = statfsSync(nearest(path));
		return { fileSystem: fileSystem(type)?.name ?? null, freeBytes: bavail * bsize, freeFiles: files > 0 ? ffree : null };
	} catch {
		return undefined;
	}
}

/** Reports problems of the disk: a network file system, hardly any free space, no permission to write. */
export function checkDisk({ fileSystem: name, freeBytes, freeFiles }: Disk, path: string, findings: Findings): void {
	const elsewhere = "CHORE_HOME chooses another folder";
	if (name !== null && isRemote(name)) {
		const what = `the state is on a network file system (${name}): jobs can be asked after only on the machine where they run`;
		findings.note("disk", what, elsewhere);
	}
	if (name === "tmpfs" || name === "ramfs") {
		findings.note("disk", `the state is in memory (${name}): a reboot forgets it`, elsewhere);
	}
	const scarce = freeBytes < SCARCE_BYTES ? "space" : freeFiles !== null && freeFiles < SCARCE_FILES ? "room for files" : undefined;
	if (scarce !== undefined) {
		const what = `there is hardly any ${scarce} left for the state (${Math.floor(freeBytes / 1024 / 1024)} MiB)`;
		findings.problem("disk", what, `free some (\`chore rm\` forgets ended jobs and their output); ${elsewhere}`);
	}
	const refusal = whyNotWritable(path);
	if (refusal !== undefined) findings.problem("disk", `${path} cannot be written to: ${refusal}`, elsewhere);
}

function whyNotWritable(path: string): string | undefined {
	const place = nearest(path);
	try {
		accessSync(place, constants.W_OK | constants.X_OK);
		return undefined;
	} catch (error) {
		const errno = errnoOf(error);
		return errno === "EROFS"
			? "the file system is read-only"
			: errno === "EACCES"
				? `no permission for ${place}`
				: (errno ?? String(error));
	}
}

/** The path, or the nearest folder above it that exists. */
function nearest(path: string): string {
	return existsSync(path) || dirname(path) === path ? path : nearest(dirname(path));
}
