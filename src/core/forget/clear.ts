/** Deletes what killed commands left behind: files in the trash, and names of jobs that are gone. */
import { rmdirSync, rmSync } from "node:fs";
import { errnoOf } from "../../../platform/errors.ts";
import { readNames } from "../disk/files.ts";
import { forgetName, holderOf } from "../disk/names.ts";
import { entryAt } from "../disk/private-folder.ts";
import { jobFolder, markOf, type Session } from "../disk/session.ts";

/** Files in the trash that are older than this are of no running command. A command that is slower fails with an error. */
const ABANDONED_MS = 60 * 60 * 1000;

/**
 * Deletes jobs from the trash that were being made or deleted more than an hour ago.
 * @param isEnough asked between two deletions; true ends it early
 */
export function clearTrash(session: Session, isEnough: () => boolean = () => false, nowMs: number = Date.now()): void {
	for (const name of readNames(session.trash)) {
		if (isEnough()) return;
		const path = `${session.trash}/${name}`;
		const found = entryAt(path);
		if (found === undefined || nowMs - Math.max(found.ctimeMs, found.mtimeMs) < ABANDONED_MS) continue;
		quietly(() => rmSync(path, { recursive: true, force: true }));
	}
}

/** Frees the names whose holder has neither an active mark nor a folder. A job that is being made has the mark before its name. */
export function clearNames(session: Session): void {
	for (const name of readNames(session.names)) {
		const holder = holderOf(session, name);
		if (holder === undefined)
			quietly(() => rmdirSync(`${session.names}/${name}`)); // fails unless it is empty
		else if (!isThere(markOf(session, holder)) && !isThere(jobFolder(session, holder))) forgetName(session, name, holder);
	}
}

function isThere(path: string): boolean {
	return entryAt(path) !== undefined;
}

/** Ignores system errors: what cannot be deleted does no harm. */
function quietly(act: () => void): void {
	try {
		act();
	} catch (error) {
		if (errnoOf(error) === undefined) throw error;
	}
}
