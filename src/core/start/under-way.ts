/** The sign that a request to start a run is under way: it is there before the request, and ends with it, however that ends. */
import { rmSync, truncateSync } from "node:fs";
import { errnoOf, isChoreError } from "../../../platform/errors.ts";
import { isAbsence, writeNew } from "../disk/files.ts";
import { markOf, type Session } from "../disk/session.ts";
import { readEnd, type StoredRun } from "../disk/store.ts";

/** From here on the platform answers for the job, and the mark says no more than that it may be active. */
export function finishStart(session: Session, stored: StoredRun): void {
	const mark = markOf(session, stored.job.id);
	try {
		truncateSync(mark);
	} catch (error) {
		// Somebody has settled or removed it already; or, of a later run, taken its mark for that of the run before.
		if (isAbsence(error) && stored.run.run > 1) restoreMark(session, stored, mark);
	}
	if (stored.run.run > 1) rmSync(`${stored.folder}/starting`, { force: true });
}

/**
 * The request is over, and nobody knows whether the job runs: that this process lives says nothing of it any more. One
 * character is left of its marks: it names nobody, and says to whoever finds an end that the start was not noted.
 */
export function abandonStart(session: Session, { job, run, folder }: StoredRun): void {
	for (const path of [markOf(session, job.id), ...(run.run > 1 ? [`${folder}/starting`] : [])]) {
		try {
			truncateSync(path, 1);
		} catch (error) {
			if (errnoOf(error) === undefined) throw error; // settled or removed by others; a mark that stays means nothing after a while
		}
	}
}

function restoreMark(session: Session, { job, run }: StoredRun, mark: string): void {
	try {
		writeNew(mark, "");
		if (readEnd(session, job.id, run.run) !== undefined) rmSync(mark, { force: true });
	} catch (error) {
		if (!isChoreError(error)) throw error; // another did, or the disk is full: it is found by its own files
	}
}
