/** Tells when a file or folder changes, and whether the system can be relied on to say so. */
import { type FSWatcher, statfsSync, watch } from "node:fs";

/**
 * File systems of Linux on which all changes are made through this kernel, so that inotify(7) sees each of them: the
 * magic numbers of statfs(2) for ext2 to ext4, XFS, Btrfs, tmpfs, ramfs, overlayfs, ZFS, F2FS and bcachefs.
 */
const LOCAL: ReadonlySet<number> = new Set([
	0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x858458f6, 0x794c7630, 0x2fc12fc1, 0xf2f52010, 0xca451a4e,
]);

export class FileWatch implements Disposable {
	readonly #watcher: FSWatcher | undefined;
	#isReliable = false;

	/** Watches where the system can: there may be no such file, or no more inotify watches. Keeps the process from ending. */
	constructor(path: string, changed: () => void) {
		try {
			this.#watcher = watch(path, changed);
			this.#isReliable = LOCAL.has(statfsSync(path).type >>> 0);
		} catch {
			return; // whoever waits looks now and then
		}
		this.#watcher.on("error", () => {
			this[Symbol.dispose]();
			changed();
		});
	}

	/** Whether no change goes by untold. Where it does not hold, whoever waits has to look now and then. */
	get isReliable(): boolean {
		return this.#isReliable;
	}

	[Symbol.dispose](): void {
		this.#isReliable = false;
		this.#watcher?.close();
	}
}
