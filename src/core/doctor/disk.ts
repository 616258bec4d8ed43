/** The disk that holds the state: what kind of file system it has, and what is free. */
import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { errnoOf } from "../../../platform/errors.ts";
import type { Findings } from "./finding.ts";

export interface Disk {
	/** "ext4", "nfs"; null for one that is not known by its number. */
	readonly fileSystem: string | null;
	readonly freeBytes: number;
	/** How many more files there may be, or null where the file system does not say. */
	readonly freeFiles: number | null;
}

/** Their numbers on Linux (statfs(2)), and whether their files are kept on another machine. */
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

/** Below that, the next job's output may not fit. */
const SCARCE_BYTES = 64 * 1024 * 1024;
const SCARCE_FILES = 100;

/** The disk of a path, or of where it would be made; undefined where that cannot be asked. */
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

/** Tells what should be known of that disk. */
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

/** The path, or the closest folder above it that is there. */
function nearest(path: string): string {
	return existsSync(path) || dirname(path) === path ? path : nearest(dirname(path));
}
