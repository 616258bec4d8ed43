/** Tells of changes in some folders, within half a second even where the system does not report them. */
import { type FSWatcher, lstatSync, readdirSync, watch } from "node:fs";

/** How often the folders are looked at besides. */
const LOOK_MS = 500;
/** A change so soon after another can leave the times of a folder as they are. */
const SETTLED_MS = 50;

export class FoldersWatch implements Disposable {
	readonly #folders: readonly string[];
	readonly #changed: () => void;
	readonly #watchers = new Map<string, { readonly inode: number; readonly watcher: FSWatcher }>();
	readonly #timer: NodeJS.Timeout;
	#seen: string;
	#seenFiles: string;

	/** Does not keep the process running. @param changed may be called when nothing was changed, too */
	constructor(folders: readonly string[], changed: () => void) {
		this.#folders = folders;
		this.#changed = changed;
		this.#seen = this.#stamp();
		this.#seenFiles = this.#stampOfFiles();
		this.#watch();
		this.#timer = setInterval(() => this.#lookAtFiles(), LOOK_MS).unref();
	}

	/** Looks at once for files that came or went. Costs a call of the system for each folder. */
	look(): void {
		const stamp = this.#stamp();
		if (stamp === this.#seen) return;
		this.#seen = stamp;
		this.#watch();
		this.#changed();
	}

	[Symbol.dispose](): void {
		clearInterval(this.#timer);
		for (const { watcher } of this.#watchers.values()) watcher.close();
		this.#watchers.clear();
	}

	#lookAtFiles(): void {
		const before = this.#seenFiles;
		this.#seenFiles = this.#stampOfFiles();
		if (this.#seenFiles === before) this.look();
		else this.#changed();
	}

	#stampOfFiles(): string {
		const files = this.#folders.flatMap((folder) => namesIn(folder).map((name) => `${folder}/${name}`));
		return files
			.map((file) => {
				const found = statOf(file);
				return `${file} ${found?.ino} ${found?.ctimeMs} ${found?.size}`;
			})
			.join("\n");
	}

	#stamp(): string {
		return this.#folders
			.map((folder) => {
				const found = statOf(folder);
				if (found === undefined) return "none";
				const isSettled = Math.abs(Date.now() - found.mtimeMs) > SETTLED_MS;
				return `${found.ino} ${found.ctimeMs} ${isSettled ? "" : process.hrtime.bigint()}`;
			})
			.join("\n");
	}

	/** Watches the folders that are there: what changes a file in one changes no time of the folder. */
	#watch(): void {
		for (const folder of this.#folders) {
			const inode = statOf(folder)?.ino ?? 0;
			const before = this.#watchers.get(folder);
			if (before?.inode === inode) continue;
			before?.watcher.close();
			this.#watchers.delete(folder);
			if (inode === 0) continue;
			try {
				const watcher = watch(folder, { persistent: false }, () => this.#changed());
				watcher.on("error", () => watcher.close());
				this.#watchers.set(folder, { inode, watcher });
			} catch {} // it is looked at besides
		}
	}
}

function namesIn(folder: string): readonly string[] {
	try {
		return readdirSync(folder);
	} catch {
		return [];
	}
}

function statOf(path: string) {
	try {
		return lstatSync(path, { throwIfNoEntry: false });
	} catch {
		return undefined;
	}
}
