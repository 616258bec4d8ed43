/** Starts a job: everything is written down first, then the platform makes it true. */
import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, truncateSync } from "node:fs";
import { v7 as uuid } from "uuid";
import type { Platform, RunSpec } from "../../platform/contract.ts";
import { ChoreError, isChoreError } from "../../platform/errors.ts";
import { EXIT_RECORD_BYTES } from "../../platform/exit-record.ts";
import type { Context } from "./context.ts";
import { jobEnvironment } from "./environment.ts";
import { isFull, refuse, writeNew } from "./files.ts";
import { hasEnded, type Job, shortId } from "./job.ts";
import { record } from "./ledger.ts";
import { claimFreeName, claimName } from "./names.ts";
import { logoutNotice } from "./notice.ts";
import { here, self, uptimeSeconds } from "./place.ts";
import { checkDirectory, checkInput, findProgram } from "./precheck.ts";
import { callerLimits } from "./resource-limits.ts";
import { activeIds, jobFolder, makeSession, runFolder, type Session } from "./session.ts";
import { byRecord, examine } from "./settle.ts";
import { snapshot } from "./snapshot.ts";
import { checkCapabilities, normalise, type RunOptions, type Spec } from "./spec.ts";
import { startScript } from "./start-script.ts";
import { STOP_BYTES, stop } from "./stop.ts";
import { type JobRecord, outputPaths, type RunRecord, readEvidence, STARTED_BYTES, type StoredRun } from "./store.ts";

/** @see Chore.run in chore.ts */
export async function run(context: Context, options: RunOptions): Promise<Job> {
	const { session } = context;
	const spec = normalise(options, context);
	const platform = await context.platforms.choose(context.platform);
	checkCapabilities(spec, options, platform);
	checkDirectory(spec.directory);
	if (typeof spec.stdin === "object") checkInput(spec.stdin.file);
	const { environment, dropped } = jobEnvironment({
		from: options.environment ?? process.env,
		clean: options.cleanEnvironment ?? false,
		set: options.setEnvironment ?? {},
	});
	if (dropped.length > 0) options.onWarning?.(`left out, since their values are not valid UTF-8: ${dropped.join(", ")}`);
	const path = environment.get("PATH");
	const program = findProgram(spec.command[0], spec.directory, path?.toString());
	makeSession(session);
	checkRoom(context);

	const id = uuid();
	const acknowledge = options.acknowledge ?? true;
	writeNew(`${session.active}/${id}`, `${JSON.stringify(self())}\n`);
	let stored: StoredRun;
	try {
		const name = await takeName(context, spec, options, id);
		if (typeof name === "object") {
			discard(session, id);
			return name;
		}
		const script = startScript({ ...spec, jobId: id, program, arguments: spec.command.slice(1), environment, limits: callerLimits() });
		stored = writeJob(session, platform, { spec, id, name, program, script, acknowledge });
		record(session, eventOf(stored), "created", { command: stored.job.command });
	} catch (error) {
		discard(session, id);
		throw error;
	}
	await launch(session, platform, stored, acknowledge);
	finishMark(session, id);
	await tell(session, stored, platform, options);
	const ended = await byRecord(context, stored);
	return ended === undefined || ended === "removed" ? live(session, stored, acknowledge) : ended;
}

/** The name the job will have, or the active job that has it already where that is what was asked for. */
async function takeName(context: Context, spec: Spec, options: RunOptions, id: string): Promise<string | Job> {
	if (spec.name === undefined) return claimFreeName(context.session, spec.defaultName, id);
	for (;;) {
		const holder = await claimName(context, spec.name, id);
		if (holder === undefined) return spec.name;
		const [job] = await examine(context, [holder]);
		if (job !== undefined && hasEnded(job)) continue; // it ended while we looked
		if (options.ifRunning === "skip" && job !== undefined) return job;
		if (options.ifRunning !== "replace" || job === undefined) {
			throw new ChoreError(
				"NAME_IN_USE",
				`the name "${spec.name}" is in use by a job that is ${job?.state ?? "being started"} (${shortId(holder)})`,
				{
					hint: `take another name, stop it with \`chore stop ${spec.name}\`, or say what to do: --if-running skip|replace|attach`,
				},
			);
		}
		await stop(context, holder);
	}
}

interface Draft {
	readonly spec: Spec;
	readonly id: string;
	readonly name: string;
	readonly program: string;
	readonly script: Buffer;
	readonly acknowledge: boolean;
}

/** Writes the whole job aside and moves it into place: nobody sees half of it. */
function writeJob(session: Session, platform: Platform, draft: Draft): StoredRun {
	const { spec, id, name } = draft;
	const createdAtMs = Date.now();
	const job: JobRecord = {
		format: 1,
		id,
		name,
		createdAtMs,
		command: spec.command,
		program: draft.program,
		directory: spec.directory,
		description: spec.description,
		output: spec.output,
		stdin: spec.stdin,
		limits: spec.limits,
		stopping: spec.stopping,
		unitName: spec.unitName,
		slice: spec.slice,
	};
	const run: RunRecord = {
		format: 1,
		run: 1,
		createdAtMs,
		createdUptimeSeconds: uptimeSeconds(),
		place: here(),
		handle: platform.plan(runSpec(session, job, 1, draft.acknowledge)),
	};
	const aside = `${session.trash}/new-${id}`;
	const folder = `${aside}/runs/1`;
	makeFolders(aside, `${aside}/runs`, folder);
	writeNew(`${aside}/job.json`, `${JSON.stringify(job)}\n`);
	writeNew(`${aside}/start`, draft.script);
	writeRun(folder, job, run);
	try {
		renameSync(aside, jobFolder(session, id));
	} catch (error) {
		refuse(jobFolder(session, id), error);
	}
	return { job, run, folder: runFolder(session, id, 1) };
}

/** The files of a run, laid out so that writing its start and its end will need no space. */
function writeRun(folder: string, job: JobRecord, run: RunRecord): void {
	writeNew(`${folder}/run.json`, `${JSON.stringify(run)}\n`);
	writeNew(`${folder}/exit`, " ".repeat(EXIT_RECORD_BYTES));
	writeNew(`${folder}/started`, " ".repeat(STARTED_BYTES));
	writeNew(`${folder}/stop.blank`, " ".repeat(STOP_BYTES));
	for (const path of outputPaths(folder, job.output)) writeNew(path, "");
	if (job.stdin !== "fifo") return;
	try {
		execFileSync("mkfifo", ["-m", "600", `${folder}/stdin`, `${folder}/control`], { stdio: "pipe" });
	} catch (error) {
		throw new ChoreError("STATE_UNUSABLE", `cannot make a FIFO in ${folder}`, {
			hint: "mkfifo(1) must be there, and the file system must have FIFOs",
			cause: error,
		});
	}
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
		stopping: job.stopping,
		slice: job.slice,
		acknowledge,
	};
}

/** Asks the platform, once. A refusal leaves nothing behind; a request of which nobody knows the outcome leaves the job. */
async function launch(session: Session, platform: Platform, stored: StoredRun, acknowledge: boolean): Promise<void> {
	const { id } = stored.job;
	try {
		await platform.start(runSpec(session, stored.job, stored.run.run, acknowledge), stored.run.handle);
	} catch (error) {
		if (isChoreError(error) && (await mayRun(platform, stored))) {
			throw new ChoreError(error.code, `${error.message}; whether job ${id} runs is not known`, {
				hint: `ask later: chore status ${shortId(id)}`,
				cause: error,
			});
		}
		discard(session, id);
		recordRefusal(session, stored, error);
		// A platform lays out files of its own in the folder of the run.
		if (isChoreError(error) && isFull(error.cause)) refuse(stored.folder, error.cause);
		throw error;
	}
}

function recordRefusal(session: Session, stored: StoredRun, refusal: unknown): void {
	try {
		record(session, eventOf(stored), "removed", { reason: refusal instanceof Error ? refusal.message.slice(0, 500) : null });
	} catch (error) {
		if (!isChoreError(error)) throw error; // the refusal is the news, and a full disk often its reason
	}
}

/** From here on the platform answers for the job: that its creator lives means nothing any more. */
function finishMark(session: Session, id: string): void {
	try {
		truncateSync(`${session.active}/${id}`);
	} catch {
		// somebody has settled or removed it already
	}
}

/** The job runs by now: a disk that is full is no reason to say that it does not. */
async function tell(session: Session, stored: StoredRun, platform: Platform, { onWarning }: RunOptions): Promise<void> {
	try {
		record(session, eventOf(stored), "started", { platform: platform.name });
	} catch (error) {
		if (!isChoreError(error)) throw error;
		onWarning?.(`the job runs, but its start could not be noted: ${error.message}`);
	}
	const notice = onWarning && (await logoutNotice(session, platform));
	if (notice !== undefined) onWarning?.(notice);
}

function live(session: Session, stored: StoredRun, acknowledge: boolean): Job {
	const evidence = readEvidence(stored.folder);
	const state = evidence.started !== null ? "running" : acknowledge ? "starting" : "queued";
	return snapshot(session, stored, evidence, { state, reason: null });
}

function eventOf({ job, run }: StoredRun): Pick<Job, "id" | "run" | "name"> {
	return { id: job.id, run: run.run, name: job.name };
}

/** After a failed request: a bus that broke in the middle may have started the job all the same. */
async function mayRun(platform: Platform, stored: StoredRun): Promise<boolean> {
	const [observation] = await platform.inspect([stored.run.handle]);
	return observation?.kind !== "absent";
}

/** Leaves nothing of a job that was not started. */
function discard(session: Session, id: string): void {
	const folder = jobFolder(session, id);
	try {
		renameSync(folder, `${session.trash}/${id}`);
	} catch {}
	for (const leftover of [`${session.trash}/${id}`, `${session.trash}/new-${id}`, `${session.active}/${id}`])
		rmSync(leftover, { recursive: true, force: true });
}

function makeFolders(...folders: readonly string[]): void {
	for (const folder of folders) {
		try {
			mkdirSync(folder, { mode: 0o700 });
		} catch (error) {
			refuse(folder, error);
		}
	}
}

function checkRoom({ session, maxJobs }: Context): void {
	const active = activeIds(session).length;
	if (active < maxJobs) return;
	throw new ChoreError(
		"TOO_MANY_JOBS",
		`${active} jobs are active in session ${JSON.stringify(session.name)}, and the limit is ${maxJobs}`,
		{
			hint: "stop some, or raise max_jobs in config.toml",
		},
	);
}
