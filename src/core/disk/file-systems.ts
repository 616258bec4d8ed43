/** What is known of the file systems of Linux, by the number that statfs(2) tells. Elsewhere nothing is known. */
import { statfsSync } from "node:fs";

interface FileSystem {
	readonly name: string;
	/** local: all changes are made by this kernel, so inotify(7) reports them. remote: other machines make changes, too. other: neither is certain. */
	readonly kind: "local" | "remote" | "other";
}

const KNOWN: ReadonlyMap<number, FileSystem> = new Map(
	(
		[
			[0xef53, "ext4", "local"],
			[0x9123683e, "btrfs", "local"],
			[0x58465342, "xfs", "local"],
			[0xf2f52010, "f2fs", "local"],
			[0x2fc12fc1, "zfs", "local"],
			[0xca451a4e, "bcachefs", "local"],
			[0x01021994, "tmpfs", "local"],
			[0x858458f6, "ramfs", "local"],
			[0x794c7630, "overlay", "local"],
			[0x4d44, "vfat", "other"],
			[0x2011bab0, "exfat", "other"],
			[0x5346544e, "ntfs", "other"],
			[0x65735546, "fuse", "other"],
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
		] as const
	).map(([number, name, kind]) => [number, { name, kind }]),
);

/** @param type of `statfsSync`, which is negative on some systems of 32 bits. @returns undefined for an unknown one */
export function fileSystem(type: number): FileSystem | undefined {
	return process.platform === "linux" ? KNOWN.get(type >>> 0) : undefined;
}

/** Whether a file or folder is certainly on a local disk, which only this kernel reads and writes. */
export function isOnLocalDisk(path: string): boolean {
	try {
		return fileSystem(statfsSync(path).type)?.kind === "local";
	} catch {
		return false;
	}
}

/** Whether the file systems of this name are on other machines. */
export function isRemote(name: string): boolean {
	return [...KNOWN.values()].some((one) => one.name === name && one.kind === "remote");
}
