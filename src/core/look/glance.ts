/**
 * Lists jobs for completion, which must be quick and silent. Reads files only: asks no platform, settles nothing, and skips
 * what it cannot read.
 */
import { readNames } from "../disk/files.ts";
import { holderOf } from "../disk/names.ts";
import { activeIds, isName, type Session } from "../disk/session.ts";
import { isUnreadable, latestRun, readEnd, readStoredRun } from "../disk/store.ts";
import { type Job, shortId } from "../job.ts";
import { hasRecordedEnd } from "../settle/settle.ts";
import { jobIds } from "./resolve.ts";

/** A job by its files alone. */
export interface Glimpse {
	readonly id: string;
	readonly name: string;
	/** Whether no file says that it has ended. */
	readonly active: boolean;
	/** The job as it ended, once that is settled; else null. */
	readonly end: Job | null;
}

/** How many jobs that are not active are listed at most. */
const MOST = 200;

/** @see Chore.glance in chore.ts */
export function glance(session: Session, beginning: string): readonly Glimpse[] {
	const newestFirst = jobIds(session).reverse();
	const present = new Set(newestFirst);
	const active = new Set(activeIds(session).filter((id) => present.has(id)));
	const tails = newestFirst.filter((id) => shortId(id).startsWith(beginning)).slice(0, MOST);
	const wanted = new Set([...newestFirst.filter((id) => active.has(id)), ...tails, ...holders(session, beginning, present)]);
	return [...wanted].flatMap((id) => look(session, id, active.has(id)) ?? []);
}

/** The jobs whose names begin with `beginning`. None for "": then the newest jobs are enough. */
function holders(session: Session, beginning: string, present: ReadonlySet<string>): readonly string[] {
	if (beginning === "") return [];
	return readNames(session.names)
		.filter((name) => name.startsWith(beginning) && isName(name))
		.slice(0, MOST)
		.map((name) => holderOf(session, name))
		.filter((id) => id !== undefined)
		.filter((id) => present.has(id));
}

function look(session: Session, id: string, isMarked: boolean): Glimpse | undefined {
	const end = readEnd(session, id, latestRun(session, id)) ?? null;
	if (end !== null) return isName(end.name) ? { id, name: end.name, active: false, end } : undefined;
	const stored = readStoredRun(session, id);
	if (stored === undefined || isUnreadable(stored) || !isName(stored.job.name)) return undefined;
	return { id, name: stored.job.name, active: isMarked && !hasRecordedEnd(session, id), end };
}
