/** Judges how a run ended, from its records, the platform's observation and the stop mark. Pure. */
import type { ExitStatus, Limits, ObservedEnd, PlatformResult, RestartPolicy } from "../../../platform/contract.ts";
import type { ExitRecord } from "../../../platform/exit-record.ts";
import { type Evidence, LATEST_MS, type RunRecord } from "../disk/store.ts";
import type { JobResult, JobState } from "../job.ts";
import { hitStartLimit, laterHasBegun, mayRestart } from "./attempts.ts";

/** How a run ended. */
export interface End {
	readonly state: Extract<JobState, "succeeded" | "failed" | "stopped" | "lost">;
	readonly result: JobResult;
	/** Null for `lost`. */
	readonly status: ExitStatus | null;
	readonly certain: boolean;
	readonly attempt: number;
	readonly startedAtMs: number | null;
	readonly endedAtMs: number | null;
	readonly cpuTimeMs: number | null;
	readonly memoryPeakBytes: number | null;
	readonly leftBehind: number | null;
	readonly reason: string | null;
}

/** Everything that decides the verdict. */
export interface Facts {
	readonly run: Pick<RunRecord, "createdAtMs" | "createdUptimeSeconds" | "place">;
	readonly limits: Pick<Limits, "timeoutMs">;
	readonly restart: RestartPolicy;
	readonly evidence: Evidence;
	/** The record of the attempt before the one in the exit record, if it is known. */
	readonly before: ExitRecord | null;
	/** The end that the platform remembers; used only if there is no exit record. */
	readonly observed: ObservedEnd | null;
	/** Why the program cannot be run, checked again after a very short run; else null. */
	readonly startFailure: string | null;
}

/** Allowed difference between two clocks, each of which counts in hundredths of a second. */
const TICK_MS = 50;

/** Judges a run whose end was recorded or observed. */
export function judge(facts: Facts): End {
	const { evidence, observed } = facts;
	const record = typeof evidence.exit === "object" && !laterHasBegun(facts.restart, evidence) ? evidence.exit : null;
	const end = record ?? observed;
	if (end === null) throw new Error("a run can be judged only by its exit record or by what its platform saw");
	const { status, result: word } = end;
	const attempt = record?.attempt ?? attemptsBefore(evidence) + 1;
	const startedAtMs = startTime(facts);
	const endedAtMs = record ? endTime(facts, record) : (observed?.endedAtMs ?? null);
	// The platform counts the time limit from the making of the process, which may be long before `started` is written. It is
	// after the files of the run were made and after the end of the attempt before.
	const sinceMs = attempt === 1 ? facts.run.createdAtMs : facts.before === null ? null : endTime(facts, facts.before);
	const mostMs = sinceMs !== null && endedAtMs !== null ? endedAtMs - sinceMs : null;
	const result = reason(facts, record, word, status, mostMs);
	return {
		state: result === "success" ? "succeeded" : result === "stopped" ? "stopped" : "failed",
		result,
		status,
		certain: record?.certain ?? true,
		attempt,
		startedAtMs,
		endedAtMs,
		cpuTimeMs: record?.cpuTimeMs ?? null,
		memoryPeakBytes: record?.memoryPeakBytes ?? null,
		leftBehind: record?.leftBehind ?? null,
		reason: reasonOf(facts, result),
	};
}

function reasonOf({ startFailure, restart }: Facts, result: JobResult): string | null {
	if (result === "start-failed") return startFailure ?? "the platform could not start it";
	if (result === "start-limit" && restart.max !== null) return `it was started again ${restart.max} times, and no more were allowed`;
	return null;
}

/** The end of a run without a record of it. */
export function lost(facts: Facts, reason: string): End {
	return {
		state: "lost",
		result: "lost",
		status: null,
		certain: false,
		attempt: attemptsBefore(facts.evidence) + 1,
		startedAtMs: startTime(facts),
		endedAtMs: null,
		cpuTimeMs: null,
		memoryPeakBytes: null,
		leftBehind: null,
		reason,
	};
}

/** The number of recorded attempts of a run whose last attempt has no record. */
function attemptsBefore({ exit }: Evidence): number {
	return typeof exit === "object" ? exit.attempt : 0;
}

/** When the main process began, in milliseconds since the epoch; null if it has not. */
export function startTime({ run, evidence: { started } }: Pick<Facts, "run" | "evidence">): number | null {
	if (started === null) return null;
	// By the time since boot, which cannot be set: `run` records the same moment in both times.
	return started.uptimeSeconds === null ? started.atMs : onWallClock(run, started.uptimeSeconds);
}

function endTime({ run, evidence }: Facts, record: ExitRecord): number {
	const sameBoot = record.bootId !== null && record.bootId === run.place.bootId;
	return sameBoot && record.uptimeSeconds !== null ? onWallClock(run, record.uptimeSeconds) : evidence.exitAtMs;
}

function onWallClock(run: Facts["run"], seconds: number): number {
	const timeMs = Math.round(run.createdAtMs + (seconds - run.createdUptimeSeconds) * 1000);
	return Math.min(LATEST_MS, Math.max(run.createdAtMs, timeMs));
}

/** @param mostMs the longest time that the main process can have run; null if not known */
function reason(facts: Facts, record: ExitRecord | null, word: PlatformResult, status: ExitStatus, mostMs: number | null): JobResult {
	const { limits, restart, evidence } = facts;
	if (facts.startFailure !== null || word === "start-failed") return "start-failed";
	// A run that was asked to stop between two attempts is `stopped`, although its last record is older than the request.
	const wasOver = record !== null && endedBefore(evidence.stop?.uptimeSeconds ?? 0, facts, record) && !mayRestart(restart, record);
	if (record?.askedToStop || (evidence.stop !== null && !wasOver)) return "stopped";
	if (record !== null && hitStartLimit(restart, record)) return "start-limit";
	if (word === "oom-kill" || word === "start-limit" || word === "session-ended") return word;
	// systemd also says "timeout" when a process that the main process left ignores the stop signal. That does not count.
	if (word === "timeout" && limits.timeoutMs !== null && (mostMs === null || mostMs >= limits.timeoutMs - TICK_MS)) return "timeout";
	if ("signal" in status) return "signal";
	return status.code === 0 ? "success" : "exit-code";
}

/** Whether the main process had ended before the stop was asked for: who recorded the end has looked, or the times tell. */
function endedBefore(askedUptimeSeconds: number, { run }: Facts, record: ExitRecord): boolean {
	if (record.askedToStop !== null) return !record.askedToStop;
	return record.uptimeSeconds !== null && record.bootId === run.place.bootId && record.uptimeSeconds < askedUptimeSeconds;
}
