/** The words in which chore speaks of jobs: to the library's users, in JSON, and on the command line. */

import type { RestartPolicy } from "../../platform/contract.ts";

/** All that a job can be, in the order of its life. */
export const STATES = [
	"queued",
	"scheduled",
	"starting",
	"running",
	"paused",
	"stopping",
	"succeeded",
	"failed",
	"stopped",
	"lost",
	"unknown",
] as const;

/** Where a job is in its life. `unknown` cannot be asked from here; it is never shown as an end. */
export type JobState = (typeof STATES)[number];

/** Why a run ended. */
export type JobResult =
	| "success"
	| "exit-code"
	| "signal"
	| "timeout"
	| "oom-kill"
	| "start-failed"
	| "start-limit"
	| "stopped"
	| "session-ended"
	| "lost";

/** Merged: one file in the order written. Split: one for each of stdout and stderr. Null: thrown away. */
export type OutputMode = "merged" | "split" | "null";

/**
 * A job as it was when it was asked for: a frozen snapshot, equal to the JSON that the command line prints.
 * Facts that are absent, or not known yet, are null. Times are RFC 3339 in UTC with milliseconds.
 */
export interface Job {
	/** Version of this shape. Fields are added, never renamed. */
	readonly schema: 1;
	/** UUID version 7 (RFC 9562): later jobs sort after earlier ones. */
	readonly id: string;
	readonly name: string;
	readonly session: string;
	readonly platform: string;
	/** The platform's own name for the run's object, such as "chore-web-1c9e2f40.service". */
	readonly unit: string | null;
	/** Program and arguments, as given. Empty for a job whose record cannot be read. */
	readonly command: readonly string[];
	/** Where it runs, an absolute path. */
	readonly directory: string;
	readonly description: string | null;
	readonly state: JobState;
	readonly result: JobResult | null;
	readonly createdAt: string;
	readonly startedAt: string | null;
	/** End of the main process. */
	readonly endedAt: string | null;
	/** Which start of the job this is, from 1. */
	readonly run: number;
	/** Which execution within the run, from 1: automatic restarts count up. */
	readonly attempt: number;
	/** The main process, in the pid namespace where it runs. Only while it runs. */
	readonly pid: number | null;
	/** 0 to 255, or null while it runs and after a signal. */
	readonly exitCode: number | null;
	/** "SIGTERM", or null. */
	readonly signal: string | null;
	/** False where a shell could not tell SIGINT or SIGPIPE from exit 130 or 141; null before the end. */
	readonly exitCertain: boolean | null;
	/** CPU time of all processes of the run, milliseconds. */
	readonly cpuTimeMs: number | null;
	readonly memoryPeakBytes: number | null;
	readonly output: {
		readonly mode: OutputMode;
		/** Absolute paths: one when merged, stdout and stderr when split, none when thrown away. */
		readonly paths: readonly string[];
		/** Bytes in all of them. */
		readonly bytes: number;
	};
	/** Whether and how often the program is started again after it ended. The delay is null for "no", `max` also without bound. */
	readonly restart: {
		readonly policy: RestartPolicy["policy"];
		readonly delayMs: number | null;
		readonly max: number | null;
	};
	readonly limits: {
		readonly timeoutMs: number | null;
		readonly memoryBytes: number | null;
		readonly cpus: number | null;
		readonly tasks: number | null;
	};
	/** In words, what the state alone does not say: why it is lost, unknown, or could not start. */
	readonly reason: string | null;
}

const ENDED: ReadonlySet<JobState> = new Set<JobState>(["succeeded", "failed", "stopped", "lost"]);

/** Whether the job is over, for good. `unknown` is not. */
export function hasEnded(job: { readonly state: JobState }): boolean {
	return ENDED.has(job.state);
}

/** Whether a word is one of those that a job can be. */
export function isState(word: string): word is JobState {
	return (STATES as readonly string[]).includes(word);
}

/** How people refer to a job: UUIDv7 begins with time, so it is the tail that tells jobs apart. */
export function shortId(id: string): string {
	return id.slice(-8);
}
