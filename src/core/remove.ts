/** Forgets jobs with their output. */
import { randomBytes } from "node:crypto";
import { renameSync } from "node:fs";
import { ChoreError } from "../../platform/errors.ts";
import type { Context } from "./context.ts";
import { isAbsence, makePrivateFolder, refuse, removeTree } from "./files.ts";
import { hasEnded, type Job, shortId } from "./job.ts";
import { note } from "./ledger.ts";
import { forgetName } from "./names.ts";
import { jobFolder, type Session } from "./session.ts";
import { current, stop } from "./stop.ts";
import { latestRunIn } from "./store.ts";

export interface RemoveOptions {
	/** Stop it first if it is active; forget it even if it cannot be asked after or read. */
	readonly force?: boolean | undefined;
	/** Milliseconds between the stop signal and SIGKILL. Default: the job's own. */
	readonly graceMs?: number | undefined;
}

/** @see Chore.remove in chore.ts */
export async function remove(context: Context, id: string, options: RemoveOptions = {}): Promise<Job> {
	for (;;) {
		const job = await ended(context, id, options);
		if (forget(context.session, job) !== "started again") return job;
	}
}

/**
 * Takes a job out of the session, with its output and its name. Needs no space.
 *
 * @param job as it was when it was found to be over
 * @param reason why, for the ledger
 * @returns "gone" when it is not there any more; "started again" when it is, and was since then
 * @throws ChoreError STATE_UNUSABLE
 */
export function forget(session: Session, job: Pick<Job, "id" | "run" | "name">, reason?: string): "forgotten" | "gone" | "started again" {
	const folder = jobFolder(session, job.id);
	const aside = `${session.trash}/${job.id}.${randomBytes(4).toString("hex")}`;
	makePrivateFolder(session.trash);
	// Gone at once for every reader; the time it takes to delete is nobody's.
	const isMoved = move(folder, aside);
	if (isMoved && latestRunIn(aside) > job.run && move(aside, folder)) return "started again";
	for (const path of [`${session.active}/${job.id}`, aside]) removeTree(path);
	if (!isMoved) return "gone";
	forgetName(session, job.name, job.id);
	note(session, job, "removed", reason === undefined ? {} : { reason });
	return "forgotten";
}

/** The job once it may be forgotten. @throws ChoreError JOB_ACTIVE */
async function ended(context: Context, id: string, options: RemoveOptions): Promise<Job> {
	const job = await current(context, id);
	if (!hasEnded(job)) {
		if (!options.force) {
			throw new ChoreError("JOB_ACTIVE", `${job.name} (${shortId(id)}) is not over: ${job.state}`, {
				hint:
					job.state === "unknown"
						? `chore rm -f ${shortId(id)} forgets it and signals nothing`
						: `stop it first, or: chore rm -f ${shortId(id)}`,
			});
		}
		if (job.state !== "unknown") return stop(context, id, { graceMs: options.graceMs });
	}
	return job;
}

/** @returns false where there is nothing to move any more */
function move(from: string, to: string): boolean {
	try {
		renameSync(from, to);
		return true;
	} catch (error) {
		return isAbsence(error) ? false : refuse(from, error);
	}
}
