/** Lists the runs of a session from its ledger and its jobs, also the runs of jobs that were removed since. */
import { ChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { allEvents, type LedgerEvent } from "../disk/ledger.ts";
import { activeIds, type Session, scheduledIds } from "../disk/session.ts";
import { readEnd } from "../disk/store.ts";
import { hasEnded, isState, type Job, type JobOrigin, type JobResult, type JobState } from "../job.ts";
import { examine } from "../settle/settle.ts";
import { createdAtMs } from "../settle/snapshot.ts";
import { ended } from "./list.ts";
import { jobIds } from "./resolve.ts";

/** Which runs to list. Default: all. */
export interface HistoryFilter {
	/** Only runs of these jobs: each an exact name, a full id, or the end of an id, 4 characters or more. */
	readonly jobs?: readonly string[] | undefined;
	/** Only runs in one of these states. */
	readonly states?: readonly JobState[] | undefined;
	/** Only runs that ended at or after this moment, or have not ended. */
	readonly since?: Date | undefined;
	/** Only runs that began at or before this moment. */
	readonly until?: Date | undefined;
	/** The greatest number of runs; the latest are returned. */
	readonly limit?: number | undefined;
}

/** One run of a job. What does not exist or is not known any more is null. Times are RFC 3339 in UTC with milliseconds. */
export interface HistoryEntry {
	/** Version of this shape. Fields are added, never renamed. */
	readonly schema: 1;
	/** The job's id. */
	readonly id: string;
	readonly name: string;
	/** Which start of the job this is, from 1. */
	readonly run: number;
	/** The last execution within the run, from 1. */
	readonly attempt: number;
	/** Program and arguments, cut if they are long. Empty if the ledger does not reach back that far. */
	readonly command: readonly string[];
	readonly platform: string | null;
	/** Who had the job made, where that was by an API; else null. */
	readonly origin: JobOrigin | null;
	/** Also `unknown` when the job was removed before its end was settled. */
	readonly state: JobState;
	readonly result: JobResult | null;
	readonly exitCode: number | null;
	readonly signal: string | null;
	readonly startedAt: string | null;
	/** End of the main process. */
	readonly endedAt: string | null;
	/** Milliseconds from `startedAt` to `endedAt`. */
	readonly durationMs: number | null;
	/** CPU time of all processes of the run, in milliseconds. */
	readonly cpuTimeMs: number | null;
	readonly memoryPeakBytes: number | null;
	/** Why the run is lost, unknown, or could not start, in words for people; else null. */
	readonly reason: string | null;
	/** Whether the job was removed, with its output. */
	readonly removed: boolean;
}

/** An entry and the times by which it is chosen and sorted, in milliseconds since the epoch. */
interface Told {
	readonly entry: HistoryEntry;
	/** When the start was asked for. */
	readonly beganMs: number;
	/** Infinity for a run that has not ended. */
	readonly endedMs: number;
}

/** The events of one run in the ledger. */
interface Lines {
	readonly id: string;
	readonly run: number;
	readonly name: string;
	command?: readonly string[] | undefined;
	created?: LedgerEvent;
	started?: LedgerEvent;
	end?: LedgerEvent;
}

/** @see Chore.history in chore.ts */
export async function history(context: Context, filter: HistoryFilter = {}): Promise<readonly HistoryEntry[]> {
	const { limit = Number.POSITIVE_INFINITY } = filter;
	if (!(limit >= 0)) throw new ChoreError("INVALID_ARGUMENT", `the limit must be 0 or more, not ${limit}`);
	return (await allRuns(context))
		.filter((told) => isWanted(filter, told))
		.sort(latestFirst)
		.slice(0, limit)
		.map(({ entry }) => entry);
}

async function allRuns(context: Context): Promise<Told[]> {
	const { session } = context;
	const active = [...new Set([...activeIds(session), ...scheduledIds(session)])];
	// Before the ledger is read: this writes down the ends that it finds.
	const current = await examine(context, active);
	const { runs, commands, origins } = await readRuns(session);
	const present = new Set(jobIds(session));
	// A scheduled job runs no more: its latest run is told below, as it ended.
	const told = new Map(current.filter(({ state }) => state !== "scheduled").map((job) => [key(job), ofJob(job, runs.get(key(job)))]));
	for (const lines of runs.values()) {
		const { id, run, started, end } = lines;
		const job = end === undefined && present.has(id) ? readEnd(session, id, run) : undefined;
		if (job !== undefined) told.set(key(job), ofJob(job, lines));
		// A run without both events was refused at its start and is not listed.
		else if (end !== undefined || (started !== undefined && !told.has(key(lines))))
			told.set(key(lines), ofLines(lines, lines.command ?? commands.get(id) ?? [], origins.get(id) ?? null, !present.has(id)));
	}
	const known = new Set([...active, ...[...runs.values()].map(({ id }) => id)]);
	const untold = [...present].filter((id) => !known.has(id));
	return [...told.values(), ...(await ended(context, untold)).map((job) => ofJob(job, undefined))];
}

async function readRuns(session: Session): Promise<{
	readonly runs: ReadonlyMap<string, Lines>;
	readonly commands: ReadonlyMap<string, readonly string[]>;
	readonly origins: ReadonlyMap<string, JobOrigin>;
}> {
	const runs = new Map<string, Lines>();
	const commands = new Map<string, readonly string[]>();
	const origins = new Map<string, JobOrigin>();
	for await (const some of allEvents(session)) {
		for (const event of some) {
			const { id, run, name } = event;
			const lines: Lines = runs.get(key(event)) ?? { id, run, name };
			runs.set(key(event), lines);
			if (event.event === "created") {
				lines.created = event;
				commands.set(id, commandOf(event));
				if (typeof event.origin?.client === "string") origins.set(id, { client: event.origin.client });
			} else if (event.event === "changed" && event.command !== undefined) commands.set(id, commandOf(event));
			else if (event.event === "started") {
				lines.started = event;
				lines.command = commands.get(id);
			}
			// "exited" counts more than "lost", which another process may have written that knew less.
			else if (event.event === "exited" || (event.event === "lost" && lines.end === undefined)) lines.end = event;
		}
	}
	return { runs, commands, origins };
}

function ofJob(job: Job, lines: Lines | undefined): Told {
	const { id, name, run, attempt, command, platform, state, result, exitCode, signal, startedAt, endedAt } = job;
	const { origin, cpuTimeMs, memoryPeakBytes, reason } = job;
	return {
		entry: {
			...{ schema: 1, id, name, run, attempt, command, platform, origin, state, result, exitCode, signal, startedAt, endedAt },
			...{ durationMs: span(startedAt, endedAt), cpuTimeMs, memoryPeakBytes, reason, removed: false },
		},
		beganMs: askedForAtMs(job, lines, Date.parse(startedAt ?? job.createdAt)),
		endedMs: hasEnded(job) && endedAt !== null ? Date.parse(endedAt) : Number.POSITIVE_INFINITY,
	};
}

/** The entry of a run by its events alone. A field of the wrong type in the ledger counts as not known. */
function ofLines(lines: Lines, command: readonly string[], origin: JobOrigin | null, removed: boolean): Told {
	const { id, run, name, started, end } = lines;
	const startedAt = time(end === undefined ? started?.at : end.startedAt);
	const endedAt = time(end?.endedAt);
	const state = end?.state ?? (end?.event === "lost" ? "lost" : "unknown");
	return {
		entry: {
			...{ schema: 1, id, name, run, attempt: number(end?.attempt) ?? 1, command },
			platform: text(started?.platform),
			origin,
			state: isState(state) ? state : "unknown",
			result: text(end?.result) as JobResult | null,
			exitCode: number(end?.exitCode),
			signal: text(end?.signal),
			...{ startedAt, endedAt, durationMs: span(startedAt, endedAt) },
			cpuTimeMs: number(end?.cpuTimeMs),
			memoryPeakBytes: number(end?.memoryPeakBytes),
			reason: end === undefined ? "nobody saw how it ended" : text(end.reason),
			removed,
		},
		beganMs: askedForAtMs(lines, lines, Date.parse(startedAt ?? EPOCH)),
		endedMs: Date.parse(endedAt ?? time((end ?? started)?.at) ?? EPOCH),
	};
}

const EPOCH = "1970-01-01T00:00:00.000Z";

/** A first run that began within this time after its job was made was asked for as that was made, and by no schedule. */
const AT_ONCE_MS = 1000;

/**
 * When the start was asked for: by the ledger; without that, of a first run by the id of its job, if it then began at once. Finer
 * than `startedMs`, which is exact to 10 ms, so that it sorts runs that began almost together.
 */
function askedForAtMs({ id, run }: Pick<Job, "id" | "run">, lines: Lines | undefined, startedMs: number): number {
	const at = time((lines?.created ?? lines?.started)?.at);
	if (at !== null) return Date.parse(at);
	const madeMs = createdAtMs(id);
	return run === 1 && Math.abs(startedMs - madeMs) < AT_ONCE_MS ? madeMs : startedMs;
}

function isWanted({ jobs, states, since, until }: HistoryFilter, { entry, beganMs, endedMs }: Told): boolean {
	return (
		(jobs === undefined || jobs.some((job) => job === entry.name || isIdOf(job.toLowerCase(), entry))) &&
		(states === undefined || states.includes(entry.state)) &&
		(since === undefined || endedMs >= since.getTime()) &&
		(until === undefined || beganMs <= until.getTime())
	);
}

function isIdOf(reference: string, { id }: HistoryEntry): boolean {
	return reference.length >= 4 && id.endsWith(reference);
}

function latestFirst(one: Told, other: Told): number {
	const [first, second] = [one.entry, other.entry];
	return other.beganMs - one.beganMs || second.run - first.run || (second.id < first.id ? -1 : 1);
}

function key({ id, run }: { readonly id: string; readonly run: number }): string {
	return `${id} ${run}`;
}

function commandOf({ command }: LedgerEvent): readonly string[] {
	return Array.isArray(command) && command.every((word) => typeof word === "string") ? command : [];
}

function span(startedAt: string | null, endedAt: string | null): number | null {
	return startedAt === null || endedAt === null ? null : Math.max(0, Date.parse(endedAt) - Date.parse(startedAt));
}

function time(value: unknown): string | null {
	return typeof value === "string" && Number.isFinite(Date.parse(value)) ? value : null;
}

function number(value: unknown): number | null {
	return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function text(value: unknown): string | null {
	return typeof value === "string" ? value : null;
}
