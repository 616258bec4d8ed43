/** Finds the job that a reference means: an exact name, a full id, or a unique end of an id. */
import { existsSync } from "node:fs";
import { closest } from "../../../platform/closest.ts";
import { ChoreError, isChoreError } from "../../../platform/errors.ts";
import { readNames, readText } from "../disk/files.ts";
import { holderOf } from "../disk/names.ts";
import { isId, isName, jobFolder, type Session } from "../disk/session.ts";
import { isUnreadable, readStoredRun } from "../disk/store.ts";

const TAIL = /^[0-9a-f-]{4,35}$/;

/**
 * @returns the id of a job that exists
 * @throws ChoreError JOB_NOT_FOUND with the nearest name as hint; JOB_AMBIGUOUS with the ids
 */
export function resolve(session: Session, reference: string): string {
	const id = byName(session, reference) ?? byId(session, reference) ?? byOldName(session, reference);
	if (id !== undefined) return id;
	const where = `in session ${JSON.stringify(session.name)}`;
	if (isId(reference)) {
		throw new ChoreError("JOB_NOT_FOUND", `there is no job ${reference} ${where}`, {
			hint: "it may have been removed; `chore ps -a` lists the jobs",
		});
	}
	const near = nearest(session, reference);
	throw new ChoreError("JOB_NOT_FOUND", `no job named ${JSON.stringify(reference)} ${where}`, {
		hint: near === undefined ? "`chore ps -a` lists the jobs" : `did you mean "${near}"? \`chore ps -a\` lists the jobs`,
	});
}

/** The id of the job that was made last. @throws ChoreError JOB_NOT_FOUND when there is none */
export function newest(session: Session): string {
	const id = jobIds(session).at(-1);
	if (id === undefined) {
		throw new ChoreError("JOB_NOT_FOUND", `there are no jobs in session ${JSON.stringify(session.name)}`, {
			hint: "`chore run -- COMMAND` starts one",
		});
	}
	return id;
}

/** The ids of all jobs, oldest first. */
export function jobIds(session: Session): string[] {
	return readNames(session.jobs).filter(isId).sort();
}

/** The holder of the name, if that job exists. */
function byName(session: Session, name: string): string | undefined {
	const holder = isName(name) ? holderOf(session, name) : undefined;
	return holder !== undefined && existsSync(jobFolder(session, holder)) ? holder : undefined;
}

/** The newest job of that name when its holder was removed. */
function byOldName(session: Session, name: string): string | undefined {
	if (!isName(name)) return undefined;
	return jobIds(session)
		.reverse()
		.find((id) => isNamed(session, id, name));
}

function isNamed(session: Session, id: string, name: string): boolean {
	let text: string | undefined;
	try {
		text = readText(`${jobFolder(session, id)}/job.json`);
	} catch (error) {
		if (!isChoreError(error)) throw error;
	}
	// Most records do not hold the name. Searching the text is faster than parsing it.
	if (text?.includes(`"${name}"`) !== true) return false;
	const stored = readStoredRun(session, id);
	return stored !== undefined && !isUnreadable(stored) && stored.job.name === name;
}

function byId(session: Session, reference: string): string | undefined {
	const word = reference.toLowerCase();
	if (isId(word)) return existsSync(jobFolder(session, word)) ? word : undefined;
	if (!TAIL.test(word)) return undefined;
	const [first, ...others] = jobIds(session).filter((id) => id.endsWith(word));
	if (others.length === 0) return first;
	throw new ChoreError("JOB_AMBIGUOUS", `"${reference}" is the end of ${others.length + 1} ids`, {
		hint: `use more of one of them: ${[first, ...others].slice(0, 4).join(", ")}${others.length > 3 ? ", …" : ""}`,
	});
}

function nearest(session: Session, reference: string): string | undefined {
	const names = readNames(session.names);
	if (names.length > 2000) return undefined;
	const near = closest(reference, names);
	if (near === undefined) return undefined;
	const holder = holderOf(session, near);
	return holder !== undefined && existsSync(jobFolder(session, holder)) ? near : undefined;
}
