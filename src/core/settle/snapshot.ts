/** Makes the snapshot of a job that users see, from its records and the end or state of its run. */
import type { Handle } from "../../../platform/contract.ts";
import { sizeOf } from "../disk/files.ts";
import { readResponse } from "../disk/response.ts";
import type { Session } from "../disk/session.ts";
import { type Evidence, type JobRecord, latestRun, outputPaths, type StoredRun, type Unreadable } from "../disk/store.ts";
import { shownWords } from "../exact-text.ts";
import type { Job, JobSettings, JobState } from "../job.ts";
import { hasBegun } from "./attempts.ts";
import { type End, startTime } from "./verdict.ts";

/** The state of a run that is not known to have ended. */
export interface Live {
	readonly state: Exclude<JobState, End["state"]>;
	readonly reason: string | null;
}

export function snapshot(session: Session, stored: StoredRun, evidence: Evidence, now: End | Live): Job {
	const { job, run, folder } = stored;
	const end = "status" in now ? now : undefined;
	const startedAtMs = startTime({ run, evidence });
	const paths = run.run === 0 ? [] : outputPaths(folder, job.output);
	const status = end?.status ?? null;
	const settings = shownSettings(job);
	return freeze({
		schema: 1,
		id: job.id,
		name: job.name,
		session: session.name,
		platform: run.handle.platform,
		unit: unitOf(run.handle),
		...settings,
		origin: job.origin ?? null,
		state: now.state,
		result: end?.result ?? null,
		createdAt: rfc3339(job.createdAtMs),
		startedAt: startedAtMs === null ? null : rfc3339(startedAtMs),
		endedAt: end?.endedAtMs == null ? null : rfc3339(end.endedAtMs),
		run: run.run,
		attempt: end?.attempt ?? (typeof evidence.exit === "object" ? evidence.exit.attempt + 1 : 1),
		pid: end === undefined && now.state !== "unknown" && hasBegun(job.restart, evidence) ? (evidence.started?.pid ?? null) : null,
		exitCode: status !== null && "code" in status ? status.code : null,
		signal: status !== null && "signal" in status ? status.signal : null,
		exitCertain: status === null ? null : (end?.certain ?? null),
		cpuTimeMs: end?.cpuTimeMs ?? null,
		memoryPeakBytes: end?.memoryPeakBytes ?? null,
		leftBehind: end?.leftBehind ?? null,
		output: { ...settings.output, paths, bytes: paths.reduce((bytes, path) => bytes + sizeOf(path), 0) },
		request: job.request === undefined ? null : { ...job.request, response: readResponse(folder) },
		nextRun: stored.next === undefined ? null : shownSettings(stored.next),
		schedule: null,
		reason: now.reason,
	});
}

function shownSettings(job: JobRecord): JobSettings {
	return {
		// Without what JSON can hold but hardly any reader takes; see exact-text.ts.
		command: shownWords(job.command),
		directory: job.directory.toWellFormed(),
		description: job.description,
		tag: job.tag ?? null,
		output: { mode: job.output, relay: job.relay ?? false },
		restart: job.restart.policy === "no" ? { ...job.restart, delayMs: null } : job.restart,
		limits: job.limits,
	};
}

/** The end that was written down of this run, with what the next one will have. */
export function withNextRun(job: Job, { next }: StoredRun): Job {
	return next === undefined ? job : freeze({ ...job, nextRun: shownSettings(next) });
}

/** The snapshot of a job whose record cannot be read, so that it appears in every list. */
export function unreadableJob(session: Session, job: Unreadable): Job {
	return freeze({
		schema: 1,
		id: job.id,
		name: job.id.slice(-8),
		session: session.name,
		platform: "unknown",
		unit: null,
		command: [],
		directory: "",
		description: null,
		tag: null,
		origin: null,
		state: "unknown",
		result: null,
		createdAt: rfc3339(createdAtMs(job.id)),
		startedAt: null,
		endedAt: null,
		run: latestRun(session, job.id),
		attempt: 1,
		pid: null,
		exitCode: null,
		signal: null,
		exitCertain: null,
		cpuTimeMs: null,
		memoryPeakBytes: null,
		leftBehind: null,
		output: { mode: "null", relay: false, paths: [], bytes: 0 },
		restart: { policy: "no", delayMs: null, max: null },
		limits: { timeoutMs: null, memoryBytes: null, cpus: null, tasks: null },
		request: null,
		nextRun: null,
		schedule: null,
		reason: `unreadable: ${job.file}: ${job.why}`,
	});
}

/** RFC 3339 in UTC with milliseconds. */
export function rfc3339(timeMs: number): string {
	return new Date(timeMs).toISOString();
}

/** The name of the unit: platforms that have units keep it as `unit` in the handle. */
function unitOf(handle: Handle): string | null {
	const unit = handle.data["unit"];
	return typeof unit === "string" ? unit : null;
}

/** The time in an id: a UUID version 7 begins with 48 bits of milliseconds (RFC 9562). */
export function createdAtMs(id: string): number {
	const timeMs = Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16);
	return Number.isFinite(timeMs) ? timeMs : 0;
}

export function freeze(job: Job): Job {
	Object.freeze(job.output);
	Object.freeze(job.limits);
	Object.freeze(job.command);
	return Object.freeze(job);
}
