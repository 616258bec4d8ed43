/**
 * The types of what each command prints with --json. `npm run schema` makes schema/chore.schema.json of them, which is
 * published with the package: others rely on every field.
 */
import type { ClientCertificate, NewClient, ServerCertificate } from "../api/identity/keep.ts";
import type { Examined } from "../api/serve.ts";
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
	readonly set: Job;
	readonly pause: readonly Job[];
	readonly resume: readonly Job[];
	readonly schedule: readonly ScheduledJob[];
	readonly "schedule import": readonly ImportedLine[];
	readonly trigger: readonly Job[];
	readonly tick: readonly Job[];
	readonly rm: readonly Job[];
	readonly prune: PruneReport;
	readonly history: readonly HistoryEntry[];
	readonly events: LedgerEvent;
	readonly "events --cursor": LedgerEvent | LedgerGap | CursorLine;
	readonly listen: readonly ListenerReport[];
	readonly "listen test": Job;
	readonly "serve --check": readonly Examined[];
	readonly doctor: Report;
	readonly cert: readonly ClientCertificate[];
	readonly "cert init": ServerCertificate;
	readonly "cert new": NewClient;
	readonly "host add": HostLine;
	readonly "host rm": HostLine;
	readonly "host ls": readonly HostLine[];
	/** On standard error, by any command that fails. */
	readonly error: ErrorReport;
}

/** A job with its processes, usage, last lines, earlier runs and attempts. */
export type StatusOfJob = Job & Omit<JobDetails, "job">;

/** A job, and with --next the moments at which it is to be run next, as RFC 3339; else none. */
export type ScheduledJob = Job & { readonly upcoming: readonly string[] };

/** A line of a crontab, and what becomes of it. */
export interface ImportedLine {
	/** Counted from 1. */
	readonly line: number;
	readonly text: string;
	/** That of its job; null for a line that cannot be imported. */
	readonly name: string | null;
	/** The words of a command line that makes the job, "chore" first; null for a line that cannot be imported. */
	readonly command: readonly string[] | null;
	/** What is not as it is with cron. */
	readonly notes: readonly string[];
	/** The job that was made, or is there already; null without --yes. */
	readonly job: Job | null;
	/** Why no job can be made of it, or was; or null. */
	readonly error: ErrorReport["error"] | null;
}

/** A machine that has a name for --host. */
export interface HostLine {
	readonly name: string;
	/** Without a password. */
	readonly url: string;
	/** The file of the certificate by which the server knows this client; null if there is none. */
	readonly certificate: string | null;
	/** Whether the server answers; null without --check. */
	readonly answers: boolean | null;
	/** Why it does not, in words; else null. */
	readonly reason: string | null;
}

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
