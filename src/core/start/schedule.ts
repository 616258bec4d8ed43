/** Makes a job that its schedule runs: all its files, then what wakes it. Nothing of it is left after an error. */
import { existsSync, renameSync } from "node:fs";
import type { Platform } from "../../../platform/contract.ts";
import { ChoreError, isChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { current, gone } from "../control/reach.ts";
import { scheduled } from "../control/schedule.ts";
import { makeFolder, readText, refuse, removeQuietly, removeTree, replaceFile, writeEmpty } from "../disk/files.ts";
import { type EventKind, note, recordCreation } from "../disk/ledger.ts";
import { markScheduled } from "../disk/mark.ts";
import { installProgram } from "../disk/programs.ts";
import { randomBytes } from "../disk/random.ts";
import { jobFolder, markOf, type Session, scheduleFolder } from "../disk/session.ts";
import { type JobRecord, readStoredRun, type StoredRun } from "../disk/store.ts";
import type { Job } from "../job.ts";
import { changeSchedule, readScheduleOptions } from "../prepare/schedule.ts";
import { checkCapabilities, type RunOptions, type ScheduleOptions } from "../prepare/spec.ts";
import { areAllPaused, hasOccasions, nextSlot, type Schedule, wakingOf } from "../schedule/schedule.ts";
import { arm, beginArming, endArming, schedulesOf, wakeOf } from "../settle/arming.ts";
import { writeLooked } from "../settle/calendar-file.ts";
import { isPaused, pausedFile, readable, readSchedule, type ScheduleRecord, writeSchedule } from "../settle/scheduled.ts";
import { text as due } from "./due.sh.ts";
import { FIRE_TEXT } from "./fire.ts";
import { type Draft, jobRecord, placeJob } from "./new-job.ts";
import { notices } from "./notice.ts";
import { runSpec } from "./plan.ts";
import { changedPlan, planTemplate, type Template, writeCondition, writePrograms, writeTemplate } from "./template.ts";

/** Makes the job and what wakes it. Nothing is started. */
export async function arrange(
	context: Context,
	platform: Platform,
	draft: Draft,
	schedule: Schedule,
	{ onWarning }: Pick<RunOptions, "onWarning">,
): Promise<Job> {
	const { session } = context;
	const { id } = draft;
	const job = jobRecord(draft);
	const planned = await planSchedule(context, platform, job, schedule);
	const template = await planTemplate(session, platform, job);
	// Before the job: whoever finds it then, if this process dies, goes on with it.
	markScheduled(session, id);
	placeJob(session, job, draft, (aside) => {
		writeFolder(`${aside}/schedule`, { session, platform, job }, planned, template);
	});
	recordCreation(session, job, 0);
	await arm(session, platform, id, planned);
	removeQuietly(markOf(session, id));
	if (onWarning !== undefined) for (const notice of await notices(session, platform)) onWarning(notice);
	return current(context, id);
}

/** Makes the whole folder of a schedule. */
function writeFolder(
	folder: string,
	made: { readonly session: Session; readonly platform: Platform; readonly job: JobRecord },
	planned: ScheduleRecord,
	template: Template,
): void {
	const { schedule, sinceMs, wake } = planned;
	makeFolder(folder);
	beginArming(folder);
	writeSchedule(folder, planned);
	writeLooked(folder, schedule, sinceMs);
	writeTemplate(folder, { ...made, schedule, fire: wake.fire }, template);
}

/**
 * Gives a schedule to a job that has none, or whose schedule is over, and has the platform wake it. Nothing fires before its mark
 * is made, and before there are settings that were written after this: they have what the schedule runs (see writeSettings).
 * @throws ChoreError as a start with a schedule does; the job is as it was then
 */
export async function give(context: Context, { job, next = job, run }: StoredRun, options: ScheduleOptions): Promise<void> {
	const { session } = context;
	const { id } = job;
	const platform = await context.platforms.get(run.handle.platform);
	const earlier = readSchedule(session, id);
	const schedule = readScheduleOptions(options);
	await checkCapabilities({ ...next, schedule }, {}, platform);
	const planned = await planSchedule(context, platform, next, schedule, earlier === undefined ? undefined : readable(earlier, id));
	const template = await planTemplate(session, platform, next);
	const folder = scheduleFolder(session, id);
	const aside = `${session.trash}/schedule-${id}.${randomBytes(4).toString("hex")}`;
	try {
		writeFolder(aside, { session, platform, job: next }, planned, template);
		if (existsSync(folder)) renameSync(folder, `${aside}.before`);
		renameSync(aside, folder);
	} catch (error) {
		if (!existsSync(jobFolder(session, id))) gone(id);
		throw isChoreError(error) ? error : refuse(folder, error);
	} finally {
		removeQuietly(aside);
		removeQuietly(`${aside}.before`);
	}
	await arm(session, platform, id, planned);
}

/**
 * @param before what it follows, if it is not the first one of the job
 * @throws ChoreError INVALID_ARGUMENT for one that never fires; OPTION_UNSUPPORTED for what the platform cannot keep
 */
async function planSchedule(
	{ session }: Context,
	platform: Platform,
	job: JobRecord,
	schedule: Schedule,
	before: Pick<ScheduleRecord, "revision" | "made"> = { revision: 0, made: 0 },
): Promise<ScheduleRecord> {
	const revision = before.revision + 1;
	const sinceMs = Date.now();
	const { nextTimes } = await import("../schedule/next-times.ts");
	const { occasions } = wakingOf(schedule);
	if (occasions.length > 0 && (schedule.wake === "tick" || !platform.capabilities.occasions)) {
		const who = schedule.wake === "tick" ? "chore tick" : `the platform ${platform.name}`;
		throw new ChoreError("OPTION_UNSUPPORTED", `${who} wakes jobs at moments of a calendar only, on nothing else`, {
			hint: "use --on-calendar, --every or --on-active; `chore doctor` shows what each platform can do, and why",
		});
	}
	if (nextSlot(schedule, null, sinceMs, nextTimes) === undefined && !hasOccasions(schedule, sinceMs)) {
		throw new ChoreError("INVALID_ARGUMENT", "this schedule never fires: there is no such moment from now on", {
			hint: "systemd-analyze calendar shows what an expression of --on-calendar means",
		});
	}
	const { label, description, native } = runSpec(session, job, 0, true);
	const made = Math.max(before.made, ...schedule.triggers.map((trigger) => Number(trigger.id.slice(1))));
	const programs = { fire: installProgram(session.root, "fire", FIRE_TEXT), due: installProgram(session.root, "due", due) };
	const record = { format: 1, revision, sinceMs, schedule, made, wake: { label, description, native, ...programs } } as const;
	if (schedule.wake === "tick") return { ...record, handle: null };
	return { ...record, handle: schedulesOf(platform).plan(wakeOf(session, job.id, record)) };
}

/** @see Chore.reschedule in chore.ts */
export async function reschedule(context: Context, id: string, options: ScheduleOptions): Promise<Job> {
	return changeInPlace(context, id, ({ schedule, made }) => changeSchedule(schedule, options, made));
}

/**
 * Puts another schedule in the place of the one that the job has, as its next revision.
 * @param change gives the other one. What it throws is thrown, and all is as it was
 * @param told the event of the ledger
 */
export async function changeInPlace(
	context: Context,
	id: string,
	change: (before: ScheduleRecord, job: Job) => Schedule,
	told: { readonly event: EventKind; readonly reason: string } = { event: "changed", reason: "its schedule" },
): Promise<Job> {
	const { session } = context;
	const shown = await scheduled(context, id);
	const before = readable(readSchedule(session, id), id);
	const { job, next = job, run } = readable(readStoredRun(session, id), id);
	const platform = await context.platforms.get(run.handle.platform);
	const planned = await planSchedule(context, platform, next, change(before, shown), before);
	const folder = scheduleFolder(session, id);
	const [wasHeld, isHeld] = [before, planned].map(({ schedule }) => areAllPaused(schedule.triggers));
	const isPausedNow = isHeld && !isPaused(session, id);
	// The first of all, or the last: nothing fires between.
	if (isPausedNow) writeEmpty(pausedFile(session, id));
	const plan = readText(`${folder}/plan`) ?? "";
	const place = (record: ScheduleRecord, plan: string): void => {
		writeCondition(folder, record.schedule);
		replaceFile(`${folder}/plan`, plan);
		writeSchedule(folder, record);
	};
	beginArming(folder);
	writeLooked(folder, planned.schedule, planned.sinceMs);
	writePrograms(folder, planned.wake.fire);
	// The files first: until the new revision is armed, what wakes the job finds the new plan.
	place(planned, changedPlan(plan, planned.schedule));
	try {
		if (planned.handle === null && before.handle !== null) await schedulesOf(platform).disarm(before.handle);
		await arm(session, platform, id, planned);
	} catch (error) {
		place(before, plan);
		endArming(session, id);
		if (isPausedNow) removeTree(pausedFile(session, id));
		throw error;
	}
	if (wasHeld && !isHeld) removeTree(pausedFile(session, id));
	note(session, shown, told.event, { reason: told.reason });
	return current(context, id);
}
