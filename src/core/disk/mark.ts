/**
 * Active marks: `active/<id>` is there for each job that is not known to have ended. It names the process that is at work
 * on a start of it, and is empty once the platform answers for the job.
 */
import { randomBytes } from "node:crypto";
import { renameSync } from "node:fs";
import { refuse, removeQuietly, writeEmpty, writeNew } from "./files.ts";
import { self } from "./place.ts";
import { markOf, type Session } from "./session.ts";

/** This process is at work on the job. Whole at once: a mark without a living creator, and without a job, is taken away. */
export function claimMark(session: Session, id: string): void {
	const aside = `${session.trash}/mark-${id}.${randomBytes(4).toString("hex")}`;
	writeNew(aside, `${JSON.stringify(self())}\n`);
	try {
		renameSync(aside, markOf(session, id));
	} catch (error) {
		removeQuietly(aside);
		refuse(markOf(session, id), error);
	}
}

/** Nobody is, but it may be active. */
export function releaseMark(session: Session, id: string): void {
	writeEmpty(markOf(session, id));
}
