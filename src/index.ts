/**
 * chore: background jobs that outlive the terminal, the editor and the daemon, because there is no daemon.
 *
 * @packageDocumentation
 *
 * @example
 * import { openChore } from "chore-jobs";
 * const chore = await openChore();
 * const job = await chore.run({ command: ["make", "test"] });
 * const end = await chore.wait(job.id); // end.state, end.exitCode
 * await chore.close(); // or `await using` above
 */

import { registry } from "../platform/registry.ts";
import { Chore } from "./core/chore.ts";
import { type DoctorOptions, examineAll, type Report } from "./core/doctor/doctor.ts";
import type { ChoreOptions } from "./core/options.ts";
import { Sessions } from "./core/sessions.ts";

declare const CHORE_VERSION: string;

/** The version of this package. */
export const version: string = typeof CHORE_VERSION === "string" ? CHORE_VERSION : "0.0.0-source";

/**
 * Opens a session. Makes no file and connects to nothing before that is needed.
 * @throws ChoreError STATE_UNUSABLE when others can use the state folder; INVALID_ARGUMENT for an impossible session name
 */
export async function openChore(options: ChoreOptions = {}): Promise<Chore> {
	return new Chore(registry, version, options);
}

/**
 * Opens the sessions of one state folder, as a server needs them: all of them share the connections to the platforms.
 * @throws ChoreError STATE_UNUSABLE when there is no folder to keep state in
 */
export async function openSessions(options: Omit<ChoreOptions, "session"> = {}): Promise<Sessions> {
	return new Sessions(registry, version, options);
}

/**
 * Examines chore and its surroundings: which platform is used and why, what each can do here, where files are, and what
 * needs attention. Works even when no session can be opened. Does not wait long for a platform that does not answer.
 */
export async function doctor(options: DoctorOptions = {}): Promise<Report> {
	return examineAll(registry, version, options);
}

export type { Occasion } from "../platform/calendar.ts";
export type { Capabilities, Detection, Fact, JobProcess, LogoutFate, NativeOptions, Usage } from "../platform/contract.ts";
export { ChoreError, type ErrorCode, isChoreError } from "../platform/errors.ts";
export { signalName, signalNumber } from "../platform/exit-record.ts";
export { configFolder } from "./config-folder.ts";
export type { Chore } from "./core/chore.ts";
export type { SendOptions } from "./core/control/send.ts";
export type { StopOptions } from "./core/control/stop.ts";
export type { WaitOptions } from "./core/control/wait.ts";
export { isOwnGroup, isTrustedOwner } from "./core/disk/account.ts";
export { EVENT_KINDS, type EventKind, type LedgerEvent } from "./core/disk/ledger.ts";
export type { Listener } from "./core/disk/listeners.ts";
export { isSessionName } from "./core/disk/session.ts";
export type { SessionReport } from "./core/doctor/checkup.ts";
export type { Disk } from "./core/doctor/disk.ts";
export type { DoctorOptions, PlatformReport, Report } from "./core/doctor/doctor.ts";
export type { Finding, FindingKind } from "./core/doctor/finding.ts";
export type { Location } from "./core/doctor/location.ts";
export type { Check, SelfTest } from "./core/doctor/self-test.ts";
export { bytesOf, isDoubtful, pathOf, textOf } from "./core/exact-text.ts";
export type { PrunedJob, PruneOptions, PruneReport } from "./core/forget/prune.ts";
export type { RemoveOptions } from "./core/forget/remove.ts";
export {
	hasEnded,
	isIdle,
	isState,
	type Job,
	type JobLimits,
	type JobOrigin,
	type JobRequest,
	type JobResponse,
	type JobRestart,
	type JobResult,
	type JobSchedule,
	type JobSettings,
	type JobState,
	type JobTrigger,
	type OutputMode,
	STATES,
	shortId,
} from "./core/job.ts";
export type { Jobs } from "./core/jobs.ts";
export type { BatchOptions, EventBatch, LedgerGap } from "./core/look/cursor.ts";
export type { EventOptions } from "./core/look/events.ts";
export type { Piece } from "./core/look/follow.ts";
export type { Glimpse } from "./core/look/glance.ts";
export type { HistoryEntry, HistoryFilter } from "./core/look/history.ts";
export type { JobFilter } from "./core/look/list.ts";
export type { LogOptions, LogPiece, StreamName } from "./core/look/logs.ts";
export { momentsOf } from "./core/look/schedules.ts";
export type { Attempt, JobDetails } from "./core/look/status.ts";
export type { ChoreOptions } from "./core/options.ts";
export type { Found } from "./core/platforms.ts";
export type { SetOptions } from "./core/prepare/changes.ts";
export { ownVariable } from "./core/prepare/environment.ts";
export { type LoginEnvironmentOptions, loginEnvironment } from "./core/prepare/login-environment.ts";
export type { RequestOptions } from "./core/prepare/request.ts";
export type { RestartOptions, RunOptions, ScheduleOptions, TriggerOptions } from "./core/prepare/spec.ts";
export { type CronJob, type CrontabLine, readCrontab } from "./core/schedule/crontab.ts";
export type { SessionOptions, Sessions } from "./core/sessions.ts";
export type { LaunchOptions } from "./core/start/launch.ts";
export type { ListenerReport, ListenOptions } from "./core/start/listener.ts";
export type { RestartJobOptions } from "./core/start/rerun.ts";
export type { TickOptions } from "./core/start/tick.ts";
