/** The disk of the state folder: its file system and its free space. */
import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { errnoOf } from "../../../platform/errors.ts";
import type { Findings } from "./finding.ts";

export interface Disk {
	/** "ext4", "nfs"; null for a type that is not known here. */
	readonly fileSystem: string | null;
	readonly freeBytes: number;
	/** How many more files can be made; null if the file system does not say. */
	readonly freeFiles: number | null;
}

/** Types of file systems by their number on Linux (statfs(2)), and whether they are network file systems. */
const FILE_SYSTEMS: readonly (readonly [number: number, name: string, isRemote?: "remote"])[] = [
	[0xef53, "ext4"],
	[0x9123683e, "btrfs"],
	[0x58465342, "xfs"],
	[0xf2f52010, "f2fs"],
	[0x2fc12fc1, "zfs"],
	[0x01021994, "tmpfs"],
	[0x858458f6, "ramfs"],
	[0x794c7630, "overlay"],
	[0x4d44, "vfat"],
	[0x2011bab0, "exfat"],
	[0x5346544e, "ntfs"],
	[0x65735546, "fuse"],
	[0x6969, "nfs", "remote"],
	[0x517b, "smb", "remote"],
	[0xfe534d42, "smb2", "remote"],
	[0xff534d42, "cifs", "remote"],
	[0x01021997, "9p", "remote"],
	[0x00c36400, "ceph", "remote"],
	[0x5346414f, "afs", "remote"],
	[0x6b414653, "afs", "remote"],
	[0x73757245, "coda", "remote"],
	[0x0bd00bd0, "lustre", "remote"],
	[0x47504653, "gpfs", "remote"],
	[0x786f4256, "vboxsf", "remote"],
];

/** With less free space than this the doctor reports a problem. */
const SCARCE_BYTES = 64 * 1024 * 1024;
const SCARCE_FILES = 100;

/** The disk of a path, or of its nearest folder that exists; undefined if the system does not say. */
export function diskOf(path: string): Disk | undefined {
	try {
		const { type, bavail, bsize, files, ffree } = statfsSync(nearest(path));
		return { fileSystem: fileSystemName(type) ?? null, freeBytes: bavail * bsize, freeFiles: files > 0 ? ffree : null };
	} catch {
		return undefined;
	}
}

/** The name of a file system by its number. */
function fileSystemName(type: number): string | undefined {
	return process.platform === "linux" ? FILE_SYSTEMS.find(([number]) => number === type)?.[1] : undefined;
}

/** Reports problems of the disk: a network file system, hardly any free space, no permission to write. */
export function checkDisk({ fileSystem, freeBytes, freeFiles }: Disk, path: string, findings: Findings): void {
	const elsewhere = "CHORE_HOME chooses another folder";
	if (FILE_SYSTEMS.some(([, name, remote]) => name === fileSystem && remote === "remote")) {
		const what = `the state is on a network file system (${fileSystem}): jobs can be asked after only on the machine where they run`;
		findings.note("disk", what, elsewhere);
	}
	if (fileSystem === "tmpfs" || fileSystem === "ramfs") {
		findings.note("disk", `the state is in memory (${fileSystem}): a reboot forgets it`, elsewhere);
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
