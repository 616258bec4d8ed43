/** Makes a job that its schedule runs: all its files, then what wakes it. Nothing of it is left after an error. */
import { rmSync } from "node:fs";
import type { Platform, Wake } from "../../../platform/contract.ts";
import { ChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { current } from "../control/reach.ts";
import { scheduled } from "../control/schedule.ts";
import { makeFolder, readText, replaceFile } from "../disk/files.ts";
import { record } from "../disk/ledger.ts";
import { markScheduled } from "../disk/mark.ts";
import { installProgram } from "../disk/programs.ts";
import { markOf, type Session, scheduleFolder } from "../disk/session.ts";
import { type JobRecord, readStoredRun } from "../disk/store.ts";
import { shownWords } from "../exact-text.ts";
import type { Job } from "../job.ts";
import { changeSchedule } from "../prepare/schedule.ts";
import type { RunOptions, ScheduleOptions } from "../prepare/spec.ts";
import { nextSlot, type Schedule, wakingOf } from "../schedule/schedule.ts";
import { writeLooked } from "../settle/calendar-file.ts";
import { readable, readSchedule, type ScheduleRecord, writeSchedule } from "../settle/scheduled.ts";
import { text as due } from "./due.sh.ts";
import { FIRE_TEXT } from "./fire.ts";
import { type Draft, jobRecord, placeJob } from "./new-job.ts";
import { notices } from "./notice.ts";
import { runSpec } from "./plan.ts";
import { changedPlan, planTemplate, writeTemplate } from "./template.ts";

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
	placeJob(session, job, draft, (aside) => {
		makeFolder(`${aside}/schedule`);
		writeSchedule(`${aside}/schedule`, planned.record);
		writeLooked(`${aside}/schedule`, new Date(planned.record.sinceMs));
		writeTemplate(`${aside}/schedule`, { session, platform, job, schedule }, template);
	});
	record(session, { id, run: 0, name: job.name }, "created", { command: shownWords(job.command) });
	await armSchedule(session, platform, planned);
	if (onWarning !== undefined) for (const notice of await notices(session, platform)) onWarning(notice);
	return current(context, id);
}

/** A schedule before any file of it is written. */
interface PlannedSchedule {
	readonly record: ScheduleRecord;
	readonly wake: Wake;
}

/**
 * @param revision 1 for a new schedule
 * @throws ChoreError INVALID_ARGUMENT for one that never fires; OPTION_UNSUPPORTED for what the platform cannot keep
 */
async function planSchedule(
	{ session }: Context,
	platform: Platform,
	job: JobRecord,
	schedule: Schedule,
	revision: number = 1,
): Promise<PlannedSchedule> {
	const sinceMs = Date.now();
	const { nextTimes } = await import("../schedule/next-times.ts");
	if (nextSlot(schedule, null, sinceMs, nextTimes) === undefined) {
		throw new ChoreError("INVALID_ARGUMENT", "this schedule never fires: there is no such moment from now on", {
			hint: "systemd-analyze calendar shows what an expression of --on-calendar means",
		});
	}
	const { label, description, jobFolder } = runSpec(session, job, 0, true);
	const wake: Wake = {
		...{ jobId: job.id, label, description, jobFolder, revision },
		calendar: wakingOf(schedule).calendar,
		catchesUp: schedule.missed === "once",
		jitterMs: schedule.jitterMs,
		fire: installProgram(session.root, "fire", FIRE_TEXT),
		due: installProgram(session.root, "due", due),
	};
	const handle = schedulesOf(platform).plan(wake);
	return { record: { format: 1, revision, sinceMs, schedule, handle }, wake };
}

/** Has the job be woken, once its files are in place. After an error of the platform the caller has to end the schedule. */
async function armSchedule(session: Session, platform: Platform, { record, wake }: PlannedSchedule): Promise<void> {
	markScheduled(session, wake.jobId);
	await schedulesOf(platform).arm(wake, record.handle);
	rmSync(markOf(session, wake.jobId), { force: true });
}

/** @see Chore.reschedule in chore.ts */
export async function reschedule(context: Context, id: string, options: ScheduleOptions): Promise<Job> {
	const { session } = context;
	await scheduled(context, id);
	const before = readable(readSchedule(session, id), id);
	const { job } = readable(readStoredRun(session, id), id);
	const platform = await context.platforms.get(before.handle.platform);
	const planned = await planSchedule(context, platform, job, changeSchedule(before.schedule, options), before.revision + 1);
	const folder = scheduleFolder(session, id);
	const plan = readText(`${folder}/plan`) ?? "";
	const place = (record: ScheduleRecord, plan: string): void => {
		replaceFile(`${folder}/plan`, plan);
		writeSchedule(folder, record);
	};
	writeLooked(folder, new Date(planned.record.sinceMs));
	// The files first: until the new revision is armed, what wakes the job finds the new plan.
	place(planned.record, changedPlan(plan, planned.record.schedule));
	try {
		await schedulesOf(platform).arm(planned.wake, planned.record.handle);
	} catch (error) {
		place(before, plan);
		throw error;
	}
	return current(context, id);
}

function schedulesOf(platform: Platform): NonNullable<Platform["schedules"]> {
	if (platform.schedules !== undefined) return platform.schedules;
	throw new ChoreError("OPTION_UNSUPPORTED", `the platform ${platform.name} cannot wake jobs`, {
		hint: "`chore doctor` shows what each platform can do, and why",
	});
}
