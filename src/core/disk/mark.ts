/**
 * Active marks: `active/<id>` is there for each job that is not known to have ended. While a start of it is under way it
 * names the process that is at work on that. It is empty once the platform answers for the job, and a lone "{" where the
 * request failed and nobody knows whether the job runs.
 */
import { renameSync } from "node:fs";
import { refuse, removeQuietly, writeEmpty, writeNew } from "./files.ts";
import { creatorMark } from "./place.ts";
import { randomBytes } from "./random.ts";
import { markOf, type Session } from "./session.ts";

/** This process is at work on the job. Whole at once: a mark without a living creator, and without a job, is taken away. */
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

/** Nobody is, but it may be active. */
export function releaseMark(session: Session, id: string): void {
	writeEmpty(markOf(session, id));
}
