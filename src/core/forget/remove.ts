/** Forgets a job and its output. Never deletes a job that was started again meanwhile. */
import { existsSync, renameSync } from "node:fs";
import { ChoreError, isChoreError } from "../../../platform/errors.ts";
import { throwIfAborted } from "../abort.ts";
import type { Context } from "../context.ts";
import { current } from "../control/reach.ts";
import { stop } from "../control/stop.ts";
import { claimLink, isAbsence, readLink, refuse, removeTree } from "../disk/files.ts";
import { note } from "../disk/ledger.ts";
import { isScheduled } from "../disk/mark.ts";
import { forgetName } from "../disk/names.ts";
import { makePrivateFolder } from "../disk/private-folder.ts";
import { randomBytes } from "../disk/random.ts";
import { forgetKey, readKey } from "../disk/request-keys.ts";
import { jobFolder, markOf, runFolder, type Session } from "../disk/session.ts";
import { latestRunIn, outputBytesIn } from "../disk/store.ts";
import { isIdle, type Job, shortId } from "../job.ts";
import { endSchedule } from "../settle/scheduled.ts";
import { removeBeside } from "./remove-beside.ts";

/** How `Chore.remove` forgets a job. */
export interface RemoveOptions {
	/** Stop the job first if it is active. Forget it also if its state is unknown or its record cannot be read. */
	readonly force?: boolean | undefined;
	/** Milliseconds between the stop signal and SIGKILL. Default: the job's own. */
	readonly graceMs?: number | undefined;
	/** Gives up with ABORTED when this signal is raised. A stop that was asked for goes on; the job is not forgotten then. */
	readonly signal?: AbortSignal | undefined;
}

/** @see Chore.remove in chore.ts */
export async function remove(context: Context, id: string, options: RemoveOptions = {}): Promise<Job> {
	for (;;) {
		const job = await ended(context, id, options);
		throwIfAborted(options.signal, "the removal");
		// Before its files: nothing wakes a job that is gone.
		if (isScheduled(context.session, id) && !(await endSchedule(context, id)) && !options.force) refuseUnreachable(job);
		if ((await forget(context.session, job)) !== "started again") return job;
	}
}

/** Of this much output the deletion may take longer than a command has in passing: seconds for ten gigabytes on ext4. */
const BIG_BYTES = 256 * 1024 ** 2;

export interface ForgetOptions {
	/** For the ledger. */
	readonly reason?: string;
	/** Do not wait until a big output is deleted. */
	readonly inPassing?: boolean;
}

/**
 * Deletes a job with its output and frees its name. First a link is put in the place of its next run, so that no process
 * can start it. A process that dies in the middle leaves a job that is still listed; the next process that forgets or starts
 * it finishes the removal.
 *
 * @param job as it was when it was found to have ended
 * @returns "gone" when it does not exist any more; "started again" when it was started since it was found to have ended
 * @throws ChoreError STATE_UNUSABLE
 */
export async function forget(
	session: Session,
	job: Pick<Job, "id" | "run" | "name">,
	{ reason, inPassing = false }: ForgetOptions = {},
): Promise<"forgotten" | "gone" | "started again"> {
	const folder = jobFolder(session, job.id);
	const aside = `${session.trash}/${job.id}.${randomBytes(4).toString("hex")}`;
	makePrivateFolder(session.trash);
	const isClosed = closeForStarts(session, job);
	if (isClosed === "started again") return isClosed;
	// By a rename, so that no reader sees half of the job.
	const isMoved = move(folder, aside);
	if (isMoved && isClosed === "no space" && latestRunIn(aside) > job.run && move(aside, folder)) return "started again";
	removeTree(markOf(session, job.id));
	const key = readKey(aside);
	const isBig = isMoved && outputBytesIn(aside, job.run) > BIG_BYTES;
	if (isBig) await removeBeside([aside], inPassing);
	// After rm(1), this tells why, if something is left.
	if (!isBig || !inPassing) removeTree(aside);
	if (!isMoved) return "gone";
	forgetName(session, job.name, job.id);
	if (key !== undefined) forgetKey(session, key, job.id);
	note(session, job, "removed", reason === undefined ? {} : { reason });
	return "forgotten";
}

/** Whether a process has begun to forget the job after this run. */
export function isBeingForgotten(session: Session, { id, run }: Pick<Job, "id" | "run">): boolean {
	return readLink(runFolder(session, id, run + 1)) !== undefined;
}

/**
 * Puts the link in the place of the next run.
 *
 * @returns "no space" when there is no link, and a start may come yet: a full disk has no space for the link. A start has none
 * either; if one succeeds all the same, `forget` finds its run in the folder that it has moved
 */
function closeForStarts(session: Session, job: Pick<Job, "id" | "run">): "closed" | "no space" | "started again" {
	const place = runFolder(session, job.id, job.run + 1);
	try {
		return claimLink(place, "forgotten") || isBeingForgotten(session, job) || !existsSync(place) ? "closed" : "started again";
	} catch (error) {
		if (isChoreError(error) && error.code === "STATE_FULL") return "no space";
		throw error;
	}
}

/** The job once it may be forgotten, stopped if necessary. @throws ChoreError JOB_ACTIVE without `force` */
async function ended(context: Context, id: string, options: RemoveOptions): Promise<Job> {
	const job = await current(context, id);
	if (!isIdle(job)) {
		if (!options.force) {
			throw new ChoreError("JOB_ACTIVE", `${job.name} (${shortId(id)}) is not over: ${job.state}`, {
				hint:
					job.state === "unknown"
						? `chore rm -f ${shortId(id)} forgets it and signals nothing`
						: `stop it first, or: chore rm -f ${shortId(id)}`,
			});
		}
		if (job.state !== "unknown") return stop(context, id, options);
	}
	return job;
}

function refuseUnreachable({ id, name, platform }: Job): never {
	throw new ChoreError("PLATFORM_UNAVAILABLE", `${name} (${shortId(id)}) was not removed: ${platform}, which wakes it, is out of reach`, {
		hint: `chore rm -f ${shortId(id)} removes it all the same`,
	});
}

/** @returns false when `from` does not exist any more */
function move(from: string, to: string): boolean {
	try {
		renameSync(from, to);
		return true;
	} catch (error) {
		return isAbsence(error) ? false : refuse(from, error);
	}
}
