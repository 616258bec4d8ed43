/**
 * Prunes in passing: after the answer of a command, for a few milliseconds, from where the last command stopped. `sweep.json`
 * holds what was seen so far and when to go on; without it the sweep begins anew. Never deletes a job by that file alone:
 * each job is checked again.
 */
import { existsSync } from "node:fs";
import { errnoOf, isChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { readText, replaceFile } from "../disk/files.ts";
import { here, uptimeSeconds } from "../disk/place.ts";
import { entryAt } from "../disk/private-folder.ts";
import { activeIds, isId, jobFolder, markOf, runFolder, type Session } from "../disk/session.ts";
import { isUnreadable, latestRun, outputBytesIn, readEnd, readStoredRun } from "../disk/store.ts";
import { jobIds } from "../look/resolve.ts";
import { clearTrash } from "./clear.ts";
import { uptimeSinceEndMs } from "./prune.ts";
import { forget } from "./remove.ts";
import { beyond, type Ended, type Going, oldestFirst, type Retention } from "./retention.ts";

/** The content of `sweep.json`. */
interface Sweep {
	readonly format: 1;
	/** The time before which nothing is done, by the wall clock, in milliseconds since the epoch. */
	readonly restUntilMs: number;
	readonly clock: ClockMark;
	/** The ids of the jobs to look at next. */
	readonly next: readonly string[];
	/** The id of the last job that was looked at; "" at the beginning. */
	readonly after: string;
	/** The number of ended jobs among those that were looked at, and the bytes of their output. */
	readonly jobs: number;
	readonly bytes: number;
	/** Those of them that ended first. */
	readonly oldest: readonly Ended[];
	/** The jobs to forget. */
	readonly going: readonly Going[];
	/** Whether there may be more jobs to forget than `going` can hold. */
	readonly isMore: boolean;
}

/** The difference between the wall clock and the time since boot, and since when it has been the same. */
interface ClockMark {
	readonly bootId: string | null;
	readonly offsetMs: number;
	readonly steadySinceMs: number;
}

const HOUR_MS = 60 * 60 * 1000;

/** The sweep forgets no job that ended within this time, and none before the wall clock has not been set for as long. */
const YOUNG_MS = HOUR_MS;

/** The time from the end of one sweep to the next. */
const REST_MS = 6 * HOUR_MS;

/** How long one command may look at jobs. */
const LOOK_MS = 5;

/** After this time one command begins no further deletion. Finishing the last one should end within 20 ms. */
const PRUNE_MS = 16;

/** How many ids `next` holds at most, and how many jobs `oldest`. */
const NEXT_COUNT = 2000;
const OLDEST_COUNT = 1000;

/** If the difference changes by more than this, the wall clock was set. */
const DRIFT_MS = 60_000;

/** Does one step of the sweep. Ignores errors of the system and of chore: the next command tries again. */
export async function sweepInPassing(context: Context): Promise<void> {
	try {
		await sweep(context, performance.now());
	} catch (error) {
		if (!isChoreError(error) && errnoOf(error) === undefined) throw error;
	}
}

async function sweep({ session, keep }: Context, beganMs: number): Promise<void> {
	const path = `${session.folder}/sweep.json`;
	// No job was ever made in this session.
	if (!existsSync(session.folder)) return;
	const found = readSweep(path);
	const nowMs = Date.now();
	if (found === "newer" || (nowMs < found.restUntilMs && found.restUntilMs - nowMs <= REST_MS)) return;
	const clock = markClock(found.clock, nowMs);
	const restMs = YOUNG_MS - (uptimeMs() - clock.steadySinceMs);
	const before = { ...found, clock };
	const after = restMs > 0 ? { ...before, restUntilMs: nowMs + restMs } : await step(session, keep, before, { beganMs, nowMs });
	replaceFile(path, JSON.stringify(after));
}

/** When the step began, by performance.now() and by the wall clock. */
interface Times {
	readonly beganMs: number;
	readonly nowMs: number;
}

/** Looks at jobs or forgets jobs, for as long as one command may. */
async function step(session: Session, keep: Retention, before: Sweep, times: Times): Promise<Sweep> {
	if (before.going.length === 0 && before.after === "") await clearTrash(session, { inPassing: true });
	const sweep = before.going.length > 0 ? before : lookStep(session, keep, before, times);
	return sweep.going.length > 0 ? pruneStep(session, sweep, times) : sweep;
}

async function pruneStep(session: Session, sweep: Sweep, { beganMs, nowMs }: Times): Promise<Sweep> {
	const { clock, isMore } = sweep;
	for (const [index, one] of sweep.going.entries()) {
		if (performance.now() - beganMs >= PRUNE_MS) return { ...sweep, restUntilMs: 0, going: sweep.going.slice(index) };
		await forgetIfStill(session, one, nowMs);
	}
	return { ...BEGINNING, clock, restUntilMs: isMore ? 0 : nowMs + REST_MS };
}

/** Looks at the next jobs. After the last one, chooses the jobs to forget. */
function lookStep(session: Session, keep: Retention, before: Sweep, { beganMs, nowMs }: Times): Sweep {
	const isEnough = (): boolean => performance.now() - beganMs >= LOOK_MS;
	const next = before.next.length > 0 ? before.next : idsAfter(session, before.after);
	const { count, ended } = look(session, next, isEnough);
	const sweep: Sweep = {
		...before,
		restUntilMs: 0,
		next: next.slice(count),
		after: next[count - 1] ?? before.after,
		jobs: before.jobs + ended.length,
		bytes: before.bytes + ended.reduce((sum, one) => sum + one.bytes, 0),
		oldest: [...before.oldest, ...ended].sort(oldestFirst).slice(0, OLDEST_COUNT),
	};
	if (count < next.length || next.length === NEXT_COUNT) return sweep;
	const tooMuch = beyond(sweep.oldest, sweep, keep, nowMs);
	const going = tooMuch.filter(({ endedAtMs }) => nowMs - endedAtMs >= YOUNG_MS);
	const restMs = tooMuch.length > 0 ? YOUNG_MS : REST_MS;
	return { ...BEGINNING, clock: sweep.clock, restUntilMs: nowMs + restMs, going, isMore: going.length === OLDEST_COUNT };
}

/** Forgets a job after checking again that it is still the same end, old enough by each clock, and not being started. */
async function forgetIfStill(session: Session, { id, endedAtMs, leastAgeMs }: Going, nowMs: number): Promise<void> {
	const stored = readStoredRun(session, id);
	const isMarked = entryAt(markOf(session, id)) !== undefined;
	if (stored === undefined || isUnreadable(stored) || isMarked) return;
	const job = readEnd(session, id, stored.run.run);
	if (job === undefined || settledAtMs(session, job) !== endedAtMs) return;
	const ageMs = Math.min(
		nowMs - endedAtMs,
		job.endedAt === null ? Number.POSITIVE_INFINITY : nowMs - Date.parse(job.endedAt),
		uptimeSinceEndMs(stored),
	);
	if (ageMs >= Math.max(leastAgeMs, YOUNG_MS)) await forget(session, job, { reason: "pruned", inPassing: true });
}

/** Finds the ended jobs among `ids`, until `isEnough`. @returns how many ids it has looked at, and the ended jobs */
function look(
	session: Session,
	ids: readonly string[],
	isEnough: () => boolean,
): { readonly count: number; readonly ended: readonly Ended[] } {
	const active = new Set(activeIds(session));
	const ended: Ended[] = [];
	for (const [index, id] of ids.entries()) {
		if (index > 0 && isEnough()) return { count: index, ended };
		if (active.has(id)) continue;
		const job = { id, run: latestRun(session, id) };
		const endedAtMs = settledAtMs(session, job);
		if (endedAtMs !== undefined) ended.push({ id, endedAtMs, bytes: outputBytesIn(jobFolder(session, id), job.run) });
	}
	return { count: ids.length, ended };
}

/** When the end was written down, in milliseconds since the epoch; undefined if it was not. */
function settledAtMs(session: Session, { id, run }: { readonly id: string; readonly run: number }): number | undefined {
	return entryAt(`${runFolder(session, id, run)}/end.json`)?.mtimeMs;
}

function idsAfter(session: Session, after: string): readonly string[] {
	return jobIds(session)
		.filter((id) => id > after)
		.slice(0, NEXT_COUNT);
}

/** Compares the wall clock with the time since boot, now and at the last step. */
function markClock(before: ClockMark, nowMs: number): ClockMark {
	const now = { bootId: here().bootId, offsetMs: nowMs - uptimeMs() };
	const isSteady =
		before.bootId === now.bootId && Math.abs(before.offsetMs - now.offsetMs) <= DRIFT_MS && before.steadySinceMs <= uptimeMs();
	return { ...now, steadySinceMs: isSteady ? before.steadySinceMs : uptimeMs() };
}

function uptimeMs(): number {
	return uptimeSeconds() * 1000;
}

const BEGINNING: Sweep = {
	format: 1,
	restUntilMs: 0,
	clock: { bootId: null, offsetMs: 0, steadySinceMs: Number.POSITIVE_INFINITY },
	next: [],
	after: "",
	jobs: 0,
	bytes: 0,
	oldest: [],
	going: [],
	isMore: false,
};

/** Reads `sweep.json`; BEGINNING for a missing or damaged one, "newer" for one of a later version of chore. */
function readSweep(path: string): Sweep | "newer" {
	const text = readText(path);
	try {
		const sweep = JSON.parse(text ?? "") as Sweep;
		const { format, restUntilMs, clock, next, after, jobs, bytes, oldest, going } = sweep;
		if (format > BEGINNING.format) return "newer";
		const isSound =
			[restUntilMs, jobs, bytes, clock.offsetMs, clock.steadySinceMs].every(Number.isFinite) &&
			typeof after === "string" &&
			next.every(isId) &&
			[...oldest, ...going].every(({ id, endedAtMs }) => isId(id) && Number.isFinite(endedAtMs)) &&
			going.every(({ leastAgeMs }) => leastAgeMs >= 0);
		return isSound ? sweep : BEGINNING;
	} catch {
		return BEGINNING;
	}
}
