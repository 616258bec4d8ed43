/** Starts a job again as its next run, with its stored settings: the same script, an output and a record of its own. */
import { randomBytes } from "node:crypto";
import { mkdirSync, renameSync } from "node:fs";
import { ChoreError, errnoOf, isChoreError } from "../../platform/errors.ts";
import type { Context } from "./context.ts";
import { isAbsence, refuse, removeTree, writeMark } from "./files.ts";
import { hasEnded, type Job, shortId } from "./job.ts";
import { checkRoom, type LaunchOptions, launch, planRun, writeRun } from "./launch.ts";
import { claimName, holderOf } from "./names.ts";
import { self } from "./place.ts";
import { checkDirectory, checkInput, findProgram } from "./precheck.ts";
import { makeSession, runFolder } from "./session.ts";
import { current, type StopOptions, stop } from "./stop.ts";
import { isUnreadable, type JobRecord, readStoredRun, refuseUnreadable } from "./store.ts";

/** @see Chore.rerun in chore.ts */
export async function rerun(context: Context, id: string, options: LaunchOptions = {}): Promise<Job> {
	const { session } = context;
	const before = await current(context, id);
	if (!hasEnded(before)) refuseActive(before);
	const last = readStoredRun(session, id);
	if (last === undefined) return current(context, id);
	if (isUnreadable(last)) return refuseUnreadable(last);
	const { job } = last;
	checkDirectory(job.directory);
	findProgram(job.program, job.directory, undefined);
	if (typeof job.stdin === "object") checkInput(job.stdin.file);
	const platform = await context.platforms.get(last.run.handle.platform);
	makeSession(session);
	await checkRoom(context);

	const number = last.run.run + 1;
	const folder = runFolder(session, id, number);
	const run = planRun(session, platform, job, number, options.acknowledge ?? true);
	const mark = `${session.active}/${id}`;
	writeMark(mark, `${JSON.stringify(self())}\n`);
	try {
		await takeName(context, job);
		const aside = `${session.trash}/new-${id}.${randomBytes(4).toString("hex")}`;
		mkdirSync(aside, { mode: 0o700 });
		try {
			writeRun(aside, job, run);
			// Of any number that start the next run at once, one puts it there.
			renameSync(aside, folder);
		} finally {
			removeTree(aside);
		}
	} catch (error) {
		writeMark(mark, "");
		if (isChoreError(error)) throw error;
		const errno = errnoOf(error);
		if (errno === "EEXIST" || errno === "ENOTEMPTY" || isAbsence(error)) return another(await current(context, id));
		return refuse(folder, error);
	}
	const stored = { job, run, folder };
	return launch(context, platform, stored, options, () => {
		removeTree(folder);
		removeTree(mark);
	});
}

export interface RestartJobOptions extends LaunchOptions, StopOptions {}

/** Stops a job that is not over, and starts it again. @see Chore.restart in chore.ts */
export async function restart(context: Context, id: string, options: RestartJobOptions = {}): Promise<Job> {
	for (;;) {
		const job = await current(context, id);
		if (!hasEnded(job) && job.state !== "unknown") await stop(context, id, { graceMs: options.graceMs });
		try {
			return await rerun(context, id, options);
		} catch (error) {
			// Somebody else started it after it was stopped; that start is not the one that was asked for here.
			if (!isChoreError(error) || error.code !== "JOB_ACTIVE") throw error;
		}
	}
}

/** The name is still the job's own, unless another took it since. @throws ChoreError NAME_IN_USE */
async function takeName(context: Context, { id, name }: JobRecord): Promise<void> {
	if (holderOf(context.session, name) === id) return;
	const holder = await claimName(context, name, id);
	if (holder === undefined) return;
	throw new ChoreError("NAME_IN_USE", `the name "${name}" is in use by another job by now (${shortId(holder)})`, {
		hint: `stop that one with \`chore stop ${shortId(holder)}\`, or start a new job under another name`,
	});
}

/** Somebody else was faster: it is either under way by that, or over again. */
function another(job: Job): Job {
	if (!hasEnded(job)) refuseActive(job);
	return job;
}

function refuseActive(job: Job): never {
	if (job.state === "unknown") {
		throw new ChoreError("JOB_UNKNOWN", `${job.name} (${shortId(job.id)}) cannot be asked after: ${job.reason}`, {
			hint: "nothing was started",
		});
	}
	throw new ChoreError("JOB_ACTIVE", `${job.name} (${shortId(job.id)}) is not over: ${job.state}`, {
		hint: `\`chore restart ${shortId(job.id)}\` stops it first`,
	});
}
