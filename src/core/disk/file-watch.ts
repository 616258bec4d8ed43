/** Calls back when a file or folder changes or is made, and says whether the file system reports all changes. */
import { type FSWatcher, statSync, watch } from "node:fs";
import { dirname } from "node:path";
import { isOnLocalDisk } from "./file-systems.ts";

export class FileWatch implements Disposable {
	readonly #watcher: FSWatcher | undefined;
	#isReliable = false;
	#isOver = false;

	/**
	 * Never throws: if the file cannot be watched, `isReliable` is false. Keeps the process running until disposed.
	 *
	 * `changed` is called once libuv has left its own callback. A watch that is closed within that callback is still there when
	 * it returns, and a process that exits with a watch waits some 15 ms until Linux has taken it away.
	 */
	constructor(path: string, changed: () => void) {
		try {
			this.#watcher = watch(path, () => setImmediate(() => this.#isOver || changed()));
			this.#isReliable = isOnLocalDisk(path);
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
		this.#isOver = true;
		this.#watcher?.close();
	}
}

/**
 * Watches a folder that may not exist yet, or may be removed and made again. While it is missing, the nearest existing
 * folder above it is watched. `changed` is called for changes in the folder, and when it is made or removed.
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

	/** @see FileWatch.isReliable */
	get isReliable(): boolean {
		return this.#watch?.isReliable ?? false;
	}

	[Symbol.dispose](): void {
		this.#isOver = true;
		this.#watch?.[Symbol.dispose]();
	}

	/** Watches the folder or the nearest one above. Looks again afterwards, since the folder may have been made meanwhile. */
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
		return false; // missing, or in a folder that cannot be searched
	}
}
