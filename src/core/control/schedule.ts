/** Pauses and resumes the schedule of a job. What wakes the job goes on, and does nothing meanwhile. */
import { ChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { removeQuietly, removeTree, writeEmpty } from "../disk/files.ts";
import { note } from "../disk/ledger.ts";
import { scheduleFolder } from "../disk/session.ts";
import { type Job, shortId } from "../job.ts";
import { areAllPaused } from "../schedule/schedule.ts";
import { writeLooked } from "../settle/calendar-file.ts";
import { isPaused, pausedFile, queuedFile, readable, readSchedule, writeSchedule } from "../settle/scheduled.ts";
import { current } from "./reach.ts";

/** In the ledger: not the job's processes are meant. */
const SCHEDULE = { reason: "its schedule" };

/** @see Chore.pauseSchedule in chore.ts */
export async function pauseSchedule(context: Context, id: string): Promise<Job> {
	const { session } = context;
	const job = await scheduled(context, id);
	if (isPaused(session, id)) return job;
	writeEmpty(pausedFile(session, id));
	removeQuietly(queuedFile(session, id));
	note(session, job, "paused", SCHEDULE);
	return current(context, id);
}

/** @see Chore.resumeSchedule in chore.ts */
export async function resumeSchedule(context: Context, id: string): Promise<Job> {
	const { session } = context;
	const job = await scheduled(context, id);
	if (!isPaused(session, id)) return job;
	const record = readable(readSchedule(session, id), id);
	const folder = scheduleFolder(session, id);
	const sinceMs = Date.now();
	const { schedule } = record;
	// Triggers that are all paused hold nothing back but the schedule as a whole.
	const triggers = areAllPaused(schedule.triggers) ? schedule.triggers.map(({ paused, ...trigger }) => trigger) : schedule.triggers;
	// Before it fires again: the moments of the pause are not missed.
	const changed = { ...schedule, triggers };
	writeSchedule(folder, { ...record, sinceMs, schedule: changed });
	writeLooked(folder, changed, sinceMs);
	removeTree(pausedFile(session, id));
	note(session, job, "resumed", SCHEDULE);
	return current(context, id);
}

/** The job, if it has a schedule. @throws ChoreError JOB_NOT_ACTIVE */
export async function scheduled(context: Context, id: string): Promise<Job> {
	const job = await current(context, id);
	if (job.schedule !== null) return job;
	throw new ChoreError("JOB_NOT_ACTIVE", `${job.name} (${shortId(id)}) has no schedule`, {
		hint: `give it one: chore set ${shortId(id)} --on-calendar WHEN, or another option that says when`,
	});
}
