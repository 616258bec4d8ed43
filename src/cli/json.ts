/**
 * What each command prints with --json. `npm run schema` makes schema/chore.schema.json of this, which is published with
 * the package: a change here is a change of what others rely on.
 */
import type { HistoryEntry, Job, JobDetails, LedgerEvent, PruneReport, Report } from "../index.ts";

/** By command. Of a command that prints several lines (wait --any, events) each line is one of these. */
export interface Printed {
	readonly run: Job;
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
	readonly rm: readonly Job[];
	readonly prune: PruneReport;
	readonly history: readonly HistoryEntry[];
	readonly events: LedgerEvent;
	readonly doctor: Report;
	/** On standard error, by any command that fails. */
	readonly error: ErrorReport;
}

/** A job with what only a closer look tells. */
export type StatusOfJob = Job & Omit<JobDetails, "job">;

/** Why a command failed. */
export interface ErrorReport {
	readonly error: {
		/** Stable: "JOB_NOT_FOUND". Words that make no sense are INVALID_ARGUMENT. */
		readonly code: string;
		readonly message: string;
		/** What to do next, where there is something. */
		readonly hint: string | null;
	};
}
