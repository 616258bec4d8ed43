/**
 * The types of what each command prints with --json. `npm run schema` makes schema/chore.schema.json of them, which is
 * published with the package: others rely on every field.
 */
import type { HistoryEntry, Job, JobDetails, LedgerEvent, LedgerGap, ListenerReport, PruneReport, Report } from "../index.ts";

/** By command. `events` prints one of these on each line. */
export interface Printed {
	readonly run: Job;
	readonly request: Job;
	readonly ps: readonly Job[];
	readonly status: readonly StatusOfJob[];
	readonly stop: readonly Job[];
	readonly kill: readonly Job[];
	readonly wait: readonly Job[];
	readonly "wait --any": Job;
	readonly start: readonly Job[];
	readonly restart: readonly Job[];
	readonly pause: readonly Job[];
	readonly resume: readonly Job[];
	readonly schedule: readonly ScheduledJob[];
	readonly trigger: readonly Job[];
	readonly rm: readonly Job[];
	readonly prune: PruneReport;
	readonly history: readonly HistoryEntry[];
	readonly events: LedgerEvent;
	readonly "events --cursor": LedgerEvent | LedgerGap | CursorLine;
	readonly listen: readonly ListenerReport[];
	readonly "listen test": Job;
	readonly doctor: Report;
	/** On standard error, by any command that fails. */
	readonly error: ErrorReport;
}

/** A job with its processes, usage, last lines, earlier runs and attempts. */
export type StatusOfJob = Job & Omit<JobDetails, "job">;

/** A job, and with --next the moments at which it is to be run next, as RFC 3339; else none. */
export type ScheduledJob = Job & { readonly upcoming: readonly string[] };

/** The last line of `events --cursor` without --commit. */
export interface CursorLine {
	readonly cursor: string;
	/** Where it is to stand once the events have arrived: for --commit-to. */
	readonly next: string;
}

/** Why a command failed. */
export interface ErrorReport {
	readonly error: {
		/** Stable: "JOB_NOT_FOUND". A wrong command line is INVALID_ARGUMENT. */
		readonly code: string;
		readonly message: string;
		/** What to do next, or null. */
		readonly hint: string | null;
	};
}
