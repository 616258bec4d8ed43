/** Lists the runs of a job, oldest first. */
import type { Context } from "../context.ts";
import { current } from "../control/reach.ts";
import { jobFolder } from "../disk/session.ts";
import { isUnreadable, readStoredRun, runNumbersIn } from "../disk/store.ts";
import type { Job } from "../job.ts";
import { byRecord } from "../settle/settle.ts";

/** @see Chore.runs in chore.ts */
export async function runs(context: Context, id: string): Promise<readonly Job[]> {
	const latest = await current(context, id);
	const earlier: Job[] = [];
	for (const number of runNumbersIn(jobFolder(context.session, id))) {
		if (number >= latest.run) break;
		const stored = readStoredRun(context.session, id, number);
		const job = stored === undefined || isUnreadable(stored) ? undefined : await byRecord(context, stored, "look");
		if (typeof job === "object") earlier.push(job);
	}
	return latest.run === 0 ? [] : [...earlier, latest];
}
