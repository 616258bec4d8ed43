/**
 * Active marks: the file `active/<id>` exists for each job that is not known to have ended. While a process is starting the
 * job, the mark names that process. Afterwards it is empty; or a lone "{" if the start failed and the job may run or not.
 *
 * The empty file `schedules/<id>` exists for each job that is to be run by its schedule. Without it nothing fires.
 */
import { existsSync, renameSync } from "node:fs";
import { refuse, removeQuietly, removeTree, writeEmpty, writeNew } from "./files.ts";
import { creatorMark } from "./place.ts";
import { makePrivateFolder } from "./private-folder.ts";
import { randomBytes } from "./random.ts";
import { markOf, type Session, scheduleMarkOf } from "./session.ts";

/** Marks that this process is starting the job. By a rename: a command that read half a mark would remove it as abandoned. */
export function claimMark(session: Session, id: string): void {
	const aside = `${session.trash}/mark-${id}.${randomBytes(4).toString("hex")}`;
	writeNew(aside, creatorMark());
	try {
		renameSync(aside, markOf(session, id));
	} catch (error) {
		removeQuietly(aside);
		refuse(markOf(session, id), error);
	}
}

/** Marks that no process is starting the job any more. The job still counts as active. */
export function releaseMark(session: Session, id: string): void {
	writeEmpty(markOf(session, id));
}

/** Has the schedule of a job fire from here on. */
export function markScheduled(session: Session, id: string): void {
	makePrivateFolder(session.schedules); // absent in sessions that earlier versions made
	writeEmpty(scheduleMarkOf(session, id));
}

/** The schedule of a job fires no more, even if the platform goes on to wake it. */
export function unmarkScheduled(session: Session, id: string): void {
	removeTree(scheduleMarkOf(session, id));
}

export function isScheduled(session: Session, id: string): boolean {
	return existsSync(scheduleMarkOf(session, id));
}
