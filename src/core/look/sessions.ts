/** The sessions of a state folder, followed: those that are there, then each that is made. */
import { Bell } from "../disk/bell.ts";
import { FolderWatch } from "../disk/file-watch.ts";
import { sessionFolders } from "../disk/session.ts";

/** How often the state folder is looked at where the file system does not report all changes. */
const LOOK_EVERY_MS = 10_000;

/** @see Chore.followSessions in chore.ts */
export async function* followSessions(root: string, signal: AbortSignal | undefined): AsyncGenerator<string, void, void> {
	const bell = new Bell();
	const told = new Set<string>();
	signal?.addEventListener("abort", bell.ring);
	using folder = new FolderWatch(root, bell.ring);
	try {
		while (!signal?.aborted) {
			bell.arm();
			// Also those that hold no job yet: a session is told when it is made, not when its first job is written.
			for (const name of sessionFolders(root)) {
				if (told.has(name)) continue;
				told.add(name);
				yield name;
			}
			if (!signal?.aborted) await bell.rung(folder.isReliable ? Number.POSITIVE_INFINITY : LOOK_EVERY_MS);
		}
	} finally {
		signal?.removeEventListener("abort", bell.ring);
	}
}
