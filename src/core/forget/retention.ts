/** How much is kept of jobs that are over, and which of them go where it is more. Oldest ends go first. Pure. */
import { ChoreError } from "../../../platform/errors.ts";
import type { ChoreOptions } from "../options.ts";

/** Bounds of what is kept in a session. Active jobs do not count. */
export interface Retention {
	/** Milliseconds since the end. */
	readonly ageMs: number;
	readonly jobs: number;
	/** Of output. */
	readonly bytes: number;
}

/** For sessions that are deleted as a whole. */
export const EVERYTHING: Retention = {
	ageMs: Number.POSITIVE_INFINITY,
	jobs: Number.POSITIVE_INFINITY,
	bytes: Number.POSITIVE_INFINITY,
};

const DAY_MS = 24 * 60 * 60 * 1000;

/** What is kept in the sessions of a handle. @throws ChoreError INVALID_ARGUMENT */
export function retention({ keepDays = 30, keepJobs = 10_000, keepBytes = 10 * 1024 ** 3 }: ChoreOptions): Retention {
	for (const [name, value] of Object.entries({ keepDays, keepJobs, keepBytes })) checkBound(name, value);
	return { ageMs: keepDays * DAY_MS, jobs: keepJobs, bytes: keepBytes };
}

/** @throws ChoreError INVALID_ARGUMENT */
export function checkBound(name: string, value: number): void {
	if (!(value >= 0)) throw new ChoreError("INVALID_ARGUMENT", `${name} must be 0 or more, not ${value}`);
}

/** A job that is over. */
export interface Ended {
	readonly id: string;
	/** Milliseconds since the epoch. */
	readonly endedAtMs: number;
	/** Of output, of all its runs. */
	readonly bytes: number;
}

/** A job that has to go. */
export interface Going extends Ended {
	/** Only if it really ended so long ago; 0 where it goes to make room for others. */
	readonly leastAgeMs: number;
}

export function oldestFirst(one: Ended, other: Ended): number {
	return one.endedAtMs - other.endedAtMs || (one.id < other.id ? -1 : 1);
}

/**
 * The jobs that are beyond the bounds.
 *
 * @param ended all that are over, or only the oldest of them
 * @param all how many are over, and how much output they have
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
