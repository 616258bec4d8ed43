/** Starts a job again as its next run, with the stored settings and the same script. Never changes an earlier run. */
import { mkdirSync, renameSync } from "node:fs";
import { ChoreError, errnoOf, isChoreError } from "../../../platform/errors.ts";
import { throwIfAborted, untilAborted } from "../abort.ts";
import type { Context } from "../context.ts";
import { current } from "../control/reach.ts";
import { type StopOptions, stop } from "../control/stop.ts";
import { isAbsence, refuse, removeQuietly } from "../disk/files.ts";
import { claimMark, releaseMark } from "../disk/mark.ts";
import { randomBytes } from "../disk/random.ts";
import { makeSession, markOf, runFolder, type Session } from "../disk/session.ts";
import { isUnreadable, type JobRecord, type RunRecord, readStoredRun, refuseUnreadable } from "../disk/store.ts";
import { forget, isBeingForgotten } from "../forget/remove.ts";
import { isIdle, type Job, shortId } from "../job.ts";
import { checkDirectory, checkInput, findProgram } from "../prepare/precheck.ts";
import { reclaimName } from "./claim-name.ts";
import { type LaunchOptions, launch } from "./launch.ts";
import { writeRun } from "./lay-out.ts";
import { planRun } from "./plan.ts";
import { checkRoom } from "./room.ts";

/** How often a start is tried when each time another process started the same job first. */
const ROUNDS = 10;

/** In messages. */
const START = "the start";

/** @see Chore.rerun in chore.ts */
export async function rerun(context: Context, id: string, options: LaunchOptions = {}): Promise<Job> {
	let before = await current(context, id);
	for (let round = 0; round < ROUNDS; round++) {
		throwIfAborted(options.signal, START);
		if (!isIdle(before)) refuseActive(before);
		const started = await startAfter(context, before, options);
		if (started !== undefined) return started;
		// Another process was faster. Its run is active or has ended; if it failed to start, try again.
		const now = await current(context, id);
		if (isBeingForgotten(context.session, now)) {
			await forget(context.session, now);
			return gone(id);
		}
		if (now.run > before.run && isIdle(now)) return now;
		before = now;
	}
	throw new ChoreError("JOB_ACTIVE", `${before.name} (${shortId(id)}) is being started by other processes again and again`, {
		hint: "`chore events -f` shows what happens to it",
	});
}

/**
 * Starts the run after `before`, and no other one, whatever was started since.
 * @returns undefined when that run exists already, or the job is gone
 */
async function startAfter(context: Context, before: Job, options: LaunchOptions): Promise<Job | undefined> {
	const { session } = context;
	const { id } = before;
	const last = readStoredRun(session, id, before.run);
	if (last === undefined) return undefined;
	if (isUnreadable(last)) return refuseUnreadable(last);
	const job = last.next ?? last.job;
	checkDirectory(job.directory);
	findProgram(job.program, job.directory, undefined);
	if (typeof job.stdin === "object") checkInput(job.stdin.file);
	const platform = await context.platforms.get(last.run.handle.platform);
	platform.check(job);
	makeSession(session);
	await checkRoom(context);
	throwIfAborted(options.signal, START);

	const number = before.run + 1;
	const folder = runFolder(session, id, number);
	const run = planRun(session, platform, job, number, options.acknowledge ?? true);
	claimMark(session, id);
	try {
		await reclaimName(context, job);
		// From here to the request nothing else gets a turn.
		throwIfAborted(options.signal, START);
		if (!placeRun(session, job, run)) {
			releaseMark(session, id);
			return undefined;
		}
	} catch (error) {
		releaseMark(session, id);
		throw error;
	}
	const launched = launch(context, platform, { job, run, folder }, options, () => {
		removeQuietly(markOf(session, id));
		discardRun(session, id, folder);
	});
	return untilAborted(context, options.signal, START, launched);
}

/**
 * Makes the files of a run in the trash and renames the folder into place. Of several processes that do this for the same
 * run, one succeeds.
 * @returns false for the others, and when the job is gone
 */
function placeRun(session: Session, job: JobRecord, run: RunRecord): boolean {
	const folder = runFolder(session, job.id, run.run);
	const aside = `${session.trash}/new-${job.id}.${randomBytes(4).toString("hex")}`;
	try {
		mkdirSync(aside, { mode: 0o700 });
		writeRun(aside, job, run);
		renameSync(aside, folder);
		return true;
	} catch (error) {
		removeQuietly(aside);
		const errno = errnoOf(error);
		// ENOTDIR: the job is being removed, and a link is in the place of its next run (see remove.ts).
		if (errno === "EEXIST" || errno === "ENOTEMPTY" || errno === "ENOTDIR" || isAbsence(error)) return false;
		if (isChoreError(error)) throw error;
		return refuse(folder, error);
	}
}

/** Deletes a run that was refused. By a rename first, so that no reader sees half of it. Ignores errors: the refusal is reported. */
function discardRun(session: Session, id: string, folder: string): void {
	const aside = `${session.trash}/refused-${id}.${randomBytes(4).toString("hex")}`;
	try {
		renameSync(folder, aside);
	} catch {}
	removeQuietly(aside);
}

/** How `Chore.restart` ends a job and starts its next run. */
export interface RestartJobOptions extends LaunchOptions, StopOptions {}

/** @see Chore.restart in chore.ts */
export async function restart(context: Context, id: string, options: RestartJobOptions = {}): Promise<Job> {
	for (let round = 1; ; round++) {
		const job = await current(context, id);
		if (!isIdle(job) && job.state !== "unknown") await stop(context, id, options);
		try {
			return await rerun(context, id, options);
		} catch (error) {
			// Another process has started it since it was stopped. That run began before this request: stop it, too.
			if (!isChoreError(error) || error.code !== "JOB_ACTIVE" || round === ROUNDS) throw error;
		}
	}
}

function gone(id: string): never {
	throw new ChoreError("JOB_NOT_FOUND", `job ${id} was removed while it was being started`, { hint: "`chore ps -a` lists the jobs" });
}

function refuseActive(job: Job): never {
	if (job.state === "unknown") {
		throw new ChoreError("JOB_UNKNOWN", `${job.name} (${shortId(job.id)}) cannot be asked after: ${job.reason}`, {
			hint: `nothing was started; if it is gone for good, \`chore rm -f ${shortId(job.id)}\` forgets it`,
		});
	}
	throw new ChoreError("JOB_ACTIVE", `${job.name} (${shortId(job.id)}) is not over: ${job.state}`, {
		hint: `\`chore restart ${shortId(job.id)}\` stops it first`,
	});
}
