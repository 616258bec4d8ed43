/** Reports schedules that do not fire, or will not. Changes nothing. */
import { statSync } from "node:fs";
import { homedir } from "node:os";
import type { Handle, Platform } from "../../../platform/contract.ts";
import { isChoreError } from "../../../platform/errors.ts";
import { type Session, scheduledIds } from "../disk/session.ts";
import { isUnreadable, readStoredRun } from "../disk/store.ts";
import { shortId } from "../job.ts";
import { armingOf } from "../settle/arming.ts";
import { overdueMs, readSchedule, type ScheduleRecord } from "../settle/scheduled.ts";
import { rfc3339 } from "../settle/snapshot.ts";
import { type Askable, nameOf } from "./ask-after.ts";
import type { Findings } from "./finding.ts";
import { ANSWER_MS, within } from "./within.ts";

interface Found {
	readonly id: string;
	/** As messages call the job. */
	readonly name: string;
	readonly record: ScheduleRecord;
}

/** One that its platform wakes. */
type Woken = Found & { readonly record: { readonly handle: Handle } };

export async function checkSchedules(session: Session, askable: Askable, findings: Findings): Promise<void> {
	const all = scheduledIds(session).flatMap((id) => readable(session, id, findings));
	for (const { id, name } of all.filter(({ id }) => armingOf(session, id) === "interrupted"))
		findings.problem("schedule", `chore was interrupted as it armed the schedule of ${name}`, findings.command(`schedule ${shortId(id)}`));
	const armed = all.filter(({ id }) => armingOf(session, id) === "done");
	const woken = armed.filter((one): one is Woken => one.record.handle !== null);
	for (const platform of new Set(woken.map(({ record }) => record.handle.platform))) {
		const those = woken.filter(({ record }) => record.handle.platform === platform);
		await askPlatform(session, platform, those, askable, findings);
	}
	for (const { id, name, record } of armed) {
		const dueMs = await overdueMs(session, id, record);
		if (dueMs === undefined) continue;
		const cure = record.handle === null ? findings.command("tick") : anew(findings, id, record);
		findings.problem("schedule", `the schedule of ${name} was to fire at ${rfc3339(dueMs)}, and has not`, cure);
	}
	if (all.length > 0 && isOnAnotherDisk(session.root)) {
		const what = "the state is on another file system than the home folder: where that is mounted late, no schedule is found at the start";
		findings.note("disk", what, "CHORE_HOME chooses another folder");
	}
}

/** The schedule of a job, if it can be read. One that cannot is reported. */
function readable(session: Session, id: string, findings: Findings): readonly Found[] {
	const record = readSchedule(session, id);
	if (record === undefined) return [];
	if (!isUnreadable(record)) {
		const stored = readStoredRun(session, id);
		return [{ id, record, name: stored === undefined || isUnreadable(stored) ? `job ${shortId(id)}` : nameOf(stored) }];
	}
	const what = `the schedule of job ${shortId(id)} cannot be read: ${record.file}: ${record.why}`;
	if (record.newer) findings.note("unreadable", what, "use that version for it");
	else findings.problem("unreadable", what, findings.command(`rm -f ${id}`));
	return [];
}

/** Reports what the platform says of its schedules. One that does not answer is reported with the platforms. */
async function askPlatform(
	session: Session,
	name: string,
	all: readonly Woken[],
	{ platforms, silent }: Askable,
	findings: Findings,
): Promise<void> {
	if (silent.has(name)) return;
	try {
		const platform = await platforms.get(name);
		const [faults = [], fate] = await within(ANSWER_MS, `the platform ${name}`, question(platform, all));
		for (const [index, { id, name: job, record }] of all.entries()) {
			const fault = faults[index];
			// It may have been changed or removed since its files were read.
			const now = readSchedule(session, id);
			if (fault === undefined || now === undefined || isUnreadable(now) || now.revision !== record.revision) continue;
			findings.problem("schedule", `the schedule of ${job} is dead: ${fault}`, anew(findings, id, record));
		}
		if (fate === undefined || fate.survives) return;
		const which = all.length === 1 ? `the schedule of ${all[0]?.name} fires` : `${all.length} schedules fire`;
		findings.note("schedule", `${which} only while you are logged in: ${fate.reason}`, fate.cure);
	} catch (error) {
		if (!isChoreError(error)) throw error;
		findings.problem("unreachable", `schedules are on ${name}, which cannot be asked: ${error.message}`, null);
	}
}

/** To set what is set already makes what wakes the job anew. */
function anew(findings: Findings, id: string, { schedule }: ScheduleRecord): string {
	return findings.command(`trigger set ${shortId(id)} --missed ${schedule.missed}`);
}

/** What becomes of jobs at logout does not matter here: cron wakes them without a login as well. */
function question({ schedules }: Platform, all: readonly Woken[]) {
	return Promise.all([schedules?.faults?.(all.map(({ record }) => record.handle)), schedules?.logout?.()]);
}

function isOnAnotherDisk(root: string): boolean {
	const [state, home] = [root, homedir()].map((path) => statSync(path, { throwIfNoEntry: false })?.dev);
	return state !== undefined && home !== undefined && state !== home;
}
