/** Finds a job's present state and the platform that can act on it. Every verb on a job begins with these two. */
import type { Platform } from "../../../platform/contract.ts";
import { ChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { isUnreadable, readStoredRun, refuseUnreadable, type StoredRun } from "../disk/store.ts";
import { type Job, shortId } from "../job.ts";
import { examine } from "../settle/settle.ts";

/** The present state of a job. @throws ChoreError JOB_NOT_FOUND when it was removed meanwhile */
export async function current(context: Context, id: string): Promise<Job> {
	const [job] = await examine(context, [id]);
	return job ?? gone(id);
}

/** The records and the platform of a job that can be signalled from here. @throws ChoreError JOB_NOT_FOUND, JOB_UNKNOWN, JOB_UNREADABLE */
export async function reachable(context: Context, job: Job): Promise<{ readonly stored: StoredRun; readonly platform: Platform }> {
	const stored = readStoredRun(context.session, job.id);
	if (stored !== undefined && isUnreadable(stored)) return refuseUnreadable(stored);
	if (stored === undefined) return gone(job.id);
	if (job.state === "unknown") {
		throw new ChoreError("JOB_UNKNOWN", `${job.name} (${shortId(job.id)}) cannot be reached: ${job.reason}`, {
			hint: `nothing was signalled; if it is gone for good, \`chore rm -f ${shortId(job.id)}\` forgets it`,
		});
	}
	return { stored, platform: await context.platforms.get(job.platform) };
}

export function gone(id: string): never {
	throw new ChoreError("JOB_NOT_FOUND", `there is no job ${id} any more`, { hint: "`chore ps -a` lists the jobs" });
}
