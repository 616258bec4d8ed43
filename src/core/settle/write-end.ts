/** Writes down how a run ended, in this order: the snapshot `end.json`, the event in the ledger, then removes the active mark. */
import { existsSync, rmSync } from "node:fs";
import { isChoreError } from "../../../platform/errors.ts";
import { isAbsence, placeFirst, readText, removeQuietly, removeTree, replaceFile, writeEmpty } from "../disk/files.ts";
import { record, recordEnd } from "../disk/ledger.ts";
import { isListenersJob, wakeListeners } from "../disk/listeners.ts";
import { releaseMark, unmarkScheduled } from "../disk/mark.ts";
import { isCreatorAlive } from "../disk/place.ts";
import { markOf, runFolder, type Session } from "../disk/session.ts";
import { latestRun, readEnd, readStoredRun } from "../disk/store.ts";
import type { Job } from "../job.ts";

/**
 * Writes the end of a run. If several processes do, the first snapshot counts for all. A process that dies before the mark
 * is removed leaves the rest to `finishEnd`. Ignores a full or read-only disk.
 *
 * @returns the job with the end that counts
 */
export function writeEnd(session: Session, judged: Job, { isStartNoted }: { readonly isStartNoted: boolean }): Job {
	let job = judged;
	try {
		if (!isStartNoted) record(session, job, "started", { platform: job.platform });
		job = claimEnd(session, judged);
		tellEnd(session, job);
		clearRemains(session, job);
		unlinkMark(session, job.id, job.run);
	} catch (error) {
		// The end can still be shown; the next command tries to write it again.
		if (!isChoreError(error)) throw error;
	}
	return job;
}

/** Finishes `writeEnd` for a process that died in the middle: the snapshot exists, and so does the active mark. */
export function finishEnd(session: Session, job: Job): void {
	try {
		const mark = readText(markOf(session, job.id));
		if (mark === undefined || isCreatorAlive(mark) || latestRun(session, job.id) > job.run) return;
		tellEnd(session, job);
		clearRemains(session, job);
		unlinkMark(session, job.id, job.run);
	} catch (error) {
		if (!isChoreError(error)) throw error;
	}
}

/**
 * Tells the end in the ledger, unless whoever recorded it has done so (platform/tell.sh): both say the same of one record.
 * @throws ChoreError STATE_FULL, STATE_UNUSABLE
 */
export function tellEnd(session: Session, job: Job): void {
	const told = `${runFolder(session, job.id, job.run)}/told`;
	if (existsSync(told)) return;
	recordEnd(session, job);
	writeEmpty(told);
	if (!isListenersJob(session, job.id)) wakeListeners(session);
}

/**
 * Removes the FIFOs of an input that nothing will read any more: a program that reads all files of a job would wait there for
 * ever. A `send` that comes late finds no FIFO, as after any end. Removes, too, the part of a response that was under way when
 * an HTTP job was ended by a signal.
 */
function clearRemains(session: Session, { id, run }: Job): void {
	for (const name of ["stdin", "control", "body"]) removeQuietly(`${runFolder(session, id, run)}/${name}`);
}

/** Removes an active mark without a job, unless the process that made it is still at work. */
export function dropStaleMark(session: Session, id: string): void {
	const mark = readText(markOf(session, id));
	if (!isCreatorAlive(mark) && readStoredRun(session, id) === undefined) {
		unlinkMark(session, id, 1);
		unmarkScheduled(session, id);
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

/** Removes the active mark of a job that ended with this run, unless a later run exists or is being started. */
function unlinkMark(session: Session, id: string, run: number): void {
	const mark = markOf(session, id);
	try {
		if (latestRun(session, id) > run || isCreatorAlive(readText(mark))) return;
		rmSync(mark);
		// Another start may have begun and finished between the check and the removal.
		if (latestRun(session, id) > run) releaseMark(session, id);
	} catch (error) {
		if (!isAbsence(error) && !isChoreError(error)) return; // read-only state: a mark too many does no harm
	}
}
