/**
 * Finds the present state of jobs, and settles those that have ended: writes the end down once. Uses no lock, since two
 * processes that settle the same run write the same. Always read the exit record again after asking the platform: only
 * "absent, and then no record" proves that a run is lost.
 */
import { existsSync } from "node:fs";
import type { Handle, Observation } from "../../../platform/contract.ts";
import { isChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { type Distance, distanceOf, isCreatorAlive } from "../disk/place.ts";
import { jobFolder, runFolder, type Session, scheduledIds } from "../disk/session.ts";
import {
	type Evidence,
	isUnreadable,
	latestRun,
	readEnd,
	readEvidence,
	readStoredRun,
	runNumbersIn,
	type StoredRun,
} from "../disk/store.ts";
import type { Job } from "../job.ts";
import { startFault } from "../prepare/precheck.ts";
import { hasBegun, laterHasBegun, mayRestart, readAttempts } from "./attempts.ts";
import { observeElsewhere, starter } from "./elsewhere.ts";
import { neverRun, withSchedule } from "./scheduled.ts";
import { type Live, snapshot, unreadableJob, withNextRun } from "./snapshot.ts";
import { type End, type Facts, judge, lost } from "./verdict.ts";
import { dropStaleMark, finishEnd, writeEnd } from "./write-end.ts";

/** After a run that was shorter than this with exit code 126, 127 or 200 to 243, its program is checked again. */
const QUICK_MS = 1000;

/**
 * The present state of the jobs with these ids. Settles those that have ended. Skips ids of jobs that do not exist. Makes
 * one request to each platform, however many jobs.
 */
export async function examine(context: Context, ids: readonly string[]): Promise<Job[]> {
	const { session } = context;
	const found = new Map<string, Job>();
	const open: StoredRun[] = [];
	for (const id of ids) {
		const stored = readStoredRun(session, id);
		if (stored === undefined) dropStaleMark(session, id);
		else if (isUnreadable(stored)) found.set(id, unreadableJob(session, stored));
		else if (stored.run.run === 0) found.set(id, neverRun(session, stored));
		else {
			const job = precedesOutput(session, stored) ? undefined : await byRecord(context, stored);
			if (job === undefined) open.push(stored);
			else if (job !== "removed") found.set(id, job);
		}
	}
	for (const platform of new Set(open.map(({ run }) => run.handle.platform))) {
		const runs = open.filter(({ run }) => run.handle.platform === platform);
		for (const [stored, observation] of await observe(context, platform, runs)) {
			const job = await byObservation(context, stored, observation);
			if (job !== "removed") found.set(stored.job.id, job);
		}
	}
	const scheduled = new Set(found.size === 0 ? [] : scheduledIds(session));
	const jobs = ids.flatMap((id) => found.get(id) ?? []);
	return Promise.all(jobs.map((job) => (scheduled.has(job.id) ? asScheduled(context, job) : job)));
}

async function asScheduled(context: Context, job: Job): Promise<Job> {
	await settleEarlier(context, job);
	return withSchedule(context, job);
}

/** Writes down the ends of the runs before this one, at which nobody has looked: a schedule goes on by itself. */
async function settleEarlier(context: Context, { id, run }: Job): Promise<void> {
	const { session } = context;
	const unsettled: StoredRun[] = [];
	for (const number of [...runNumbersIn(jobFolder(session, id))].reverse()) {
		if (number >= run) continue;
		if (readEnd(session, id, number) !== undefined) break;
		const stored = readStoredRun(session, id, number);
		if (stored !== undefined && !isUnreadable(stored)) unsettled.push(stored);
	}
	for (const stored of unsettled.reverse()) {
		if ((await byRecord(context, stored)) !== undefined) continue;
		for (const [, observation] of await observe(context, stored.run.handle.platform, [stored])) {
			await byObservation(context, stored, observation);
		}
	}
}

/**
 * The job, if its files alone tell its state.
 *
 * @param mode "settle" writes the end down; "look" does not
 * @returns undefined when the platform must be asked; "removed" when the files are gone since the records were read
 */
export async function byRecord(
	context: Context,
	stored: StoredRun,
	mode: "settle" | "look" = "settle",
): Promise<Job | "removed" | undefined> {
	const settled = readEnd(context.session, stored.job.id, stored.run.run);
	if (settled !== undefined) {
		finishEnd(context.session, settled);
		return withNextRun(settled, stored);
	}
	const evidence = readEvidence(stored.folder);
	const away = distanceOf(stored);
	const end = recordedEnd(stored, evidence, away);
	if (end !== undefined) {
		// An end that was recorded elsewhere is written down there, unless nothing is left there that could.
		const mayWrite = mode === "settle" && (isSettledHere(away) || (await isOver(context, stored)));
		return mayWrite ? settle(context, stored, evidence, end) : snapshot(context.session, stored, evidence, end);
	}
	if (evidence.exit === "corrupt" && !existsSync(stored.folder)) return "removed";
	if (evidence.exit === "corrupt" || evidence.exit === "newer") {
		const why = evidence.exit === "newer" ? "a newer version of chore wrote it" : "it is damaged";
		return snapshot(context.session, stored, evidence, { state: "unknown", reason: `unreadable: ${stored.folder}/exit: ${why}` });
	}
	if (away === "earlier-boot")
		return settle(context, stored, evidence, lost(facts(stored, evidence, false), "the machine was restarted while it ran"));
	return undefined;
}

/**
 * Whether the exit record of a run may be written before the end of its output, which is then in a pipe. The end is told only
 * once the platform has no process of the run any more.
 */
export function precedesOutput(session: Session, stored: StoredRun): boolean {
	const { job, run } = stored;
	return job.relay === true && distanceOf(stored) === "here" && readEnd(session, job.id, run.run) === undefined;
}

/** Whether the files of a job say that it has ended; also true if there are none. Asks no platform and settles nothing. */
export function hasRecordedEnd(session: Session, id: string): boolean {
	const run = latestRun(session, id);
	if (readEnd(session, id, run) !== undefined) return true;
	const evidence = readEvidence(runFolder(session, id, run));
	if (typeof evidence.exit !== "object") return false;
	const stored = readStoredRun(session, id, run);
	return stored !== undefined && !isUnreadable(stored) && recordedEnd(stored, evidence, distanceOf(stored)) !== undefined;
}

/** How the run ended by its exit record; undefined when there is none, or when another attempt may follow or has begun. */
function recordedEnd(stored: StoredRun, evidence: Evidence, away: Distance): End | undefined {
	const { exit } = evidence;
	if (typeof exit !== "object") return undefined;
	const { restart } = stored.job;
	const isFinal = !mayRestart(restart, exit) && !laterHasBegun(restart, evidence);
	if (isFinal) return judge(facts(stored, evidence, away === "here"));
	if (away !== "earlier-boot") return undefined;
	// The machine was restarted, either between two attempts or during a later one.
	return laterHasBegun(restart, evidence)
		? lost(facts(stored, evidence, false), `the machine was restarted during attempt ${exit.attempt + 1}`)
		: judge(facts(stored, evidence, false));
}

/** @param isLastWord whether the platform was asked after no process was starting the run any more */
async function byObservation(
	context: Context,
	stored: StoredRun,
	observation: Observation,
	isLastWord: boolean = false,
): Promise<Job | "removed"> {
	const isLive = observation.kind === "running" || observation.kind === "stopping" || observation.kind === "queued";
	const recorded = isLive && precedesOutput(context.session, stored) ? undefined : await byRecord(context, stored);
	if (recorded !== undefined) return recorded;
	const evidence = readEvidence(stored.folder);
	const live = (state: Live["state"], reason: string | null = null): Job => snapshot(context.session, stored, evidence, { state, reason });
	const isUnderWay = hasBegun(stored.job.restart, evidence);
	switch (observation.kind) {
		case "queued":
			return live("queued", betweenAttempts(stored, evidence));
		case "running":
			return live(observation.paused ? "paused" : evidence.stop !== null ? "stopping" : isUnderWay ? "running" : "starting");
		case "stopping":
			return live("stopping");
		case "unsupervised":
			return live("running", "whatever watched it is gone: it runs on, but how it ends will not be known");
		case "unreachable":
			return live("unknown", observation.reason);
		case "ended":
			return settle(context, stored, evidence, judge({ ...facts(stored, evidence, true), observed: observation.end }));
		case "absent":
			if (isCreatorAlive(starter(context.session, stored))) return live("starting");
			// The start may have been finished after the platform was asked, so ask once more.
			if (!isLastWord) {
				const [[, now] = [stored, observation]] = await observe(context, stored.run.handle.platform, [stored]);
				return byObservation(context, stored, now, true);
			}
			if (typeof evidence.exit === "object" && !laterHasBegun(stored.job.restart, evidence))
				return settle(context, stored, evidence, judge(facts(stored, evidence, distanceOf(stored) === "here")));
			return settle(context, stored, evidence, lost(facts(stored, evidence, false), lostReason(evidence)));
	}
}

function betweenAttempts({ job }: StoredRun, { exit }: Evidence): string | null {
	if (typeof exit !== "object") return null;
	const how = "code" in exit.status ? `exit code ${exit.status.code}` : exit.status.signal;
	return `attempt ${exit.attempt} ended with ${how}; the next begins ${job.restart.delayMs / 1000} s after that`;
}

function lostReason(evidence: Evidence): string {
	if (evidence.started === null) return "it was never started: chore was interrupted before";
	return evidence.stop === null
		? "it is gone, and nobody recorded how it ended: whatever watched it was killed"
		: "it was stopped, but nobody recorded how it ended: whatever watched it was killed";
}

function facts(stored: StoredRun, evidence: Evidence, lookAgain: boolean): Facts {
	const { run, job } = stored;
	const { exit } = evidence;
	const hadTimeout = typeof exit === "object" && exit.result === "timeout" && exit.attempt > 1;
	const before = hadTimeout ? readAttempts(stored).find(({ attempt }) => attempt === exit.attempt - 1) : undefined;
	const known: Facts = {
		run,
		limits: job.limits,
		restart: job.restart,
		evidence,
		before: before ?? null,
		observed: null,
		startFailure: null,
	};
	return lookAgain ? { ...known, startFailure: startFailure(known, job) } : known;
}

/** Exit codes of a shell whose exec or redirection failed. The shell may also exit as it is told to by a signal, with others. */
const OF_EXEC: ReadonlySet<number> = new Set([1, 2, 126, 127]);

/**
 * Why the program could not be started; null if it was. The exit codes that shells, env(1) and systemd use for their own
 * failures count only if the program cannot be run, unless the start script itself says so.
 */
function startFailure(known: Facts, job: StoredRun["job"]): string | null {
	const { exit, started } = known.evidence;
	if (typeof exit !== "object" || !("code" in exit.status)) return null;
	const { code } = exit.status;
	if (started?.isNotExecuted && OF_EXEC.has(code))
		return startFault(job) ?? "its program could not be executed; the end of its output may tell why";
	if (!isDoubtful(code)) return null;
	const { startedAtMs, endedAtMs } = judge(known);
	if (startedAtMs !== null && endedAtMs !== null && endedAtMs - startedAtMs > QUICK_MS) return null;
	return startFault(job);
}

/** Whether a run that ended with this exit code may not have been started at all, for which its program has to be looked at. */
export function isDoubtful(code: number | null): boolean {
	return code !== null && (code === 126 || code === 127 || (code >= 200 && code <= 243));
}

/** Writes the end down and has the platform forget the run. @returns the end that counts: another process may have written one before */
async function settle(context: Context, stored: StoredRun, evidence: Evidence, end: End): Promise<Job> {
	const { session } = context;
	const job = writeEnd(session, snapshot(session, stored, evidence, { ...end }), {
		// The process that started the run may have died before it noted the start in the ledger.
		isStartNoted: !starter(session, stored) || (evidence.started === null && typeof evidence.exit !== "object"),
	});
	if (leavesResidue(stored, evidence)) await release(context, stored.run.handle);
	return job;
}

/** Whether the platform may still keep something of the run. After a success without restarts it does not. */
function leavesResidue({ job }: StoredRun, { exit }: Evidence): boolean {
	return typeof exit !== "object" || exit.result !== "success" || job.restart.policy !== "no";
}

async function release(context: Context, handle: Handle): Promise<void> {
	try {
		await (await context.platforms.get(handle.platform)).forget(handle);
	} catch (error) {
		if (!isChoreError(error)) throw error; // out of reach: what it keeps does no harm
	}
}

function isSettledHere(away: Distance): boolean {
	return away === "here" || away === "earlier-boot";
}

/** Whether a run that was started elsewhere is proved to be over. */
async function isOver(context: Context, stored: StoredRun): Promise<boolean> {
	const [observation] = await observeElsewhere(context, stored.run.handle.platform, [stored]);
	return observation?.kind === "absent";
}

/** Each run with what is known of it at present. */
async function observe(context: Context, platform: string, runs: readonly StoredRun[]): Promise<(readonly [StoredRun, Observation])[]> {
	const isHere = runs.map((stored) => distanceOf(stored) === "here");
	const pair = (asked: readonly StoredRun[], answers: readonly Observation[]) =>
		asked.map((stored, index) => [stored, answers[index] ?? { kind: "unreachable", reason: "the platform said nothing of it" }] as const);
	const near = runs.filter((_, index) => isHere[index]);
	const far = runs.filter((_, index) => !isHere[index]);
	return [
		...(near.length === 0 ? [] : pair(near, await inspect(context, platform, near))),
		...(far.length === 0 ? [] : pair(far, await observeElsewhere(context, platform, far))),
	];
}

async function inspect(context: Context, platform: string, runs: readonly StoredRun[]): Promise<readonly Observation[]> {
	try {
		return await (await context.platforms.get(platform)).inspect(runs.map(({ run }) => run.handle));
	} catch (error) {
		if (!isChoreError(error)) throw error;
		return runs.map(() => ({ kind: "unreachable", reason: error.message }));
	}
}
