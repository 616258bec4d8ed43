/** Changes the settings of a job, from its next run on. The runs before keep theirs. */
import { ChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { current } from "../control/reach.ts";
import { scheduled } from "../control/schedule.ts";
import { removeQuietly } from "../disk/files.ts";
import { note } from "../disk/ledger.ts";
import { readStoredRun } from "../disk/store.ts";
import { shownWords } from "../exact-text.ts";
import { isIdle, type Job, shortId } from "../job.ts";
import { changedNames, type SetOptions } from "../prepare/changes.ts";
import { readable } from "../settle/scheduled.ts";
import { clearSettings } from "./clear-settings.ts";
import { newSettings } from "./new-settings.ts";
import { placeSettings, writeSettings } from "./place-settings.ts";
import { reschedule } from "./schedule.ts";

/** How often a change is made anew when each time another process changed the same job first. */
const ROUNDS = 10;

/** @see Chore.set in chore.ts */
export async function set(context: Context, id: string, { schedule, ...options }: SetOptions): Promise<Job> {
	const { session } = context;
	let isScheduleLeft = schedule !== undefined;
	if (isScheduleLeft) await scheduled(context, id);
	for (let round = 0; round < ROUNDS; round++) {
		const job = await current(context, id);
		refuseActive(job);
		const stored = readable(readStoredRun(session, id), id);
		const names = changedNames(stored.job, { ...options, schedule });
		if (names.every((name) => name === "schedule")) return reschedule(context, id, schedule ?? {});
		const settings = await newSettings(context, stored, options);
		const folder = await writeSettings(session, settings);
		try {
			// Before the settings, since the platform may refuse it.
			if (isScheduleLeft) await reschedule(context, id, schedule ?? {});
			isScheduleLeft = false;
			if (!placeSettings(session, settings.job, folder)) continue;
		} finally {
			removeQuietly(folder);
		}
		const { command } = options;
		note(session, job, "changed", { reason: names.join(", "), ...(command === undefined ? {} : { command: shownWords(command) }) });
		clearSettings(session, id);
		return current(context, id);
	}
	throw new ChoreError("JOB_ACTIVE", `job ${shortId(id)} is being changed by other processes again and again`, {
		hint: "`chore events -f` shows what happens to it",
	});
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
