/**
 * What each operation takes and gives, as it is in JSON: the types of the library, with moments as RFC 3339 and without what
 * cannot be sent. The schema that requests are checked by, OpenAPI and the client follow from these types.
 */
import type {
	Capabilities,
	EventBatch,
	HistoryEntry,
	Job,
	JobDetails,
	JobState,
	LedgerEvent,
	LogPiece,
	PruneOptions,
	PruneReport,
	Report,
	RequestOptions,
	RunOptions,
	ScheduleOptions,
	SetOptions,
	TriggerOptions,
} from "../../index.ts";
import type { Role } from "../caller.ts";

/** A moment as RFC 3339: "2026-03-01T09:00:00Z". */
export type Moment = string;

/** As `ScheduleOptions` of the library. */
export interface ScheduleRequest extends Omit<ScheduleOptions, "at" | "notBefore" | "notAfter"> {
	readonly at?: Moment | undefined;
	readonly notBefore?: Moment | undefined;
	readonly notAfter?: Moment | undefined;
}

/** As `TriggerOptions` of the library. */
export interface TriggerRequest extends Omit<TriggerOptions, "at"> {
	readonly at?: Moment | undefined;
}

/** What of the options of a job is not sent, or is sent in another form. */
type NotSent = "signal" | "onWarning" | "schedule" | "environment" | "requestKey" | "origin" | "onFound";

interface Sent {
	/**
	 * Its variables, before `cleanEnvironment` and `setEnvironment` apply. Default: those that a login of the server's user has. Never
	 * those of the client.
	 */
	readonly environment?: Readonly<Record<string, string>> | undefined;
	readonly schedule?: ScheduleRequest | undefined;
	/** 1 to 64 characters. A request that is made again with the same key starts no second job. */
	readonly requestKey?: string | undefined;
}

/** A job that runs a program, as `RunOptions` of the library. `directory` is absolute; default: the home of the server's user. */
export interface RunCommandRequest extends Omit<RunOptions, NotSent>, Sent {}

/** A job that makes an HTTP request, as `RequestOptions` of the library. Files are those of the server. */
export interface RunHttpRequest extends Omit<RequestOptions, NotSent | "data">, Sent {
	readonly data?: string | { readonly base64: string } | { readonly file: string } | undefined;
}

export type RunRequest = RunCommandRequest | RunHttpRequest;

/** What is to change of a job, as `SetOptions` of the library. */
export interface SetRequest extends Omit<SetOptions, "onWarning" | "schedule" | "environment"> {
	readonly environment?: Readonly<Record<string, string>> | undefined;
	readonly schedule?: ScheduleRequest | undefined;
}

interface Reference {
	/** Which job: a name, an id, or the end of an id, 4 characters or more. */
	readonly reference: string;
}

interface Triggers {
	/** Ids of triggers: "t1". */
	readonly triggers: readonly string[];
}

/** What is asked for, by operation. The first sentence of each is its title in OpenAPI. */
export interface Inputs {
	/** What the server is, and who the caller is to it. */
	readonly info: Record<string, never>;
	/** Start a job. With a `schedule` it is made, and run at its moments. The answer comes as soon as the platform has it, not at its end. */
	readonly run: RunRequest;
	/** List jobs. The active ones and the newest that have ended; all of them with `all`, or in pages with `limit` and `after`. */
	readonly list: {
		/** Also those that ended long ago. */
		readonly all?: boolean | undefined;
		/** Only those in one of these states. */
		readonly states?: readonly JobState[] | undefined;
		/** All jobs by id, newest first, so many of them: 1 to 1,000, default 200. The header Link leads to the next page. */
		readonly limit?: number | undefined;
		/** The page that follows the job with this id. */
		readonly after?: string | undefined;
	};
	/** Show a job. */
	readonly get: Reference;
	/** Wait for the end of a job. Answers with the job once the run has ended, or as it is when the time is over: then ask again. */
	readonly wait: Reference & {
		/** Which start of the job, from 1. Default: the latest. */
		readonly run?: number | undefined;
		/** How long to wait in milliseconds: 0 to 60,000, which is the default. */
		readonly timeoutMs?: number | undefined;
	};
	/** List the runs of a job. All that are kept, oldest first. */
	readonly runs: Reference;
	/** Show a job in detail. With its processes, what they use, and its last lines. */
	readonly status: Reference & {
		/** So many last lines: 0 to 10,000. */
		readonly lines?: number | undefined;
	};
	/** Read what a job wrote. Byte for byte; `follow` goes on until it ends. */
	readonly logs: Reference & {
		/** Which start of the job, from 1. Default: the latest. */
		readonly run?: number | undefined;
		/** Begin at this byte. */
		readonly fromByte?: number | undefined;
		/** Begin so many lines before the end. */
		readonly lines?: number | undefined;
		/** Begin so many bytes before the end. */
		readonly tailBytes?: number | undefined;
		/** Of a job with two streams, only this one. */
		readonly stream?: "stdout" | "stderr" | undefined;
		/** Go on with what it writes, until it ends. */
		readonly follow?: boolean | undefined;
	};
	/** Stop a job. The stop signal, and SIGKILL after the grace; the answer comes when all of it has ended. One that has ended stays as it is. */
	readonly stop: Reference & {
		/** Milliseconds between the two signals. Default: what the job was started with. */
		readonly graceMs?: number | undefined;
	};
	/** Send a signal to a job. */
	readonly kill: Reference & {
		/** Default SIGTERM. */
		readonly signal?: string | undefined;
		/** The main process, or all processes of the job (default). */
		readonly whom?: "main" | "all" | undefined;
	};
	/** Run a job again that has ended. With its settings, as its next run. */
	readonly start: Reference & {
		/** False: do not wait until the platform has started it. Default true. */
		readonly acknowledge?: boolean | undefined;
	};
	/** Stop a job if it is active, and run it again. */
	readonly restart: Reference & {
		/** Milliseconds between the stop signal and SIGKILL. Default: what the job was started with. */
		readonly graceMs?: number | undefined;
		/** False: do not wait until the platform has started it. Default true. */
		readonly acknowledge?: boolean | undefined;
	};
	/** Change a job from its next run on. What is not named stays. */
	readonly set: Reference & SetRequest;
	/** Hold a job where it is. */
	readonly pause: Reference;
	/** Let a job go on that is held. */
	readonly resume: Reference;
	/** Write to the standard input of a job. Of one that was started with `stdin` "fifo". */
	readonly send: Reference & {
		/** The body in REST, base64 in JSON. */
		readonly bytes?: Uint8Array | undefined;
		/** Close the input after them. */
		readonly end?: boolean | undefined;
	};
	/** Forget a job and its output. One that has ended; answers with the job as it was. */
	readonly remove: Reference & {
		/** Stop it first if it is active. */
		readonly force?: boolean | undefined;
		/** With `force`: milliseconds between the stop signal and SIGKILL. Default: what the job was started with. */
		readonly graceMs?: number | undefined;
	};
	/** List the runs that were. Newest first, also of jobs that were forgotten. */
	readonly history: {
		/** Only of these jobs: names, ids, or ends of ids. */
		readonly jobs?: readonly string[] | undefined;
		/** Only those in one of these states. */
		readonly states?: readonly JobState[] | undefined;
		/** Only those that ended at this moment or later, or have not ended. */
		readonly since?: Moment | undefined;
		/** Only those that began at this moment or earlier. */
		readonly until?: Moment | undefined;
		/** The newest so many. */
		readonly limit?: number | undefined;
	};
	/** Read what happened to jobs. `follow` goes on with what happens. */
	readonly events: {
		/** Of the events that were, those since this moment; "now": none. Default: all. */
		readonly since?: Moment | "now" | undefined;
		/** Go on with events as they happen. */
		readonly follow?: boolean | undefined;
		/** When following: also each job that is seen in another state. */
		readonly changes?: boolean | undefined;
	};
	/** Read the events that a reader has not had. The server keeps its place under a name; the reader moves it when it is done with them. */
	readonly eventsAfter: {
		/** The name of the reader, for its place. */
		readonly cursor: string;
		/** Begin at this place, `next` of an earlier answer, instead. */
		readonly from?: string | undefined;
		/** So many events at most. */
		readonly max?: number | undefined;
	};
	/** Say that a reader has had all events up to a place. */
	readonly moveCursor: {
		/** The name of the reader, for its place. */
		readonly cursor: string;
		/** `next` of what it has read. */
		readonly to: string;
	};
	/** List the jobs with a schedule. The one that runs next first. */
	readonly schedules: Record<string, never>;
	/** Tell when a job is to run next. */
	readonly upcoming: Reference & {
		/** So many moments. */
		readonly count: number;
	};
	/** Change the schedule of a job. What is not named stays; triggers that are named replace the old ones. */
	readonly reschedule: Reference & ScheduleRequest;
	/** Add triggers to the schedule of a job. */
	readonly addTriggers: Reference & TriggerRequest;
	/** Put another trigger in the place of one. */
	readonly changeTrigger: Reference & {
		/** Its id: "t1". */
		readonly trigger: string;
	} & TriggerRequest;
	/** Remove triggers from the schedule of a job. */
	readonly removeTriggers: Reference & Triggers;
	/** Hold single triggers. */
	readonly pauseTriggers: Reference & Triggers;
	/** Let triggers fire again that are held. */
	readonly resumeTriggers: Reference & Triggers;
	/** Hold the schedule of a job. */
	readonly pauseSchedule: Reference;
	/** Let a schedule go on that is held. */
	readonly resumeSchedule: Reference;
	/** Forget ended jobs beyond what is kept. For the role admin. */
	readonly prune: Omit<PruneOptions, "signal">;
	/** Tell whether all is well with the platform and the jobs. For the role admin. */
	readonly doctor: {
		/** Try out the platform with three short jobs. */
		readonly selfTest?: boolean | undefined;
	};
}

/** What is answered, by operation. */
export interface Outputs {
	readonly info: Info;
	readonly run: Job;
	readonly list: readonly Job[];
	readonly get: Job;
	readonly wait: Job;
	readonly runs: readonly Job[];
	readonly status: JobDetails;
	readonly stop: Job;
	readonly kill: Job;
	readonly start: Job;
	readonly restart: Job;
	readonly set: Job;
	readonly pause: Job;
	readonly resume: Job;
	readonly send: Record<string, never>;
	readonly remove: Job;
	readonly history: readonly HistoryEntry[];
	readonly eventsAfter: EventBatch;
	readonly moveCursor: Record<string, never>;
	readonly schedules: readonly Job[];
	readonly upcoming: readonly Moment[];
	readonly reschedule: Job;
	readonly addTriggers: Job;
	readonly changeTrigger: Job;
	readonly removeTriggers: Job;
	readonly pauseTriggers: Job;
	readonly resumeTriggers: Job;
	readonly pauseSchedule: Job;
	readonly resumeSchedule: Job;
	readonly prune: PruneReport;
	readonly doctor: Report;
}

/** What is answered bit by bit. */
export interface Streams {
	/** The last one of a follow is the job as it ended. */
	readonly logs: LogPiece | { readonly ended: Job };
	readonly events: LedgerEvent | { readonly changed: Job };
}

/** What the server is, and who the caller is to it. */
export interface Info {
	readonly schema: 1;
	/** Of the server. */
	readonly version: string;
	readonly client: string;
	readonly role: Role;
	readonly session: string;
	/** The sessions that the caller may work with, its own first; "*" means any. */
	readonly sessions: readonly string[];
	/** Days until the caller's certificate ends; null without one. */
	readonly certificateDaysLeft: number | null;
	/** Null where no platform can run jobs. */
	readonly capabilities: Capabilities | null;
}
