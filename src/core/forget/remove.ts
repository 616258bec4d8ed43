/** Forgets jobs with their output. */
import { existsSync, renameSync } from "node:fs";
import { ChoreError, isChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { current } from "../control/reach.ts";
import { stop } from "../control/stop.ts";
import { claimLink, isAbsence, makePrivateFolder, readLink, refuse, removeTree } from "../disk/files.ts";
import { note } from "../disk/ledger.ts";
import { forgetName } from "../disk/names.ts";
import { randomBytes } from "../disk/random.ts";
import { jobFolder, markOf, runFolder, type Session } from "../disk/session.ts";
import { latestRunIn } from "../disk/store.ts";
import { hasEnded, type Job, shortId } from "../job.ts";

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
 * Takes a job out of the session, with its output and its name. First the place of its next run is taken: from then on
 * nobody can start it. Whoever dies in between leaves a job that is listed as before, and that the next who forgets or
 * starts it finishes off.
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
	if (!closeForStarts(session, job)) return "started again";
	// Gone at once for every reader; the time it takes to delete is nobody's.
	const isMoved = move(folder, aside);
	if (isMoved && latestRunIn(aside) > job.run && move(aside, folder)) return "started again";
	for (const path of [markOf(session, job.id), aside]) removeTree(path);
	if (!isMoved) return "gone";
	forgetName(session, job.name, job.id);
	note(session, job, "removed", reason === undefined ? {} : { reason });
	return "forgotten";
}

/** Whether somebody has begun to forget a job, as of this run. */
export function isBeingForgotten(session: Session, { id, run }: Pick<Job, "id" | "run">): boolean {
	return readLink(runFolder(session, id, run + 1)) !== undefined;
}

/** @returns false when its next run is there already */
function closeForStarts(session: Session, job: Pick<Job, "id" | "run">): boolean {
	const place = runFolder(session, job.id, job.run + 1);
	try {
		return claimLink(place, "forgotten") || isBeingForgotten(session, job) || !existsSync(place);
	} catch (error) {
		// Not even a link has room: then a start has none either, and what was made all the same is seen in what was moved.
		if (isChoreError(error) && error.code === "STATE_FULL") return true;
		throw error;
	}
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
