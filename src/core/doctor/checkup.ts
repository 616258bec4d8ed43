/** Examines the jobs of a session and reports what is wrong. Settles and repairs nothing. */
import { lstatSync, readdirSync } from "node:fs";
import { readNames, readText } from "../disk/files.ts";
import { listenerNames, readListener } from "../disk/listeners.ts";
import { isCreatorAlive } from "../disk/place.ts";
import { activeIds, isId, jobFolder, markOf, type Session } from "../disk/session.ts";
import { isUnreadable, readEnd, readEvidence, readStoredRun, type StoredRun } from "../disk/store.ts";
import { shortId } from "../job.ts";
import { pendingFor } from "../look/cursor.ts";
import { hasRecordedEnd } from "../settle/settle.ts";
import { type Askable, askAfter, nameOf } from "./ask-after.ts";
import type { Findings } from "./finding.ts";
import { findLeftovers } from "./leftovers.ts";
import { checkSchedules } from "./schedules.ts";

/** One session in the report of the doctor. */
export interface SessionReport {
	readonly name: string;
	readonly jobs: number;
	/** Jobs that are not known to have ended. */
	readonly active: number;
	/** The size of all files of its jobs. */
	readonly bytes: number;
}

/** After this many jobs the event loop gets a turn. */
const SLICE = 200;

/** @throws ChoreError STATE_UNUSABLE when the folders of the session cannot be read */
export async function checkSession(session: Session, askable: Askable, findings: Findings): Promise<SessionReport> {
	const marked = new Set(activeIds(session));
	const ids = readNames(session.jobs).filter(isId);
	const live: StoredRun[] = [];
	let bytes = 0;
	for (const [index, id] of ids.entries()) {
		if (index % SLICE === SLICE - 1) await new Promise((resume) => setImmediate(resume));
		bytes += bytesIn(jobFolder(session, id));
		const stored = checkJob(session, id, marked.has(id), findings);
		if (stored !== undefined) live.push(stored);
	}
	await checkSchedules(session, askable, findings);
	checkListeners(session, findings);
	await findLeftovers(session, findings);
	await askAfter(session, live, askable, findings);
	return { name: session.name, jobs: ids.length, active: live.length, bytes };
}

/** Examines the files of one job. @returns its latest run if these do not say how it ended */
function checkJob(session: Session, id: string, isMarked: boolean, findings: Findings): StoredRun | undefined {
	const stored = readStoredRun(session, id);
	if (stored === undefined) return undefined; // removed meanwhile
	if (isUnreadable(stored)) {
		if (stored.newer) findings.note("unreadable", `job ${shortId(id)}: ${stored.why}`, "use that version for it");
		else findings.problem("unreadable", `job ${shortId(id)} cannot be read: ${stored.file}: ${stored.why}`, forget(findings, id));
		return undefined;
	}
	if (stored.run.run === 0) return undefined; // its schedule has not run it yet
	const isAtWork = (): boolean => isCreatorAlive(readText(markOf(session, id)));
	if (readEnd(session, id, stored.run.run) !== undefined) {
		if (isMarked && !isAtWork()) findings.problem("mark", `${nameOf(stored)} is over, but marked as active`, findings.command("ps"));
		return undefined;
	}
	if (hasRecordedEnd(session, id)) return undefined; // ended, and not settled yet
	const { exit } = readEvidence(stored.folder);
	if (exit === "newer" || exit === "corrupt") {
		const what = `${nameOf(stored)}: ${stored.folder}/exit, by which its end would be known, `;
		if (exit === "newer") findings.note("unreadable", `${what}is of a newer version of chore`, "use that version for it");
		else findings.problem("unreadable", `${what}is damaged`, forget(findings, id));
		return undefined;
	}
	return stored;
}

function checkListeners(session: Session, findings: Findings): void {
	for (const name of listenerNames(session)) {
		const listener = readListener(session, name);
		if (listener === undefined || readStoredRun(session, listener.jobId) === undefined) {
			findings.problem("listener", `nothing feeds the listener ${name}: its job is gone`, findings.command(`listen rm ${name}`));
			continue;
		}
		const behind = pendingFor(session, listener);
		const events = behind === 1 ? "one event" : `${behind} events`;
		if (behind > 0) findings.note("listener", `the listener ${name} has not had ${events}`, findings.command(`logs ${name}`));
	}
}

function forget(findings: Findings, id: string): string {
	return findings.command(`rm -f ${id}`);
}

/** The size of all files in a folder. Files that cannot be read do not count. */
function bytesIn(folder: string): number {
	try {
		const entries = readdirSync(folder, { withFileTypes: true });
		return entries.reduce((sum, entry) => sum + (entry.isDirectory() ? bytesIn : sizeOf)(`${folder}/${entry.name}`), 0);
	} catch {
		return 0;
	}
}

function sizeOf(path: string): number {
	return lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
