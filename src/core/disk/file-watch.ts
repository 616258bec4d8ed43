/** Calls back when a file or folder changes or is made, and says whether the file system reports all changes. */
import { type FSWatcher, statfsSync, statSync, watch } from "node:fs";
import { dirname } from "node:path";

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

/**
 * Watches a folder that may be made only later, or removed and made again: while it is not there, the deepest folder above
 * it that is. `changed` is called for changes in the folder itself, and when it comes or goes.
 */
export class FolderWatch implements Disposable {
	readonly #folder: string;
	readonly #changed: () => void;
	#watched = "";
	#watch: FileWatch | undefined;
	#isOver = false;

	constructor(folder: string, changed: () => void) {
		this.#folder = folder;
		this.#changed = changed;
		this.#move();
	}

	/** As of FileWatch. */
	get isReliable(): boolean {
		return this.#watch?.isReliable ?? false;
	}

	[Symbol.dispose](): void {
		this.#isOver = true;
		this.#watch?.[Symbol.dispose]();
	}

	/** Goes to the folder, or as near to it as there is one. It may be made in the same moment: hence the second look. */
	#move(): void {
		for (let nearest = nearestFolder(this.#folder); nearest !== this.#watched; nearest = nearestFolder(this.#folder)) {
			this.#watch?.[Symbol.dispose]();
			this.#watched = nearest;
			this.#watch = new FileWatch(nearest, () => this.#look());
		}
	}

	#look(): void {
		if (this.#isOver) return;
		const before = this.#watched;
		this.#move();
		if (before === this.#folder || this.#watched === this.#folder) this.#changed();
	}
}

function nearestFolder(path: string): string {
	for (let folder = path; ; folder = dirname(folder)) if (folder === dirname(folder) || isFolder(folder)) return folder;
}

function isFolder(path: string): boolean {
	try {
		return statSync(path).isDirectory();
	} catch {
		return false; // not there, or not to be seen
	}
}
