/** Stops a job, and signals one. The request is written down before anything is signalled: it tells `stopped` from `signal`. */
import { randomBytes } from "node:crypto";
import { closeSync, constants, existsSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import type { Platform } from "../../../platform/contract.ts";
import { ChoreError, isChoreError } from "../../../platform/errors.ts";
import { signalNumber } from "../../../platform/exit-record.ts";
import type { Context } from "../context.ts";
import { isAbsence, linkFirst, readNames, refuse, writeNew } from "../disk/files.ts";
import { note } from "../disk/ledger.ts";
import { uptimeSeconds } from "../disk/place.ts";
import { isUnreadable, readStoredRun, refuseUnreadable, type StopMark, type StoredRun } from "../disk/store.ts";
import { hasEnded, type Job, shortId } from "../job.ts";
import { byRecord, examine } from "../settle/settle.ts";
import { waitForEnd } from "./wait.ts";

/** Bytes laid out for the request: a full disk is often why somebody stops a job. */
export const STOP_BYTES = 256;

/** How long after it was stopped the end of a run may take to be seen, and how often it is stopped before that fails. */
const SETTLE_MS = 2_000;
const ROUNDS = 30;

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
	for (let round = 0; round < ROUNDS; round++) {
		const outcome = await platform.stop(stored.run.handle, stopping);
		if (outcome.kind === "survivors") {
			throw new ChoreError(
				"STOP_FAILED",
				`${job.name} (${shortId(id)}) still has processes 5 s after SIGKILL: ${outcome.pids.join(", ")}`,
				{ hint: "they wait in the kernel or belong to another user; `ps -o pid,stat,wchan,user,args -p PID` shows which" },
			);
		}
		// This very run: another process may have started the next one meanwhile.
		const recorded = await byRecord(context, stored);
		if (typeof recorded === "object" && hasEnded(recorded)) return recorded;
		const end = await endWithin(context, id, SETTLE_MS);
		if (end !== undefined) return end;
	}
	const { state } = await current(context, id);
	throw new ChoreError("STOP_FAILED", `${job.name} (${shortId(id)}) was asked to stop, and still is ${state}`, {
		hint: state === "starting" ? "the process that starts it does not come to an end" : "`chore doctor` shows what is not as it should be",
	});
}

/**
 * The end of a run that its platform has stopped; undefined where there is none by then. So it is while another process is
 * at work on its start: what that brings up afterwards has to be stopped again.
 */
async function endWithin(context: Context, id: string, timeoutMs: number): Promise<Job | undefined> {
	try {
		return await waitForEnd(context, id, { timeoutMs });
	} catch (error) {
		if (isChoreError(error) && error.code === "TIMED_OUT") return undefined;
		throw error;
	}
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
	return job ?? gone(id);
}

/** The records of a job that may be signalled from here, and its platform. @throws ChoreError JOB_NOT_FOUND, JOB_UNKNOWN, JOB_UNREADABLE */
export async function reachable(context: Context, job: Job): Promise<{ readonly stored: StoredRun; readonly platform: Platform }> {
	const stored = readStoredRun(context.session, job.id);
	if (stored !== undefined && isUnreadable(stored)) return refuseUnreadable(stored);
	if (stored === undefined) return gone(job.id);
	if (job.state === "unknown") {
		throw new ChoreError("JOB_UNKNOWN", `${job.name} (${shortId(job.id)}) cannot be reached: ${job.reason}`, {
			hint: "nothing was signalled",
		});
	}
	return { stored, platform: await context.platforms.get(job.platform) };
}

function gone(id: string): never {
	throw new ChoreError("JOB_NOT_FOUND", `there is no job ${id} any more`, { hint: "`chore ps -a` lists the jobs" });
}

/** Makes the request visible to whatever watches the job, whole at once. The first that is made counts. */
function markStop({ folder }: StoredRun, graceMs: number): void {
	const path = `${folder}/stop`;
	if (existsSync(path)) return;
	// As of before anybody can see it: a run may end of it sooner than this process goes on.
	const mark: StopMark = { at: new Date().toISOString(), uptimeSeconds: uptimeSeconds(), by: whoAsks(), graceMs };
	const own = `${folder}/stop.${randomBytes(6).toString("hex")}`;
	try {
		linkFirst(writeOwn(folder, own, JSON.stringify(mark).slice(0, STOP_BYTES)), path);
	} catch (error) {
		if (existsSync(folder)) throw error; // else somebody forgets the job: there is nothing to stop any more
	} finally {
		rmSync(own, { force: true });
	}
}

/**
 * Writes a request down in the room that is laid out for one; who comes second needs room of his own.
 * @returns where one stands, ours if possible
 */
function writeOwn(folder: string, own: string, text: string): string {
	try {
		renameSync(`${folder}/stop.blank`, own);
	} catch (error) {
		if (!isAbsence(error)) refuse(own, error);
		try {
			writeNew(own, text);
			return own;
		} catch (refusal) {
			// Whoever had the room may have died there: that a request was begun says as much.
			const other = readNames(folder).find((name) => name.startsWith("stop."));
			if (other === undefined) throw refusal;
			return `${folder}/${other}`;
		}
	}
	try {
		const file = openSync(own, constants.O_WRONLY | constants.O_NOFOLLOW);
		try {
			writeSync(file, text);
		} finally {
			closeSync(file);
		}
	} catch {
		// blanks say as much: it was asked for
	}
	return own;
}

function whoAsks(): string {
	try {
		return `${userInfo().username}@${hostname()}`;
	} catch {
		return `uid ${process.geteuid?.() ?? "?"}`; // no entry in passwd(5): containers
	}
}
