/** Forgets jobs with their output. */
import { randomBytes } from "node:crypto";
import { renameSync, rmSync } from "node:fs";
import { ChoreError } from "../../platform/errors.ts";
import type { Context } from "./context.ts";
import { isAbsence, makePrivateFolder, refuse } from "./files.ts";
import { hasEnded, type Job, shortId } from "./job.ts";
import { note } from "./ledger.ts";
import { jobFolder } from "./session.ts";
import { current, stop } from "./stop.ts";

export interface RemoveOptions {
	/** Stop it first if it is active; forget it even if it cannot be asked after or read. */
	readonly force?: boolean | undefined;
	/** Milliseconds between the stop signal and SIGKILL. Default: the job's own. */
	readonly graceMs?: number | undefined;
}

/** @see Chore.remove in chore.ts */
export async function remove(context: Context, id: string, options: RemoveOptions = {}): Promise<Job> {
	const { session } = context;
	let job = await current(context, id);
	if (!hasEnded(job)) {
		if (!options.force) {
			throw new ChoreError("JOB_ACTIVE", `${job.name} (${shortId(id)}) is not over: ${job.state}`, {
				hint:
					job.state === "unknown"
						? `chore rm -f ${shortId(id)} forgets it and signals nothing`
						: `stop it first, or: chore rm -f ${shortId(id)}`,
			});
		}
		if (job.state !== "unknown") job = await stop(context, id, { graceMs: options.graceMs });
	}
	const aside = `${session.trash}/${id}.${randomBytes(4).toString("hex")}`;
	makePrivateFolder(session.trash);
	try {
		// Gone at once for every reader; the time it takes to delete is nobody's.
		renameSync(jobFolder(session, id), aside);
	} catch (error) {
		if (!isAbsence(error)) refuse(jobFolder(session, id), error);
	}
	for (const path of [`${session.active}/${id}`, aside]) {
		try {
			rmSync(path, { recursive: true, force: true });
		} catch (error) {
			refuse(path, error);
		}
	}
	note(session, job, "removed");
	return job;
}
