/** Changes the settings of a job, from its next run on. The runs before keep theirs. */
import { ChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { current } from "../control/reach.ts";
import { scheduled } from "../control/schedule.ts";
import { removeQuietly } from "../disk/files.ts";
import { note } from "../disk/ledger.ts";
import { isListenersJob } from "../disk/listeners.ts";
import { claimMark, markScheduled } from "../disk/mark.ts";
import { markOf } from "../disk/session.ts";
import { type JobRecord, readStoredRun, type StoredRun } from "../disk/store.ts";
import { shownWords } from "../exact-text.ts";
import { isIdle, type Job, shortId } from "../job.ts";
import { changedNames, changedWords, type SetOptions } from "../prepare/changes.ts";
import type { ScheduleOptions } from "../prepare/spec.ts";
import { readable } from "../settle/scheduled.ts";
import { reclaimName } from "./claim-name.ts";
import { clearSettings } from "./clear-settings.ts";
import { newSettings } from "./new-settings.ts";
import { placeSettings, writeSettings } from "./place-settings.ts";
import { give, reschedule } from "./schedule.ts";

/** How often a change is made anew when each time another process changed the same job first. */
const ROUNDS = 10;

/** @see Chore.set in chore.ts */
export async function set(context: Context, id: string, { schedule, ...options }: SetOptions): Promise<Job> {
	const { session } = context;
	const isTimerChanged = options.native?.["timerProperties"] !== undefined;
	let left = schedule;
	for (let round = 0; round < ROUNDS; round++) {
		const job = await current(context, id);
		refuseActive(job);
		const stored = readable(readStoredRun(session, id), id);
		const names = changedNames(stored.job, { ...options, schedule });
		const isFirst = left !== undefined && job.schedule === null;
		if (!isFirst && left !== undefined && names.length === 1) return reschedule(context, id, left);
		if (isTimerChanged && !isFirst) await scheduled(context, id);
		const settings = await newSettings(context, stored, options);
		if (isFirst) await beginFirst(context, stored, settings.job, left ?? {});
		const folder = await writeSettings(session, settings);
		try {
			// Before the settings, since the platform may refuse it.
			if (left !== undefined && !isFirst) await reschedule(context, id, left);
			if (!isFirst) left = undefined;
			if (!placeSettings(session, settings.job, folder)) continue;
			if (isFirst) markScheduled(session, id);
		} finally {
			removeQuietly(folder);
			if (isFirst) removeQuietly(markOf(session, id));
		}
		const { command } = options;
		note(session, job, "changed", { reason: changedWords(names), ...(command === undefined ? {} : { command: shownWords(command) }) });
		clearSettings(session, id);
		// What wakes the job has these properties of its own, and is made of the settings.
		return isTimerChanged && !isFirst ? reschedule(context, id, {}) : current(context, id);
	}
	throw new ChoreError("JOB_ACTIVE", `job ${shortId(id)} is being changed by other processes again and again`, {
		hint: "`chore events -f` shows what happens to it",
	});
}

/**
 * Gives a job that has no schedule its first one. Nothing fires before the settings are placed and it is marked. Its name is its own
 * from here on; the active mark keeps it meanwhile.
 */
async function beginFirst(context: Context, stored: StoredRun, next: JobRecord, schedule: ScheduleOptions): Promise<void> {
	const { session } = context;
	const { id, name } = next;
	if (isListenersJob(session, id)) {
		throw new ChoreError("INVALID_ARGUMENT", `${name} (${shortId(id)}) feeds a listener, which is what has it run`, {
			hint: "make another job with `chore run`",
		});
	}
	claimMark(session, id);
	try {
		await reclaimName(context, next);
		await give(context, { ...stored, next }, schedule);
	} catch (error) {
		removeQuietly(markOf(session, id));
		throw error;
	}
}

/** @throws ChoreError JOB_ACTIVE, JOB_UNKNOWN for a job without a schedule that has not ended */
function refuseActive(job: Job): void {
	if (isIdle(job) || (job.schedule !== null && job.state !== "unknown")) return;
	if (job.state === "unknown") {
		throw new ChoreError("JOB_UNKNOWN", `${job.name} (${shortId(job.id)}) cannot be asked after: ${job.reason}`, {
			hint: "nothing was changed; try again once it can be",
		});
	}
	throw new ChoreError("JOB_ACTIVE", `${job.name} (${shortId(job.id)}) is not over: ${job.state}`, {
		hint: `stop it first: chore stop ${shortId(job.id)}; only a job with a schedule is changed while it runs`,
	});
}
