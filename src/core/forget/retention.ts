/** Chooses the ended jobs that are beyond the limits of what is kept, those that ended first. Pure. */
import { ChoreError } from "../../../platform/errors.ts";
import type { ChoreOptions } from "../options.ts";

/** The limits of what is kept in a session. Active jobs do not count. */
export interface Retention {
	/** The greatest age: milliseconds since the end. */
	readonly ageMs: number;
	readonly jobs: number;
	/** Bytes of output. */
	readonly bytes: number;
}

/** No limits: for a session that is deleted as a whole. */
export const EVERYTHING: Retention = {
	ageMs: Number.POSITIVE_INFINITY,
	jobs: Number.POSITIVE_INFINITY,
	bytes: Number.POSITIVE_INFINITY,
};

const DAY_MS = 24 * 60 * 60 * 1000;

/** The limits by the options of `openChore`. @throws ChoreError INVALID_ARGUMENT */
export function retention({ keepDays = 30, keepJobs = 10_000, keepBytes = 10 * 1024 ** 3 }: ChoreOptions): Retention {
	for (const [name, value] of Object.entries({ keepDays, keepJobs, keepBytes })) checkBound(name, value);
	return { ageMs: keepDays * DAY_MS, jobs: keepJobs, bytes: keepBytes };
}

/** @throws ChoreError INVALID_ARGUMENT for a limit below 0 */
export function checkBound(name: string, value: number): void {
	if (!(value >= 0)) throw new ChoreError("INVALID_ARGUMENT", `${name} must be 0 or more, not ${value}`);
}

/** An ended job. */
export interface Ended {
	readonly id: string;
	/** Milliseconds since the epoch. */
	readonly endedAtMs: number;
	/** The bytes of the output of all its runs. */
	readonly bytes: number;
}

/** A job that has to go. */
export interface Going extends Ended {
	/** The job is removed only if it ended at least this long ago; 0 if the number or bytes of jobs are the reason. */
	readonly leastAgeMs: number;
}

export function oldestFirst(one: Ended, other: Ended): number {
	return one.endedAtMs - other.endedAtMs || (one.id < other.id ? -1 : 1);
}

/**
 * The jobs that are beyond the limits, the one that ended first first.
 *
 * @param ended all ended jobs, or only those that ended first
 * @param all the number of all ended jobs and the bytes of their output
 */
export function beyond(
	ended: readonly Ended[],
	all: { readonly jobs: number; readonly bytes: number },
	keep: Retention,
	nowMs: number,
): Going[] {
	const going: Going[] = [];
	let { jobs, bytes } = all;
	for (const one of [...ended].sort(oldestFirst)) {
		const isTooMuch = jobs > keep.jobs || bytes > keep.bytes;
		if (!isTooMuch && nowMs - one.endedAtMs < keep.ageMs) break;
		going.push({ ...one, leastAgeMs: isTooMuch ? 0 : keep.ageMs });
		jobs -= 1;
		bytes -= one.bytes;
	}
	return going;
}
