/** Clears away what no job needs any more, and what processes left that died at work. */
import { lstatSync, rmdirSync, rmSync } from "node:fs";
import { errnoOf } from "../../../platform/errors.ts";
import { readNames } from "../disk/files.ts";
import { forgetName, holderOf } from "../disk/names.ts";
import { jobFolder, markOf, type Session } from "../disk/session.ts";

/** Nobody is at work on something that was put aside so long ago; and who is all the same finds it gone, and says so. */
const ABANDONED_MS = 60 * 60 * 1000;

/**
 * Deletes what was put aside for more than an hour: jobs that were being made, or deleted.
 * @param isEnough says, between one thing and the next, that there is no more time
 */
export function clearTrash(session: Session, isEnough: () => boolean = () => false, nowMs: number = Date.now()): void {
	for (const name of readNames(session.trash)) {
		if (isEnough()) return;
		const path = `${session.trash}/${name}`;
		const found = lstatSync(path, { throwIfNoEntry: false });
		if (found === undefined || nowMs - Math.max(found.ctimeMs, found.mtimeMs) < ABANDONED_MS) continue;
		quietly(() => rmSync(path, { recursive: true, force: true }));
	}
}

/** Gives up the names whose last holder is gone. Its active mark comes before its name, and goes after its folder is there. */
export function clearNames(session: Session): void {
	for (const name of readNames(session.names)) {
		const holder = holderOf(session, name);
		if (holder === undefined)
			quietly(() => rmdirSync(`${session.names}/${name}`)); // only where it is empty
		else if (!isThere(markOf(session, holder)) && !isThere(jobFolder(session, holder))) forgetName(session, name, holder);
	}
}

function isThere(path: string): boolean {
	return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** What cannot be deleted is in nobody's way. */
function quietly(act: () => void): void {
	try {
		act();
	} catch (error) {
		if (errnoOf(error) === undefined) throw error;
	}
}
