/** Pauses and resumes a job. */
import { ChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { note } from "../disk/ledger.ts";
import { isIdle, type Job, shortId } from "../job.ts";
import { current, reachable } from "./reach.ts";

/** @see Chore.pause in chore.ts */
export async function pause(context: Context, id: string): Promise<Job> {
	const job = await current(context, id);
	if (job.state === "paused") return job;
	if (isIdle(job)) refuse(job, "paused");
	const { stored, platform } = await reachable(context, job);
	if (!platform.capabilities.pause) {
		throw new ChoreError("OPTION_UNSUPPORTED", `the platform ${platform.name} cannot pause jobs here`, {
			hint: "`chore doctor` shows what each platform can do, and why",
		});
	}
	if (!(await platform.pause(stored.run.handle))) refuse(await current(context, id), "paused");
	note(context.session, job, "paused");
	return current(context, id);
}

/** @see Chore.resume in chore.ts */
export async function resume(context: Context, id: string): Promise<Job> {
	const job = await current(context, id);
	if (isIdle(job)) refuse(job, "resumed");
	// A running job may have stopped processes: after a pause only its main process got SIGCONT.
	if (job.state !== "paused" && job.state !== "running" && job.state !== "unknown") return job;
	const { stored, platform } = await reachable(context, job);
	const goesOn = await platform.resume(stored.run.handle);
	const now = await current(context, id);
	if (job.state === "running") return now;
	if (!goesOn) refuse(now, "resumed");
	note(context.session, job, "resumed");
	return now;
}

function refuse(job: Job, done: "paused" | "resumed"): never {
	const isWaiting = job.state === "queued";
	throw new ChoreError(
		"JOB_NOT_ACTIVE",
		`${job.name} (${shortId(job.id)}) cannot be ${done}: ${isWaiting ? "it waits to be started" : job.state}`,
		{
			hint: isWaiting ? "try again once it runs" : "only an active job can be paused and resumed",
		},
	);
}
