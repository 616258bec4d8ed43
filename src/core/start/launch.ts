/** Asks the platform to start a run whose files exist, and deals with the answer. Used by `run` and `rerun`. */
import { existsSync } from "node:fs";
import type { Platform } from "../../../platform/contract.ts";
import { ChoreError, isChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { isFull, refuse } from "../disk/files.ts";
import { record } from "../disk/ledger.ts";
import { jobFolder, type Session } from "../disk/session.ts";
import { readEvidence, type StoredRun } from "../disk/store.ts";
import { hasEnded, type Job, shortId } from "../job.ts";
import { hasBegun } from "../settle/attempts.ts";
import { byRecord, isDoubtful, precedesOutput } from "../settle/settle.ts";
import { snapshot } from "../settle/snapshot.ts";
import { tellEnd } from "../settle/write-end.ts";
import { notices } from "./notice.ts";
import { eventOf, runSpec } from "./plan.ts";
import { abandonStart, finishStart } from "./under-way.ts";

/** How a start is made. */
export interface LaunchOptions {
	/** False: do not wait until the platform has started it. Default true. */
	readonly acknowledge?: boolean | undefined;
	/** Gives up with ABORTED when this signal is raised. A start that the platform was asked for goes on. */
	readonly signal?: AbortSignal | undefined;
	/** Called with a line for people about something that is not an error. */
	readonly onWarning?: ((message: string) => void) | undefined;
}

/**
 * Starts the run. If the outcome of the request is not known, the run is kept.
 *
 * @param discard deletes everything of a run that was refused
 * @returns the job after its start
 * @throws ChoreError the platform's error
 */
export async function launch(
	context: Context,
	platform: Platform,
	stored: StoredRun,
	options: LaunchOptions,
	discard: (refusal: unknown) => void,
): Promise<Job> {
	const { session } = context;
	const acknowledge = options.acknowledge ?? true;
	try {
		await platform.start(runSpec(session, stored.job, stored.run.run, acknowledge), stored.run.handle);
	} catch (error) {
		await refused(session, platform, stored, error, discard);
	}
	try {
		recordStart(session, stored, platform, options);
	} finally {
		finishStart(session, stored);
	}
	if (options.onWarning !== undefined) for (const notice of await notices(session, platform)) options.onWarning(notice);
	// A run that has ended already is settled by the next command: the start should not wait for that.
	const seen = await byRecord(context, stored, "look");
	if (typeof seen === "object") {
		noteEarlyEnd(session, stored, seen);
		return seen;
	}
	const evidence = readEvidence(stored.folder);
	const state = hasBegun(stored.job.restart, evidence) ? "running" : acknowledge ? "starting" : "queued";
	return snapshot(session, stored, evidence, { state, reason: null });
}

async function refused(
	session: Session,
	platform: Platform,
	stored: StoredRun,
	error: unknown,
	discard: (refusal: unknown) => void,
): Promise<never> {
	const { id } = stored.job;
	if (await isKept(session, platform, stored, error)) {
		if (!isChoreError(error)) throw error;
		throw new ChoreError(error.code, `${error.message}; whether job ${id} runs is not known`, {
			hint: `ask later: chore status ${shortId(id)}`,
			cause: error,
		});
	}
	discard(error);
	if (!existsSync(jobFolder(session, id)) && stored.run.run > 1) {
		throw new ChoreError("JOB_NOT_FOUND", `job ${id} was removed while it was being started`, {
			hint: "`chore ps -a` lists the jobs",
			cause: error,
		});
	}
	// The platform's own files may be what did not fit on a full disk: then say STATE_FULL.
	if (isChoreError(error) && isFull(error.cause)) refuse(stored.folder, error.cause);
	throw error;
}

/**
 * Whether the run is kept after a failed request. The job may have started all the same, for example if the bus broke before
 * the answer: so the platform is asked. If the job may run, this process is not its creator any more.
 */
async function isKept(session: Session, platform: Platform, stored: StoredRun, error: unknown): Promise<boolean> {
	if (isChoreError(error) && error.refused) return false;
	let mayRun = true;
	try {
		const [observation] = await platform.inspect([stored.run.handle]);
		mayRun = observation?.kind !== "absent";
	} finally {
		if (mayRun) abandonStart(session, stored);
	}
	return mayRun;
}

/** Tells the end of a run that was recorded before its start was told: whoever recorded it leaves that to this (platform/tell.sh). */
function noteEarlyEnd(session: Session, stored: StoredRun, job: Job): void {
	if (!hasEnded(job) || job.result === "start-failed" || isDoubtful(job.exitCode) || precedesOutput(session, stored)) return;
	try {
		tellEnd(session, job);
	} catch (error) {
		if (!isChoreError(error)) throw error; // whoever settles it tells it
	}
}

/** Notes the start in the ledger. The job runs, so a full disk is only a warning; `settle` then notes the start later. */
function recordStart(session: Session, stored: StoredRun, platform: Platform, { onWarning }: LaunchOptions): void {
	try {
		record(session, eventOf(stored), "started", { platform: platform.name });
	} catch (error) {
		if (!isChoreError(error)) throw error;
		onWarning?.(`the job runs, but its start could not be noted: ${error.message}`);
	}
}
