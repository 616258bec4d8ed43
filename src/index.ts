/**
 * chore: background jobs that outlive the terminal, the editor and the daemon, because there is no daemon.
 *
 * @example
 * import { openChore } from "chore-jobs";
 * const chore = await openChore();
 * const job = await chore.run({ command: ["make", "test"] });
 * const end = await chore.wait(job.id); // end.state, end.exitCode
 * await chore.close(); // or `await using` above
 *
 * @packageDocumentation
 */

import { registry } from "../platform/registry.ts";
import { Chore, type ChoreOptions } from "./core/chore.ts";

declare const CHORE_VERSION: string;

/** The version of this package. */
export const version: string = typeof CHORE_VERSION === "string" ? CHORE_VERSION : "0.0.0-source";

/**
 * Opens a session: a handle on its jobs. Nothing is made or connected to before it is needed.
 * @throws ChoreError STATE_UNUSABLE when the state folder is not ours alone; INVALID_ARGUMENT for a session's name
 */
export async function openChore(options: ChoreOptions = {}): Promise<Chore> {
	return new Chore(registry, version, options);
}

export type { Capabilities, Detection, Fact, JobProcess, LogoutFate, Usage } from "../platform/contract.ts";
export { ChoreError, type ErrorCode, isChoreError } from "../platform/errors.ts";
export { signalName, signalNumber } from "../platform/exit-record.ts";
export type { Chore, ChoreOptions } from "./core/chore.ts";
export type { PlatformReport, Report } from "./core/doctor.ts";
export type { EventOptions } from "./core/events.ts";
export type { Piece } from "./core/follow.ts";
export type { Glimpse } from "./core/glance.ts";
export type { HistoryEntry, HistoryFilter } from "./core/history.ts";
export { hasEnded, isState, type Job, type JobResult, type JobState, type OutputMode, STATES, shortId } from "./core/job.ts";
export type { LaunchOptions } from "./core/launch.ts";
export type { EventKind, LedgerEvent } from "./core/ledger.ts";
export type { JobFilter } from "./core/list.ts";
export { type LoginEnvironmentOptions, loginEnvironment } from "./core/login-environment.ts";
export type { LogOptions, LogPiece, StreamName } from "./core/logs.ts";
export type { Found } from "./core/platforms.ts";
export type { RemoveOptions } from "./core/remove.ts";
export type { RestartJobOptions } from "./core/rerun.ts";
export type { SendOptions } from "./core/send.ts";
export type { RestartOptions, RunOptions } from "./core/spec.ts";
export type { Attempt, JobDetails } from "./core/status.ts";
export type { StopOptions } from "./core/stop.ts";
export type { WaitOptions } from "./core/wait.ts";
