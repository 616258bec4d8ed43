/** The type of a job as users see it: in the library, in JSON and on the command line. Fields are added, never renamed. */
import type { RestartPolicy } from "../../platform/contract.ts";

/** All states of a job, in the order of its life. */
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

/** The state of a job. `unknown`: its platform cannot be asked from here. It is never shown as an end. */
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

/** Merged: stdout and stderr in one file, in the order written. Split: one file each. Null: output is thrown away. */
export type OutputMode = "merged" | "split" | "null";

/**
 * A job at the moment of the request: a snapshot that does not change, equal to the JSON that the command line prints.
 * What does not exist or is not known yet is null. Times are RFC 3339 in UTC with milliseconds.
 */
export interface Job {
	/** Version of this shape. Fields are added, never renamed. */
	readonly schema: 1;
	/** UUID version 7 (RFC 9562): later jobs sort after earlier ones. */
	readonly id: string;
	readonly name: string;
	readonly session: string;
	readonly platform: string;
	/** The name of the run's unit, such as "chore-web-1c9e2f40.service"; null on platforms without units. */
	readonly unit: string | null;
	/** Program and arguments, as given; of an HTTP job its method and URL. Empty for a job whose record cannot be read. */
	readonly command: readonly string[];
	/** Its working directory, an absolute path. */
	readonly directory: string;
	readonly description: string | null;
	/** A word by which the program that started the job finds it again. */
	readonly tag: string | null;
	/** Who had it made, where that was by an API; else null. */
	readonly origin: JobOrigin | null;
	readonly state: JobState;
	readonly result: JobResult | null;
	readonly createdAt: string;
	readonly startedAt: string | null;
	/** The end of the main process. Other processes of the job may have ended later. */
	readonly endedAt: string | null;
	/** Which start of the job this is, from 1; 0 for a job that its schedule has not run yet. */
	readonly run: number;
	/** Which execution within the run, from 1. Automatic restarts count up. */
	readonly attempt: number;
	/** The pid of the main process, in its own pid namespace. Null when it is not running. */
	readonly pid: number | null;
	/** 0 to 255; null before the end and after a signal. */
	readonly exitCode: number | null;
	/** The signal that ended the main process, such as "SIGTERM", or null. */
	readonly signal: string | null;
	/** False when SIGINT or SIGPIPE may have been exit code 130 or 141: some shells cannot tell. Null before the end. */
	readonly exitCertain: boolean | null;
	/** CPU time of all processes of the run, in milliseconds. */
	readonly cpuTimeMs: number | null;
	readonly memoryPeakBytes: number | null;
	/** How many processes the main process left behind when it ended by itself. They are ended, too. Null where nobody counts them. */
	readonly leftBehind: number | null;
	readonly output: {
		readonly mode: OutputMode;
		/** Whether it passes a pipe on its way into the files. */
		readonly relay: boolean;
		/** Absolute paths: one when merged, stdout and stderr when split, none when null. */
		readonly paths: readonly string[];
		/** Bytes in all of these files together. */
		readonly bytes: number;
	};
	readonly restart: JobRestart;
	readonly limits: JobLimits;
	/** What an HTTP job asks for; null for a job that runs a program. */
	readonly request: JobRequest | null;
	/** What the next run will have, where the settings of the job were changed since this one; else null. */
	readonly nextRun: JobSettings | null;
	/** When the job is run; null for a job without a schedule, and once its schedule is over. */
	readonly schedule: JobSchedule | null;
	/** Why the job is lost, unknown, or could not start, in words for people; else null. */
	readonly reason: string | null;
}

/** Who asked an API for a job. */
export interface JobOrigin {
	/** The name by which the API knows the client. */
	readonly client: string;
}

/** Whether and how often the program is restarted after it ends. `delayMs` is null for "no"; `max` also when unlimited. */
export interface JobRestart {
	readonly policy: RestartPolicy["policy"];
	readonly delayMs: number | null;
	readonly max: number | null;
}

/** Null where there is no limit. */
export interface JobLimits {
	readonly timeoutMs: number | null;
	readonly memoryBytes: number | null;
	readonly cpus: number | null;
	readonly tasks: number | null;
}

/** What of the settings of a job is shown, as in a job. */
export interface JobSettings {
	readonly command: readonly string[];
	readonly directory: string;
	readonly description: string | null;
	readonly tag: string | null;
	readonly output: { readonly mode: OutputMode; readonly relay: boolean };
	readonly restart: JobRestart;
	readonly limits: JobLimits;
}

/**
 * The schedule of a job. While no run is active the state of the job is `scheduled`, and its fields about a run are those of the
 * latest one.
 */
export interface JobSchedule {
	/** The next moment at which it is to run; null when there is none. */
	readonly next: string | null;
	/** When it fired last: ran the job, or did not because a run was active. Null if it never did. */
	readonly last: string | null;
	/** Whether it does not fire until it is resumed. */
	readonly paused: boolean;
	/** Whether it is to fire now: one of its moments has come, and it has not fired since; or what it waited for is over. */
	readonly due: boolean;
	/** How many moments have gone by since it fired last, or was made or resumed. It counts to 1,000. */
	readonly missed: number;
	/** The first of these. */
	readonly missedSince: string | null;
	/** The moments in the normal form of systemd.time(7); any of them counts. None for a schedule by occasions, such as a boot. */
	readonly calendar: readonly string[];
	/** At least so many milliseconds are between two firings. */
	readonly leastIntervalMs: number | null;
	/** What it was made of. */
	readonly triggers: readonly JobTrigger[];
	/** What wakes the job: its platform, or nothing but `chore tick`. */
	readonly wake: "platform" | "tick";
	/** What is done about moments at which it could not fire. */
	readonly missedPolicy: "once" | "skip";
	/** The line of shell that must succeed at each moment. */
	readonly when: string | null;
	/** What is done at a moment at which a run is active. */
	readonly overlap: "skip" | "queue" | "replace";
	/** Whether a firing waits for the end of a run. */
	readonly queued: boolean;
	/** The longest delay after each moment. */
	readonly jitterMs: number;
	readonly keepRuns: number;
	readonly notBefore: string | null;
	readonly notAfter: string | null;
}

/** One reason to run. All triggers of a schedule must hold that are not paused. */
export interface JobTrigger {
	/** "t1", "t2" and so on: used once in a schedule. */
	readonly id: string;
	readonly kind: "calendar" | "cron" | "every" | "at" | "occasion";
	readonly text: string;
	/** Whether it is left out of those that must hold. */
	readonly paused: boolean;
	/** Its next moment, whatever the others say; null when there is none. */
	readonly next: string | null;
}

const ENDED: ReadonlySet<JobState> = new Set<JobState>(["succeeded", "failed", "stopped", "lost"]);

/** Whether the job has ended. An `unknown` job has not. */
export function hasEnded(job: { readonly state: JobState }): boolean {
	return ENDED.has(job.state);
}

/** Whether no run of the job is active: it has ended, or waits for its schedule. */
export function isIdle(job: { readonly state: JobState }): boolean {
	return hasEnded(job) || job.state === "scheduled";
}

/** The request of an HTTP job, without all that may be secret, and what came of it. */
export interface JobRequest {
	readonly method: string;
	/** Without user, password, query and fragment. */
	readonly url: string;
	/** The names of the headers that were given. */
	readonly headers: readonly string[];
	/** The statuses that count as success: "2xx", "404". */
	readonly expect: readonly string[];
	/** How often the request is repeated at most. */
	readonly retries: number;
	/** That of the last attempt; null before its end, and when it was ended by a signal. */
	readonly response: JobResponse | null;
}

/** What came of the last try of a request. */
export interface JobResponse {
	/** 200 to 999; null when none came: the server was not reached, or too slow. */
	readonly status: number | null;
	/** How often the request was made, from 1. */
	readonly tries: number;
	/** From the beginning of the last try to its end. */
	readonly durationMs: number;
	/** From the beginning of the last try to the first byte of the response. */
	readonly firstByteMs: number | null;
	/** Of the bodies, without headers. */
	readonly sentBytes: number;
	readonly receivedBytes: number;
	/** "192.0.2.1:443", "[2001:db8::1]:443"; that of the proxy where one is used. Null when nothing was reached. */
	readonly remoteAddress: string | null;
	/** Where the response came from, after redirects; without user, password, query and fragment. */
	readonly url: string | null;
}

/** Whether a word is the name of a state. */
export function isState(word: string): word is JobState {
	return (STATES as readonly string[]).includes(word);
}

/** The last 8 characters of an id, for people. A UUID version 7 begins with the time, so its end tells jobs apart. */
export function shortId(id: string): string {
	return id.slice(-8);
}
