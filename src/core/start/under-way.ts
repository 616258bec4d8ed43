/** After the request to the platform: clears the marks by which other commands see that a process is starting a run. */
import { rmSync, truncateSync } from "node:fs";
import { errnoOf, isChoreError } from "../../../platform/errors.ts";
import { isAbsence, writeNew } from "../disk/files.ts";
import { markOf, type Session } from "../disk/session.ts";
import { readEnd, type StoredRun } from "../disk/store.ts";

/** After a start: the platform knows the run now, and the mark says only that the job may be active. */
export function finishStart(session: Session, stored: StoredRun): void {
	const mark = markOf(session, stored.job.id);
	try {
		truncateSync(mark);
	} catch (error) {
		// Settled or removed already. Or another process took the mark of this later run for that of the run before.
		if (isAbsence(error) && stored.run.run > 1) restoreMark(session, stored, mark);
	}
	if (stored.run.run > 1) rmSync(`${stored.folder}/starting`, { force: true });
}

/**
 * After a request whose outcome is not known: this process does not count as the creator any more. One character of each
 * mark is left. It names no process, and tells `settle` that the start is not in the ledger.
 */
export function abandonStart(session: Session, { job, run, folder }: StoredRun): void {
	for (const path of [markOf(session, job.id), ...(run.run > 1 ? [`${folder}/starting`] : [])]) {
		try {
			truncateSync(path, 1);
		} catch (error) {
			if (errnoOf(error) === undefined) throw error; // settled or removed meanwhile; or it stays, and does not count after a while
		}
	}
}

function restoreMark(session: Session, { job, run }: StoredRun, mark: string): void {
	try {
		writeNew(mark, "");
		if (readEnd(session, job.id, run.run) !== undefined) rmSync(mark, { force: true });
	} catch (error) {
		if (!isChoreError(error)) throw error; // another process did, or the disk is full: the job's files are enough to find it
	}
}
