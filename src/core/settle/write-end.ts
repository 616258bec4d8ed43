/** Writes down how a run ended, once, whoever finds it: the snapshot, then the event, then its active mark goes. */
import { rmSync } from "node:fs";
import { isChoreError } from "../../../platform/errors.ts";
import { isAbsence, placeFirst, readText, removeTree, replaceFile } from "../disk/files.ts";
import { record, recordEnd } from "../disk/ledger.ts";
import { releaseMark } from "../disk/mark.ts";
import { isCreatorAlive } from "../disk/place.ts";
import { markOf, runFolder, type Session } from "../disk/session.ts";
import { latestRun, readEnd, readStoredRun } from "../disk/store.ts";
import type { Job } from "../job.ts";

/**
 * The first to put the snapshot in place says how the run ended: whoever judged by other files tells that, too. Dying
 * before the mark is gone leaves the rest to the next who looks.
 *
 * @returns the job as it ended
 */
export function writeEnd(session: Session, judged: Job, { isStartNoted }: { readonly isStartNoted: boolean }): Job {
	let job = judged;
	try {
		if (!isStartNoted) record(session, job, "started", { platform: job.platform });
		job = claimEnd(session, judged);
		recordEnd(session, job);
		unlinkMark(session, job.id, job.run);
	} catch (error) {
		// A full or read-only disk: what is known can still be told, and is written down another time.
		if (!isChoreError(error)) throw error;
	}
	return job;
}

/** What whoever put the snapshot of an end in place had not come to, as the mark tells that is still there. */
export function finishEnd(session: Session, job: Job): void {
	try {
		const mark = readText(markOf(session, job.id));
		if (mark === undefined || isCreatorAlive(mark) || latestRun(session, job.id) > job.run) return;
		recordEnd(session, job);
		unlinkMark(session, job.id, job.run);
	} catch (error) {
		if (!isChoreError(error)) throw error;
	}
}

/** An active mark without a job: its creator is at work on it, or died before the job was there. */
export function dropStaleMark(session: Session, id: string): void {
	const mark = readText(markOf(session, id));
	if (!isCreatorAlive(mark) && readStoredRun(session, id) === undefined) {
		unlinkMark(session, id, 1);
		removeTree(`${session.trash}/new-${id}`);
	}
}

function claimEnd(session: Session, job: Job): Job {
	const path = `${runFolder(session, job.id, job.run)}/end.json`;
	const text = `${JSON.stringify(job)}\n`;
	if (placeFirst(path, text)) return job;
	const claimed = readEnd(session, job.id, job.run);
	if (claimed !== undefined) return claimed;
	replaceFile(path, text); // it is damaged
	return job;
}

/** Takes the mark away of a job that ended with this run, unless the next is being made or was. */
function unlinkMark(session: Session, id: string, run: number): void {
	const mark = markOf(session, id);
	try {
		if (latestRun(session, id) > run || isCreatorAlive(readText(mark))) return;
		rmSync(mark);
		// Somebody may have begun and finished another start between the look and the removal.
		if (latestRun(session, id) > run) releaseMark(session, id);
	} catch (error) {
		if (!isAbsence(error) && !isChoreError(error)) return; // read-only state: the mark costs time, never truth
	}
}
