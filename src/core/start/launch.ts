/** Makes one run of a job true, the first as any later one: its files are laid out, then the platform is asked, once. */
import { execFileSync } from "node:child_process";
import { existsSync, rmSync, truncateSync } from "node:fs";
import type { Platform, RunSpec } from "../../../platform/contract.ts";
import { ChoreError, errnoOf, isChoreError } from "../../../platform/errors.ts";
import { EXIT_RECORD_BYTES } from "../../../platform/exit-record.ts";
import type { Context } from "../context.ts";
import { STOP_BYTES } from "../control/stop.ts";
import { isAbsence, isFull, refuse, writeNew } from "../disk/files.ts";
import { record } from "../disk/ledger.ts";
import { creatorMark, here, uptimeSeconds } from "../disk/place.ts";
import { activeIds, jobFolder, markOf, runFolder, type Session } from "../disk/session.ts";
import {
	type JobRecord,
	outputPaths,
	READER_BYTES,
	type RunRecord,
	readEnd,
	readEvidence,
	STARTED_BYTES,
	type StoredRun,
} from "../disk/store.ts";
import { type Job, shortId } from "../job.ts";
import { hasBegun } from "../settle/attempts.ts";
import { byRecord, examine } from "../settle/settle.ts";
import { snapshot } from "../settle/snapshot.ts";
import { logoutNotice } from "./notice.ts";

/** How a start is made. */
export interface LaunchOptions {
	/** False: do not wait until the platform has started it. Default true. */
	readonly acknowledge?: boolean | undefined;
	/** Called for what is not an error but should be known, one line each. */
	readonly onWarning?: ((message: string) => void) | undefined;
}

/** The record of a run that is yet to be made. @throws ChoreError INVALID_ARGUMENT for what its platform refuses */
export function planRun(session: Session, platform: Platform, job: JobRecord, run: number, acknowledge: boolean): RunRecord {
	return {
		format: 1,
		run,
		createdAtMs: Date.now(),
		createdUptimeSeconds: uptimeSeconds(),
		place: here(),
		handle: platform.plan(runSpec(session, job, run, acknowledge)),
	};
}

/** The files of a run, laid out so that writing its start and its end will need no space. */
export function writeRun(folder: string, job: JobRecord, run: RunRecord): void {
	writeNew(`${folder}/run.json`, `${JSON.stringify(run)}\n`);
	// While it names a process that is at work on the start, nobody takes the run for lost that the platform does not have
	// yet. The first run has the mark of its job for that.
	if (run.run > 1) writeNew(`${folder}/starting`, creatorMark());
	writeNew(`${folder}/exit`, " ".repeat(EXIT_RECORD_BYTES));
	writeNew(`${folder}/started`, " ".repeat(STARTED_BYTES));
	writeNew(`${folder}/stop.blank`, " ".repeat(STOP_BYTES));
	if (job.restart.policy !== "no") writeNew(`${folder}/attempts`, "");
	for (const path of outputPaths(folder, job.output)) writeNew(path, "");
	if (job.stdin !== "fifo") return;
	writeNew(`${folder}/reader`, " ".repeat(READER_BYTES));
	try {
		execFileSync("mkfifo", ["-m", "600", `${folder}/stdin`, `${folder}/control`], { stdio: "pipe" });
	} catch (error) {
		throw new ChoreError("STATE_UNUSABLE", `cannot make a FIFO in ${folder}`, {
			hint: "mkfifo(1) must be there, and the file system must have FIFOs",
			cause: error,
		});
	}
}

/**
 * Asks the platform. A request of which nobody knows the outcome leaves the run.
 *
 * @param discard leaves nothing of a run that was refused
 * @returns the job as it is then
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
	const notice = options.onWarning && (await logoutNotice(session, platform));
	if (notice !== undefined) options.onWarning?.(notice);
	// What it left to be settled is for whoever looks next: a start should not wait for it.
	const seen = await byRecord(context, stored, "look");
	if (typeof seen === "object") return seen;
	const evidence = readEvidence(stored.folder);
	const state = hasBegun(stored.job.restart, evidence) ? "running" : acknowledge ? "starting" : "queued";
	return snapshot(session, stored, evidence, { state, reason: null });
}

/** What every event of a run tells. */
export function eventOf({ job, run }: StoredRun): Pick<Job, "id" | "run" | "name"> {
	return { id: job.id, run: run.run, name: job.name };
}

/** @throws ChoreError TOO_MANY_JOBS */
export async function checkRoom(context: Context): Promise<void> {
	const { session, maxJobs } = context;
	if (activeIds(session).length < maxJobs) return;
	// Some may have ended without anybody having looked.
	await examine(context, activeIds(session));
	const active = activeIds(session).length;
	if (active < maxJobs) return;
	throw new ChoreError(
		"TOO_MANY_JOBS",
		`${active} jobs are active in session ${JSON.stringify(session.name)}, and the limit is ${maxJobs}`,
		{ hint: "stop some, or raise max_jobs in config.toml" },
	);
}

/** What the platform needs to know of a run. */
function runSpec(session: Session, job: JobRecord, run: number, acknowledge: boolean): RunSpec {
	return {
		jobId: job.id,
		run,
		label: `${job.name}-${shortId(job.id)}`,
		unitName: job.unitName,
		description: job.description ?? `chore job ${job.name}`,
		jobFolder: jobFolder(session, job.id),
		runFolder: runFolder(session, job.id, run),
		limits: job.limits,
		restart: job.restart,
		stopping: job.stopping,
		properties: job.properties,
		slice: job.slice,
		acknowledge,
	};
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
	// A platform lays out files of its own in the folder of the run.
	if (isChoreError(error) && isFull(error.cause)) refuse(stored.folder, error.cause);
	throw error;
}

/**
 * Whether the run stays after a failed request: a bus that broke in the middle may have started the job all the same. How
 * it is then has to be asked of the platform, by this process as by any other.
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

/** From here on the platform answers for the job, and the mark says no more than that it may be active. */
function finishStart(session: Session, stored: StoredRun): void {
	const mark = markOf(session, stored.job.id);
	try {
		truncateSync(mark);
	} catch (error) {
		// Somebody has settled or removed it already; or, of a later run, taken its mark for that of the run before.
		if (isAbsence(error) && stored.run.run > 1) restoreMark(session, stored, mark);
	}
	if (stored.run.run > 1) rmSync(`${stored.folder}/starting`, { force: true });
}

/**
 * The request is over, and nobody knows whether the job runs: that this process lives says nothing of it any more. One
 * character is left of its marks: it names nobody, and says to whoever finds an end that the start was not noted.
 */
function abandonStart(session: Session, { job, run, folder }: StoredRun): void {
	for (const path of [markOf(session, job.id), ...(run.run > 1 ? [`${folder}/starting`] : [])]) {
		try {
			truncateSync(path, 1);
		} catch (error) {
			if (errnoOf(error) === undefined) throw error; // settled or removed by others; a mark that stays means nothing after a while
		}
	}
}

function restoreMark(session: Session, { job, run }: StoredRun, mark: string): void {
	try {
		writeNew(mark, "");
		if (readEnd(session, job.id, run.run) !== undefined) rmSync(mark, { force: true });
	} catch (error) {
		if (!isChoreError(error)) throw error; // another did, or the disk is full: it is found by its own files
	}
}

/** The job runs by now: a disk that is full is no reason to say that it does not. Until it is noted, whoever settles the run does that. */
function recordStart(session: Session, stored: StoredRun, platform: Platform, { onWarning }: LaunchOptions): void {
	try {
		record(session, eventOf(stored), "started", { platform: platform.name });
	} catch (error) {
		if (!isChoreError(error)) throw error;
		onWarning?.(`the job runs, but its start could not be noted: ${error.message}`);
	}
}
