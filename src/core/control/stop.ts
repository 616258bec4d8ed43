/** Stops a job. Never signals before the stop mark is written: the mark tells the result `stopped` from `signal`. */
import type { Platform, Stopping } from "../../../platform/contract.ts";
import { ChoreError, isChoreError } from "../../../platform/errors.ts";
import { throwIfAborted, untilAborted } from "../abort.ts";
import type { Context } from "../context.ts";
import { note } from "../disk/ledger.ts";
import { markStop, whoAsks } from "../disk/stop-mark.ts";
import type { StoredRun } from "../disk/store.ts";
import { hasEnded, isIdle, type Job, shortId } from "../job.ts";
import { byRecord } from "../settle/settle.ts";
import { current, reachable } from "./reach.ts";
import { waitForEnd } from "./wait.ts";

/** How long to wait for the end of a run that its platform has stopped, and how often to stop it again. */
const SETTLE_MS = 2_000;
const ROUNDS = 30;

/** How `Chore.stop` ends a job. */
export interface StopOptions {
	/** Milliseconds between the stop signal and SIGKILL, 0 to kill at once. Default: the job's own. */
	readonly graceMs?: number | undefined;
	/** Gives up with ABORTED when this signal is raised. A stop that was asked for goes on. */
	readonly signal?: AbortSignal | undefined;
}

/** In messages. */
const STOP = "the stop";

/** @see Chore.stop in chore.ts */
export async function stop(context: Context, id: string, options: StopOptions = {}): Promise<Job> {
	const { graceMs, signal } = options;
	if (graceMs !== undefined && !(graceMs >= 0 && Number.isFinite(graceMs))) {
		throw new ChoreError("INVALID_ARGUMENT", `the grace must be 0 ms or more, not ${graceMs}`);
	}
	const job = await current(context, id);
	if (isIdle(job)) return job;
	const { stored, platform } = await reachable(context, job);
	throwIfAborted(signal, STOP);
	const stopping = { ...stored.job.stopping, graceMs: graceMs ?? stored.job.stopping.graceMs };
	markStop(stored, stopping.graceMs);
	note(context.session, job, "stopped", { by: whoAsks() });
	return untilAborted(context, signal, STOP, finishStop(context, stored, platform, stopping));
}

async function finishStop(context: Context, stored: StoredRun, platform: Platform, stopping: Stopping): Promise<Job> {
	const { id, name } = stored.job;
	for (let round = 0; round < ROUNDS; round++) {
		const outcome = await platform.stop(stored.run.handle, stopping);
		if (outcome.kind === "survivors") {
			throw new ChoreError("STOP_FAILED", `${name} (${shortId(id)}) still has processes 5 s after SIGKILL: ${outcome.pids.join(", ")}`, {
				hint: "they wait in the kernel or belong to another user; `ps -o pid,stat,wchan,user,args -p PID` shows which",
			});
		}
		// By the record of this run: another process may have started the next run meanwhile.
		const recorded = await byRecord(context, stored);
		if (typeof recorded === "object" && hasEnded(recorded)) return recorded;
		const end = await endWithin(context, id, SETTLE_MS);
		if (end !== undefined) return end;
	}
	const { state } = await current(context, id);
	throw new ChoreError("STOP_FAILED", `${name} (${shortId(id)}) was asked to stop, and still is ${state}`, {
		hint: state === "starting" ? "the process that starts it does not come to an end" : "`chore doctor` shows what is not as it should be",
	});
}

/**
 * Waits for the end of a run that its platform has stopped. Undefined when there is none in that time: another process may
 * still be starting the run, and what it starts must be stopped again.
 */
async function endWithin(context: Context, id: string, timeoutMs: number): Promise<Job | undefined> {
	try {
		return await waitForEnd(context, id, { timeoutMs });
	} catch (error) {
		if (isChoreError(error) && error.code === "TIMED_OUT") return undefined;
		throw error;
	}
}
