/** Stops a job, and signals one. The request is written down before anything is signalled: it tells `stopped` from `signal`. */
import { closeSync, constants, openSync, renameSync, writeSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import type { Platform } from "../../platform/contract.ts";
import { ChoreError } from "../../platform/errors.ts";
import { signalNumber } from "../../platform/exit-record.ts";
import type { Context } from "./context.ts";
import { isAbsence, refuse } from "./files.ts";
import { hasEnded, type Job, shortId } from "./job.ts";
import { note } from "./ledger.ts";
import { uptimeSeconds } from "./place.ts";
import { examine } from "./settle.ts";
import { isUnreadable, readStoredRun, refuseUnreadable, type StopMark, type StoredRun } from "./store.ts";
import { waitForEnd } from "./wait.ts";

/** Bytes laid out for the request: a full disk is often why somebody stops a job. */
export const STOP_BYTES = 256;

export interface StopOptions {
	/** Milliseconds between the stop signal and SIGKILL, 0 to kill at once. Default: the job's own. */
	readonly graceMs?: number | undefined;
}

/** @see Chore.stop in chore.ts */
export async function stop(context: Context, id: string, options: StopOptions = {}): Promise<Job> {
	const { graceMs } = options;
	if (graceMs !== undefined && !(graceMs >= 0 && Number.isFinite(graceMs))) {
		throw new ChoreError("INVALID_ARGUMENT", `the grace must be 0 ms or more, not ${graceMs}`);
	}
	const job = await current(context, id);
	if (hasEnded(job)) return job;
	const { stored, platform } = await reachable(context, job);
	const stopping = { ...stored.job.stopping, graceMs: graceMs ?? stored.job.stopping.graceMs };
	markStop(stored, stopping.graceMs);
	note(context.session, job, "stopped", { by: whoAsks() });
	const outcome = await platform.stop(stored.run.handle, stopping);
	if (outcome.kind === "survivors") {
		throw new ChoreError("STOP_FAILED", `${job.name} (${shortId(id)}) still has processes 5 s after SIGKILL: ${outcome.pids.join(", ")}`, {
			hint: "they wait in the kernel or belong to another user; `ps -o pid,stat,wchan,user,args -p PID` shows which",
		});
	}
	return waitForEnd(context, id);
}

/**
 * Sends a signal to a job without asking it to be over: whatever follows is its own doing.
 *
 * @param signal "SIGUSR1", "SIGRTMIN+3"
 * @throws ChoreError INVALID_ARGUMENT for a signal that is none, JOB_NOT_ACTIVE when the job is over
 */
export async function kill(context: Context, id: string, signal: string, whom: "main" | "all"): Promise<Job> {
	if (signalNumber(signal) === undefined) {
		throw new ChoreError("INVALID_ARGUMENT", `there is no signal ${signal} on this system`, { hint: "`kill -l` lists them" });
	}
	const job = await current(context, id);
	const over = new ChoreError("JOB_NOT_ACTIVE", `${job.name} (${shortId(id)}) is not active: ${job.state}`, {
		hint: "only an active job can be signalled",
	});
	if (hasEnded(job)) throw over;
	const { stored, platform } = await reachable(context, job);
	if (!(await platform.kill(stored.run.handle, signal, whom))) throw over;
	return current(context, id);
}

/** The job as it is now. @throws ChoreError JOB_NOT_FOUND when it was removed meanwhile */
export async function current(context: Context, id: string): Promise<Job> {
	const [job] = await examine(context, [id]);
	if (job !== undefined) return job;
	throw new ChoreError("JOB_NOT_FOUND", `there is no job ${id} any more`, { hint: "`chore ps -a` lists the jobs" });
}

/** The records of a job that may be signalled from here, and its platform. @throws ChoreError JOB_UNKNOWN, JOB_UNREADABLE */
export async function reachable(context: Context, job: Job): Promise<{ readonly stored: StoredRun; readonly platform: Platform }> {
	const stored = readStoredRun(context.session, job.id);
	if (stored !== undefined && isUnreadable(stored)) return refuseUnreadable(stored);
	if (stored === undefined || job.state === "unknown") {
		throw new ChoreError("JOB_UNKNOWN", `${job.name} (${shortId(job.id)}) cannot be reached: ${job.reason ?? "its record is gone"}`, {
			hint: "nothing was signalled",
		});
	}
	return { stored, platform: await context.platforms.get(job.platform) };
}

/** Makes the request visible to whatever watches the job. It counts by being there: no space is needed for that. */
function markStop({ folder }: StoredRun, graceMs: number): void {
	const path = `${folder}/stop`;
	// As of before anybody can see it: a run may end of it sooner than this process goes on.
	const mark: StopMark = { at: new Date().toISOString(), uptimeSeconds: uptimeSeconds(), by: whoAsks(), graceMs };
	try {
		renameSync(`${folder}/stop.blank`, path);
	} catch (error) {
		if (isAbsence(error)) return; // asked for before
		refuse(path, error);
	}
	const file = openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW);
	try {
		writeSync(file, JSON.stringify(mark).slice(0, STOP_BYTES));
	} catch {
		// blanks say as much: it was asked for
	} finally {
		closeSync(file);
	}
}

function whoAsks(): string {
	try {
		return `${userInfo().username}@${hostname()}`;
	} catch {
		return `uid ${process.geteuid?.() ?? "?"}`; // no entry in passwd(5): containers
	}
}
