/**
 * Prunes in passing: behind the answer of a command, for a few milliseconds, from where the last command left off. What was
 * seen so far, and when to look again, is in `sweep.json`; where that is lost it begins anew. Nothing is deleted by that
 * file alone: each job is looked at again before.
 */
import { existsSync, lstatSync } from "node:fs";
import { errnoOf, isChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { readText, replaceFile } from "../disk/files.ts";
import { here, uptimeSeconds } from "../disk/place.ts";
import { activeIds, isId, markOf, runFolder, type Session } from "../disk/session.ts";
import { isUnreadable, latestRun, readEnd, readStoredRun } from "../disk/store.ts";
import { jobIds } from "../look/resolve.ts";
import { clearTrash } from "./clear.ts";
import { outputBytes, uptimeSinceEndMs } from "./prune.ts";
import { forget } from "./remove.ts";
import { beyond, type Ended, type Going, oldestFirst, type Retention } from "./retention.ts";

/** What is carried from one command to the next. */
interface Sweep {
	readonly format: 1;
	/** Nothing is to be done before that, by the wall clock. */
	readonly restUntilMs: number;
	readonly clock: ClockMark;
	/** The jobs that are to be looked at next, and the last one before them. */
	readonly next: readonly string[];
	readonly after: string;
	/** The jobs that are over, as far as was looked. */
	readonly jobs: number;
	readonly bytes: number;
	/** Of those the ones that ended first. */
	readonly oldest: readonly Ended[];
	/** What has to go. */
	readonly going: readonly Going[];
	/** Whether more may have to go than could be carried. */
	readonly isMore: boolean;
}

/** How the wall clock stood to the one that nobody sets, and since when it has done so. */
interface ClockMark {
	readonly bootId: string | null;
	readonly offsetMs: number;
	readonly steadySinceMs: number;
}

const HOUR_MS = 60 * 60 * 1000;

/** In passing no job goes that ended within this time, nor any before the clock has been right, or wrong, for as long. */
const YOUNG_MS = HOUR_MS;

/** From the end of one sweep to the next. */
const REST_MS = 6 * HOUR_MS;

/** A command may take so much longer for it to look. */
const LOOK_MS = 5;

/** And so much longer, all in all, to delete: what was begun is finished, and 20 ms are not to be exceeded by that. */
const PRUNE_MS = 16;

/** So many ids, and so many jobs, are carried on. */
const NEXT_COUNT = 2000;
const OLDEST_COUNT = 1000;

/** How far the wall clock may drift from one look to the next. */
const DRIFT_MS = 60_000;

/** Never fails: whatever is in the way is so for the next command, or for an explicit prune. */
export function sweepInPassing(context: Context): void {
	try {
		sweep(context, performance.now());
	} catch (error) {
		if (!isChoreError(error) && errnoOf(error) === undefined) throw error;
	}
}

function sweep({ session, keep }: Context, beganMs: number): void {
	const path = `${session.folder}/sweep.json`;
	// Where there has never been a job there is nothing to look at, nor a folder to note that in.
	if (!existsSync(session.folder)) return;
	const found = readSweep(path);
	const nowMs = Date.now();
	if (found === "newer" || (nowMs < found.restUntilMs && found.restUntilMs - nowMs <= REST_MS)) return;
	const clock = markClock(found.clock, nowMs);
	const restMs = YOUNG_MS - (uptimeMs() - clock.steadySinceMs);
	const before = { ...found, clock };
	const after = restMs > 0 ? { ...before, restUntilMs: nowMs + restMs } : step(session, keep, before, { beganMs, nowMs });
	replaceFile(path, JSON.stringify(after));
}

/** When the step began: by the clock that takes its time, and by that of the wall. */
interface Times {
	readonly beganMs: number;
	readonly nowMs: number;
}

/** As much as the time allows. */
function step(session: Session, keep: Retention, before: Sweep, times: Times): Sweep {
	const sweep = before.going.length > 0 ? before : lookStep(session, keep, before, times);
	return sweep.going.length > 0 ? pruneStep(session, sweep, times) : sweep;
}

function pruneStep(session: Session, sweep: Sweep, { beganMs, nowMs }: Times): Sweep {
	const { clock, isMore } = sweep;
	for (const [index, one] of sweep.going.entries()) {
		if (performance.now() - beganMs >= PRUNE_MS) return { ...sweep, restUntilMs: 0, going: sweep.going.slice(index) };
		forgetIfStill(session, one, nowMs);
	}
	return { ...BEGINNING, clock, restUntilMs: isMore ? 0 : nowMs + REST_MS };
}

/** Once it has looked at all jobs it knows what has to go. */
function lookStep(session: Session, keep: Retention, before: Sweep, { beganMs, nowMs }: Times): Sweep {
	const isEnough = (): boolean => performance.now() - beganMs >= LOOK_MS;
	if (before.after === "") clearTrash(session, isEnough);
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

/** Everything may have changed since it was looked at, and the clock may have been set. */
function forgetIfStill(session: Session, { id, endedAtMs, leastAgeMs }: Going, nowMs: number): void {
	const stored = readStoredRun(session, id);
	const isMarked = lstatSync(markOf(session, id), { throwIfNoEntry: false }) !== undefined;
	if (stored === undefined || isUnreadable(stored) || isMarked) return;
	const job = readEnd(session, id, stored.run.run);
	if (job === undefined || settledAtMs(session, job) !== endedAtMs) return;
	const ageMs = Math.min(
		nowMs - endedAtMs,
		job.endedAt === null ? Number.POSITIVE_INFINITY : nowMs - Date.parse(job.endedAt),
		uptimeSinceEndMs(stored),
	);
	if (ageMs >= Math.max(leastAgeMs, YOUNG_MS)) forget(session, job, "pruned");
}

/** Looks at jobs one after the other: how long they are over, and how much output they have. */
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
		if (endedAtMs !== undefined) ended.push({ id, endedAtMs, bytes: outputBytes(session, job) });
	}
	return { count: ids.length, ended };
}

/** When the end was written down: from then on it could be seen. */
function settledAtMs(session: Session, { id, run }: { readonly id: string; readonly run: number }): number | undefined {
	return lstatSync(`${runFolder(session, id, run)}/end.json`, { throwIfNoEntry: false })?.mtimeMs;
}

function idsAfter(session: Session, after: string): readonly string[] {
	return jobIds(session)
		.filter((id) => id > after)
		.slice(0, NEXT_COUNT);
}

/** The clock is steady as long as it and the time since boot agree. */
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

/** What cannot be understood is begun anew; what a later version has begun is left to that. */
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
