/** Calls back when a file or folder changes, and says whether the file system reports all changes. */
import { type FSWatcher, statfsSync, watch } from "node:fs";

/**
 * Local file systems of Linux, on which inotify(7) reports every change. Magic numbers of statfs(2): ext2 to ext4, XFS,
 * Btrfs, tmpfs, ramfs, overlayfs, ZFS, F2FS and bcachefs.
 */
const LOCAL: ReadonlySet<number> = new Set([
	0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x858458f6, 0x794c7630, 0x2fc12fc1, 0xf2f52010, 0xca451a4e,
]);

export class FileWatch implements Disposable {
	readonly #watcher: FSWatcher | undefined;
	#isReliable = false;

	/** Begins to watch. Never throws: without the file or a free inotify watch it is not reliable. Keeps the process running. */
	constructor(path: string, changed: () => void) {
		try {
			this.#watcher = watch(path, changed);
			this.#isReliable = LOCAL.has(statfsSync(path).type >>> 0);
		} catch {
			return;
		}
		this.#watcher.on("error", () => {
			this[Symbol.dispose]();
			changed();
		});
	}

	/** Whether every change causes a callback. If false, the caller must also poll. */
	get isReliable(): boolean {
		return this.#isReliable;
	}

	[Symbol.dispose](): void {
		this.#isReliable = false;
		this.#watcher?.close();
	}
}
