/**
 * Active marks: the file `active/<id>` exists for each job that is not known to have ended. While a process is starting the
 * job, the mark names that process. Afterwards it is empty; or a lone "{" if the start failed and the job may run or not.
 */
import { renameSync } from "node:fs";
import { refuse, removeQuietly, writeEmpty, writeNew } from "./files.ts";
import { creatorMark } from "./place.ts";
import { randomBytes } from "./random.ts";
import { markOf, type Session } from "./session.ts";

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
