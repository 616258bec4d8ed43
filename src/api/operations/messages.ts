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

/** Which job: a name, an id, or the end of an id, 4 characters or more. */
interface Reference {
	readonly reference: string;
}

/** What is asked for, by operation. */
export interface Inputs {
	readonly info: Record<string, never>;
	readonly run: RunRequest;
	/** With `limit` or `after`: all jobs by id, newest first, `limit` (default 200) after the one with that id. */
	readonly list: {
		readonly all?: boolean | undefined;
		readonly states?: readonly JobState[] | undefined;
		readonly limit?: number | undefined;
		readonly after?: string | undefined;
	};
	readonly get: Reference;
	/** Answers with the job once the run has ended, or as it is when `timeoutMs` are over, 60,000 at most. */
	readonly wait: Reference & { readonly run?: number | undefined; readonly timeoutMs?: number | undefined };
	readonly runs: Reference;
	readonly status: Reference & { readonly lines?: number | undefined };
	readonly logs: Reference & {
		readonly run?: number | undefined;
		readonly fromByte?: number | undefined;
		readonly lines?: number | undefined;
		readonly tailBytes?: number | undefined;
		readonly stream?: "stdout" | "stderr" | undefined;
		readonly follow?: boolean | undefined;
	};
	readonly stop: Reference & { readonly graceMs?: number | undefined };
	readonly kill: Reference & { readonly signal?: string | undefined; readonly whom?: "main" | "all" | undefined };
	readonly start: Reference & { readonly acknowledge?: boolean | undefined };
	readonly restart: Reference & { readonly graceMs?: number | undefined; readonly acknowledge?: boolean | undefined };
	readonly set: Reference & SetRequest;
	readonly pause: Reference;
	readonly resume: Reference;
	/** The bytes are sent beside: the body in REST, base64 in JSON. With `end` the input is closed after them. */
	readonly send: Reference & { readonly bytes?: Uint8Array | undefined; readonly end?: boolean | undefined };
	readonly remove: Reference & { readonly force?: boolean | undefined; readonly graceMs?: number | undefined };
	readonly history: {
		readonly jobs?: readonly string[] | undefined;
		readonly states?: readonly JobState[] | undefined;
		readonly since?: Moment | undefined;
		readonly until?: Moment | undefined;
		readonly limit?: number | undefined;
	};
	/** Of the events that were, those since a moment; "now": none. With `changes` also each job that is seen in another state. */
	readonly events: {
		readonly since?: Moment | "now" | undefined;
		readonly follow?: boolean | undefined;
		readonly changes?: boolean | undefined;
	};
	readonly eventsAfter: { readonly cursor: string; readonly from?: string | undefined; readonly max?: number | undefined };
	readonly moveCursor: { readonly cursor: string; readonly to: string };
	readonly schedules: Record<string, never>;
	readonly upcoming: Reference & { readonly count: number };
	readonly reschedule: Reference & ScheduleRequest;
	readonly addTriggers: Reference & TriggerRequest;
	readonly changeTrigger: Reference & { readonly trigger: string } & TriggerRequest;
	readonly removeTriggers: Reference & { readonly triggers: readonly string[] };
	readonly pauseTriggers: Reference & { readonly triggers: readonly string[] };
	readonly resumeTriggers: Reference & { readonly triggers: readonly string[] };
	readonly pauseSchedule: Reference;
	readonly resumeSchedule: Reference;
	readonly prune: Omit<PruneOptions, "signal">;
	readonly doctor: { readonly selfTest?: boolean | undefined };
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
