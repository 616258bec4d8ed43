/** Forgets the ended jobs that are more or older than the limits of what is kept. Never an active job. */
import { ChoreError, type ErrorCode, isChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { readText } from "../disk/files.ts";
import { here, isCreatorAlive, uptimeSeconds } from "../disk/place.ts";
import { entryAt } from "../disk/private-folder.ts";
import { clearPrograms } from "../disk/programs.ts";
import { jobFolder, markOf, runFolder, type Session } from "../disk/session.ts";
import { isUnreadable, outputBytesIn, readEvidence, readStoredRun, type StoredRun } from "../disk/store.ts";
import { hasEnded, type Job, type JobState } from "../job.ts";
import { list } from "../look/list.ts";
import { clearClaims, clearTrash } from "./clear.ts";
import { forget } from "./remove.ts";
import { beyond, checkBound, type Ended, type Going, oldestFirst, type Retention } from "./retention.ts";

/** What to forget. Defaults: `keepDays`, `keepJobs` and `keepBytes` of ChoreOptions. */
export interface PruneOptions {
	/** Forget jobs that ended at least this many milliseconds ago. */
	readonly olderThanMs?: number | undefined;
	/** The number of ended jobs to keep at most. */
	readonly keepJobs?: number | undefined;
	/** The bytes of their output to keep at most. */
	readonly keepBytes?: number | undefined;
	/** Forget all ended jobs. */
	readonly all?: boolean | undefined;
	/** Forget nothing; only report what would be forgotten. */
	readonly dryRun?: boolean | undefined;
}

/** What was forgotten, or would be. */
export interface PruneReport {
	/** Version of this shape. Fields are added, never renamed. */
	readonly schema: 1;
	readonly dryRun: boolean;
	/** The forgotten jobs, the one that ended first first. */
	readonly jobs: readonly PrunedJob[];
	/** The bytes of their output. */
	readonly bytes: number;
	/** Jobs that could not be forgotten, and why. */
	readonly failures: readonly { readonly id: string; readonly code: ErrorCode; readonly message: string; readonly hint: string | null }[];
}

/** A job that was forgotten by pruning, or would be. */
export interface PrunedJob {
	readonly id: string;
	readonly name: string;
	readonly state: JobState;
	readonly endedAt: string | null;
	/** The bytes of the output of all its runs. */
	readonly bytes: number;
}

/** After this many jobs the event loop gets a turn. */
const SLICE = 20;

/** @see Chore.prune in chore.ts */
export async function prune(context: Context, options: PruneOptions = {}): Promise<PruneReport> {
	const { session } = context;
	const keep = retentionOf(context, options);
	const nowMs = Date.now();
	const jobs = new Map((await list(context, { all: true })).filter(hasEnded).map((job) => [job.id, job]));
	const ended = [...jobs.values()].map(
		(job): Ended => ({ id: job.id, endedAtMs: endedAtMs(session, job), bytes: outputBytesIn(jobFolder(session, job.id), job.run) }),
	);
	const all = { jobs: ended.length, bytes: ended.reduce((sum, { bytes }) => sum + bytes, 0) };
	const going: readonly Going[] = options.all
		? ended.sort(oldestFirst).map((one) => ({ ...one, leastAgeMs: 0 }))
		: beyond(ended, all, keep, nowMs);
	const pruned: PrunedJob[] = [];
	const failures: PruneReport["failures"][number][] = [];
	for (const [index, one] of going.entries()) {
		const { id, bytes } = one;
		if (index % SLICE === SLICE - 1) await new Promise((resume) => setImmediate(resume));
		const job = jobs.get(id);
		if (job === undefined || !mayGo(session, one)) continue;
		try {
			if (options.dryRun || (await forget(session, job, { reason: "pruned" })) === "forgotten") pruned.push(brief(job, bytes));
		} catch (error) {
			if (!isChoreError(error)) throw error;
			failures.push({ id, code: error.code, message: error.message, hint: error.hint ?? null });
		}
	}
	if (!options.dryRun) {
		await clearTrash(session);
		clearClaims(session);
		clearPrograms(session.root);
	}
	return { schema: 1, dryRun: options.dryRun ?? false, jobs: pruned, bytes: pruned.reduce((sum, { bytes }) => sum + bytes, 0), failures };
}

function retentionOf({ keep }: Context, { olderThanMs, keepJobs, keepBytes, all }: PruneOptions): Retention {
	for (const [name, value] of Object.entries({ olderThanMs, keepJobs, keepBytes })) {
		if (value === undefined) continue;
		checkBound(name, value);
		if (all) throw new ChoreError("INVALID_ARGUMENT", `all and ${name} exclude each other`, { hint: "all means every job that is over" });
	}
	return { ageMs: olderThanMs ?? keep.ageMs, jobs: keepJobs ?? keep.jobs, bytes: keepBytes ?? keep.bytes };
}

/** When a job ended; for a lost one, when it was found to be lost. Milliseconds since the epoch. */
function endedAtMs(session: Session, { id, run, endedAt }: Job): number {
	if (endedAt !== null) return Date.parse(endedAt);
	return entryAt(`${runFolder(session, id, run)}/end.json`)?.mtimeMs ?? Date.now();
}

/**
 * Whether a job may be forgotten: its record can be read, and no process is starting it again. If it goes because of its
 * age, it must be as old by the time since boot, too: the wall clock may have been set.
 */
function mayGo(session: Session, { id, leastAgeMs }: Going): boolean {
	if (entryAt(markOf(session, id)) !== undefined && isCreatorAlive(readText(markOf(session, id)))) return false;
	const stored = readStoredRun(session, id);
	return stored !== undefined && !isUnreadable(stored) && (leastAgeMs === 0 || uptimeSinceEndMs(stored) >= leastAgeMs);
}

/** Milliseconds since a run ended, by the time since boot; Infinity for a run of another boot. */
export function uptimeSinceEndMs({ run, folder }: StoredRun): number {
	const { exit } = readEvidence(folder);
	const isOfThisBoot = run.place.bootId !== null && run.place.bootId === here().bootId;
	if (!isOfThisBoot || typeof exit !== "object" || exit.uptimeSeconds === null || exit.bootId !== run.place.bootId)
		return Number.POSITIVE_INFINITY;
	return (uptimeSeconds() - exit.uptimeSeconds) * 1000;
}

function brief({ id, name, state, endedAt }: Job, bytes: number): PrunedJob {
	return { id, name, state, endedAt, bytes };
}
