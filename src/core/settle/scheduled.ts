/** The schedule of a job: its record on disk, what it means at present, and its end. */
import { statSync } from "node:fs";
import { calendarTexts } from "../../../platform/calendar-text.ts";
import type { Handle, Wake } from "../../../platform/contract.ts";
import { ChoreError, isChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { readText, removeQuietly, replaceFile } from "../disk/files.ts";
import { isListenersJob } from "../disk/listeners.ts";
import { unmarkScheduled } from "../disk/mark.ts";
import { isCreatorAlive } from "../disk/place.ts";
import { markOf, type Session, scheduleFolder } from "../disk/session.ts";
import { isObject, isUnreadable, isWord, LATEST_MS, readRecord, refuseUnreadable, type StoredRun, type Unreadable } from "../disk/store.ts";
import { isIdle, type Job, type JobSchedule } from "../job.ts";
import { occasionText } from "../schedule/occasions.ts";
import {
	hasOccasions,
	lateAt,
	missedSlots,
	nextSlot,
	pendingSlot,
	type Schedule,
	type Times,
	type Trigger,
	wakingOf,
} from "../schedule/schedule.ts";
import { finishArming } from "./arming.ts";
import { writeCalendar } from "./calendar-file.ts";
import { freeze, rfc3339, snapshot } from "./snapshot.ts";

/** `schedule/schedule.json`: replaced as a whole. */
export interface ScheduleRecord {
	readonly format: 1;
	/** Counts the changes, from 1. Each has an object of the platform of its own. */
	readonly revision: number;
	/** Earlier moments do not count: it was made, changed or resumed then. */
	readonly sinceMs: number;
	readonly schedule: Schedule;
	/** How many triggers it has ever had: the highest number in their ids. */
	readonly made: number;
	/** What else the platform is told: the programs are those that its files were made for. */
	readonly wake: Pick<Wake, "label" | "description" | "native" | "fire" | "due">;
	/** By which the platform finds what wakes the job; null where only `chore tick` does. */
	readonly handle: Handle | null;
}

const FORMAT = 1;

const FILE = "schedule.json";

/** Writes the record, and its calendar as the program `due` reads it. @param folder of a schedule, which may have a record */
export function writeSchedule(folder: string, record: ScheduleRecord): void {
	writeCalendar(folder, record.schedule);
	replaceFile(`${folder}/${FILE}`, `${JSON.stringify(record)}\n`);
}

export function readSchedule(session: Session, id: string): ScheduleRecord | Unreadable | undefined {
	const path = `${scheduleFolder(session, id)}/${FILE}`;
	return readRecord<ScheduleRecord>(id, path, FORMAT, (value) => {
		const { revision, sinceMs, schedule, made, handle } = value;
		const isSound = [revision, sinceMs, made].every(
			(number) => Number.isSafeInteger(number) && Number(number) > 0 && Number(number) <= LATEST_MS,
		);
		if (!isSound || !isObject(schedule) || !(handle === null || isHandle(handle))) return undefined;
		// Throws for what is no trigger; the caller takes that for damage.
		wakingOf(schedule as unknown as Schedule);
		const { jitterMs, keepRuns, notBeforeMs, notAfterMs } = schedule as unknown as Schedule;
		const areTimes = [jitterMs, keepRuns, notBeforeMs ?? 0, notAfterMs ?? 0].every((number) => number >= 0 && number <= LATEST_MS);
		return areTimes ? (value as unknown as ScheduleRecord) : undefined;
	});
}

function isHandle(value: unknown): boolean {
	return isObject(value) && isWord(value["platform"]) && isObject(value["data"]);
}

/** What was read of a job whose schedule is being changed. @throws ChoreError JOB_UNREADABLE, or JOB_NOT_FOUND when it was removed meanwhile */
export function readable<T extends object>(found: T | Unreadable | undefined, id: string): T {
	if (found === undefined) throw new ChoreError("JOB_NOT_FOUND", `job ${id} was removed while its schedule was changed`);
	return isUnreadable(found) ? refuseUnreadable(found) : found;
}

/** Whether nothing fires until it is resumed. */
export function isPaused(session: Session, id: string): boolean {
	return statSync(pausedFile(session, id), { throwIfNoEntry: false }) !== undefined;
}

export function pausedFile(session: Session, id: string): string {
	return `${scheduleFolder(session, id)}/paused`;
}

/** Is there while a firing waits for the end of a run; see fire.sh in start. */
export function queuedFile(session: Session, id: string): string {
	return `${scheduleFolder(session, id)}/queued`;
}

/** When it fired last, by the seconds that the fire program writes there; null if it never did. */
function lastFiringMs(session: Session, id: string): number | null {
	const seconds = Number.parseInt(readText(`${scheduleFolder(session, id)}/last`) ?? "", 10);
	return seconds > 0 && seconds * 1000 <= LATEST_MS ? seconds * 1000 : null;
}

/** A job that its schedule has not run yet. Once the schedule is over, it never will. */
export function neverRun(session: Session, stored: StoredRun): Job {
	const evidence = { exit: "blank", exitAtMs: 0, started: null, stop: null } as const;
	const job = snapshot(session, stored, evidence, { state: "scheduled", reason: null });
	const mark = markOf(session, stored.job.id);
	if (isCreatorAlive(readText(mark))) return job; // it is being made
	removeQuietly(mark);
	return freeze({ ...job, state: "failed", result: "start-failed", reason: "its schedule is over, and it never ran" });
}

/**
 * The job with what its schedule means at present. A schedule that will never fire again ends here.
 * @param job whose mark of a schedule exists
 */
export async function withSchedule(context: Context, job: Job): Promise<Job> {
	const { session } = context;
	const record = readSchedule(session, job.id);
	if (record === undefined) return isListenersJob(session, job.id) ? asListening(job) : job; // else it is being removed
	if (isUnreadable(record)) {
		const state = isIdle(job) ? "unknown" : job.state;
		return freeze({ ...job, state, reason: `unreadable: ${record.file}: ${record.why}` });
	}
	await finishArming(context, job.id, record);
	const { schedule, mayFire } = await present(context, job, record);
	if (!mayFire && (await endSchedule(context, job.id))) return job;
	return freeze({ ...(isIdle(job) ? betweenRuns(job) : job), schedule });
}

/** A job without an active run that is going to have one. Of one that had none yet there is no end to tell. */
function betweenRuns(job: Job): Job {
	return job.run === 0 ? { ...job, state: "scheduled", result: null, reason: null } : { ...job, state: "scheduled" };
}

/** A job that feeds a listener: between two runs it waits for events. */
function asListening(job: Job): Job {
	return isIdle(job) ? freeze(betweenRuns(job)) : job;
}

/** @returns what is shown, and whether it will ever fire again */
async function present(
	context: Context,
	job: Job,
	{ schedule, sinceMs, handle }: ScheduleRecord,
): Promise<{ readonly schedule: JobSchedule; readonly mayFire: boolean }> {
	const { session } = context;
	const { id } = job;
	const { nextTimes } = await import("../schedule/next-times.ts");
	const nowMs = Date.now();
	const lastMs = lastFiringMs(session, id);
	const paused = isPaused(session, id);
	const queued = statSync(queuedFile(session, id), { throwIfNoEntry: false }) !== undefined;
	const firstMs = Math.max(sinceMs, lastMs ?? 0);
	const slotMs = pendingSlot(schedule, lastMs, firstMs, nowMs, nextTimes);
	const missed = paused ? [] : missedSlots(schedule, lastMs, firstMs, lateAt(schedule, nowMs), nextTimes);
	const nextMs = (handle === null ? undefined : await askedNext(context, handle)) ?? nextSlot(schedule, lastMs, nowMs, nextTimes) ?? null;
	const isDue = (slotMs !== undefined && slotMs <= nowMs) || (queued && isIdle(job));
	const { calendar, guardMs } = wakingOf(schedule);
	return {
		mayFire: paused || queued || nextMs !== null || slotMs !== undefined || hasOccasions(schedule, nowMs),
		schedule: {
			next: nextMs === null ? null : rfc3339(nextMs),
			last: lastMs === null ? null : rfc3339(lastMs),
			paused,
			due: !paused && isDue,
			missed: missed.length,
			missedSince: missed[0] === undefined ? null : rfc3339(missed[0]),
			calendar: calendarTexts(calendar),
			leastIntervalMs: guardMs,
			triggers: schedule.triggers.map((trigger) => {
				const { id, kind, paused = false } = trigger;
				const alone = { ...schedule, triggers: [trigger] };
				const comesMs = schedule.triggers.length === 1 ? nextMs : (nextSlot(alone, lastMs, nowMs, nextTimes) ?? null);
				return { id, kind, text: triggerText(trigger), paused, next: comesMs === null ? null : rfc3339(comesMs) };
			}),
			wake: schedule.wake,
			missedPolicy: schedule.missed,
			when: schedule.when,
			overlap: schedule.overlap,
			queued,
			jitterMs: schedule.jitterMs,
			keepRuns: schedule.keepRuns,
			notBefore: schedule.notBeforeMs === null ? null : rfc3339(schedule.notBeforeMs),
			notAfter: schedule.notAfterMs === null ? null : rfc3339(schedule.notAfterMs),
		},
	};
}

/** The moment that has gone by without it firing, though the schedule is not paused and makes up for such; undefined if there is none. */
export async function overdueMs(session: Session, id: string, record: ScheduleRecord): Promise<number | undefined> {
	if (isPaused(session, id)) return undefined;
	const { nextTimes } = await import("../schedule/next-times.ts");
	const nowMs = Date.now();
	const slotMs = pendingMs(session, id, record, nowMs, nextTimes);
	return slotMs !== undefined && slotMs <= lateAt(record.schedule, nowMs) ? slotMs : undefined;
}

/** The first moment at which it is still to fire, as `pendingSlot` says it by when it fired last. */
export function pendingMs(
	session: Session,
	id: string,
	{ schedule, sinceMs }: ScheduleRecord,
	nowMs: number,
	times: Times,
): number | undefined {
	const lastMs = lastFiringMs(session, id);
	return pendingSlot(schedule, lastMs, Math.max(sinceMs, lastMs ?? 0), nowMs, times);
}

function triggerText(trigger: Trigger): string {
	switch (trigger.kind) {
		case "every":
			return `${trigger.everyMs / 1000}s`;
		case "at":
			return rfc3339(trigger.atMs);
		case "occasion":
			return trigger.occasions.map(occasionText).join(" | ");
		default:
			return [...trigger.texts, ...(trigger.zone === null ? [] : [`(${trigger.zone})`])].join(" | ");
	}
}

/** The next time of the platform itself, if it tells and is in reach. */
async function askedNext(context: Context, handle: Handle): Promise<number | undefined> {
	try {
		const { schedules } = await context.platforms.get(handle.platform);
		const [next] = (await schedules?.nextTimes([handle])) ?? [];
		return next;
	} catch (error) {
		if (!isChoreError(error)) throw error;
		return undefined;
	}
}

/**
 * Ends the schedule of a job: nothing fires from here on, and the job is kept like any other that has ended.
 * @returns false if the platform is out of reach; the schedule is there then
 */
export async function endSchedule(context: Context, id: string): Promise<boolean> {
	const record = readSchedule(context.session, id);
	try {
		if (record !== undefined && !isUnreadable(record) && record.handle !== null) {
			await (await context.platforms.get(record.handle.platform)).schedules?.disarm(record.handle);
		}
	} catch (error) {
		if (!isChoreError(error)) throw error;
		return false;
	}
	unmarkScheduled(context.session, id);
	return true;
}
