/** Sends a signal to a job. */
import { ChoreError } from "../../../platform/errors.ts";
import { signalNumber } from "../../../platform/exit-record.ts";
import type { Context } from "../context.ts";
import { isIdle, type Job, shortId } from "../job.ts";
import { current, reachable } from "./reach.ts";

/**
 * Sends a signal to a job. Makes no stop mark: a job that the signal ends is `failed`, not `stopped`.
 *
 * @param signal "SIGUSR1", "SIGRTMIN+3"
 * @throws ChoreError INVALID_ARGUMENT for an unknown signal, JOB_NOT_ACTIVE when the job has ended
 */
export async function kill(context: Context, id: string, signal: string, whom: "main" | "all"): Promise<Job> {
	if (signalNumber(signal) === undefined) {
		throw new ChoreError("INVALID_ARGUMENT", `there is no signal ${signal} on this system`, { hint: "`kill -l` lists them" });
	}
	const job = await current(context, id);
	const over = new ChoreError("JOB_NOT_ACTIVE", `${job.name} (${shortId(id)}) is not active: ${job.state}`, {
		hint: "only an active job can be signalled",
	});
	if (isIdle(job)) throw over;
	const { stored, platform } = await reachable(context, job);
	if (!(await platform.kill(stored.run.handle, signal, whom))) throw over;
	return current(context, id);
}
