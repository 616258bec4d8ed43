/**
 * The append-only history of a session: one JSON line an event, each written in one go. Nothing is decided by it; a
 * broken line is skipped, and of two that tell the same the first counts.
 */
import { isChoreError } from "../../../platform/errors.ts";
import type { Job, JobResult, JobState } from "../job.ts";
import { appendToLedger, LedgerReader, readLedgerTail } from "./ledger-files.ts";
import type { Session } from "./session.ts";

export type EventKind = "created" | "started" | "stopped" | "exited" | "paused" | "resumed" | "removed" | "lost";

/** One line of the ledger. */
export interface LedgerEvent {
	/** RFC 3339: when the line was written. */
	readonly at: string;
	readonly event: EventKind;
	readonly id: string;
	readonly run: number;
	readonly name: string;
	/** `created`: the command, cut where the line would grow too long. */
	readonly command?: readonly string[];
	/** `started`. */
	readonly platform?: string;
	/** `stopped`: who asked, as `user@host`. */
	readonly by?: string;
	/** `exited` and `lost`, and what follows. */
	readonly attempt?: number;
	readonly state?: JobState;
	readonly result?: JobResult | null;
	readonly exitCode?: number | null;
	readonly signal?: string | null;
	readonly startedAt?: string | null;
	readonly endedAt?: string | null;
	readonly cpuTimeMs?: number | null;
	readonly memoryPeakBytes?: number | null;
	readonly reason?: string | null;
}

/** A line stays below PIPE_BUF and a page: one write(2), never torn. */
const LINE_BYTES = 4000;

export function record(session: Session, job: Pick<Job, "id" | "run" | "name">, event: EventKind, more: Partial<LedgerEvent> = {}): void {
	const line: LedgerEvent = { at: new Date().toISOString(), event, id: job.id, run: job.run, name: job.name, ...more };
	appendToLedger(session, fit(line));
}

/** The same for what has happened already: that it cannot be noted (a full disk) does not undo it. */
export function note(...event: Parameters<typeof record>): void {
	try {
		record(...event);
	} catch (error) {
		if (!isChoreError(error)) throw error;
	}
}

/** The event that tells how a run ended. */
export function recordEnd(session: Session, job: Job): void {
	const { attempt, state, result, exitCode, signal, startedAt, endedAt, cpuTimeMs, memoryPeakBytes, reason } = job;
	record(session, job, state === "lost" ? "lost" : "exited", {
		attempt,
		state,
		result,
		exitCode,
		signal,
		startedAt,
		endedAt,
		cpuTimeMs,
		memoryPeakBytes,
		reason: reason?.slice(0, 500) ?? null,
	});
}

/** Where a line begins. Inside of one it cannot stand: there its quotes would be escaped. */
const BEGINNING = /(?=\{"at":)/;

/**
 * The events of a line: one, or none where it is broken or from a version whose events are not these. A line that was cut
 * short by a full disk has no end, and the next follows on it.
 */
export function parseLine(line: string): LedgerEvent[] {
	const event = parseEvent(line);
	if (event !== undefined) return [event];
	const parts = line.split(BEGINNING);
	return parts.length < 2 ? [] : parts.flatMap((part) => parseEvent(part) ?? []);
}

function parseEvent(text: string): LedgerEvent | undefined {
	try {
		const event = JSON.parse(text) as LedgerEvent;
		const { at, event: kind, id, run, name } = event;
		return [at, kind, id, name].every((word) => typeof word === "string") && typeof run === "number" ? event : undefined;
	} catch {
		return undefined;
	}
}

/** What happens to a run as often as somebody wants. */
const REPEATED: ReadonlySet<EventKind> = new Set<EventKind>(["paused", "resumed"]);

/** What makes two lines tell the same event. */
function identityOf({ id, run, event, at }: LedgerEvent): string {
	return `${id} ${run} ${event}${REPEATED.has(event) ? ` ${at}` : ""}`;
}

/** The events of these lines that were not seen before; from now on they were. */
export function newEvents(lines: readonly string[], seen: Set<string>): LedgerEvent[] {
	return lines.flatMap(parseLine).filter((event) => {
		const identity = identityOf(event);
		return !seen.has(identity) && seen.add(identity);
	});
}

/** The events of the last `bytes` of the ledger, oldest first, each once. */
export function recentEvents(session: Session, bytes: number): LedgerEvent[] {
	return newEvents(readLedgerTail(session, bytes).split("\n"), new Set());
}

/** All events, oldest first, each once, some at a time: other work in this process gets its turn in between. */
export async function* allEvents(session: Session): AsyncGenerator<readonly LedgerEvent[], void, void> {
	const seen = new Set<string>();
	using reader = new LedgerReader(session);
	for (const lines of reader.read()) {
		yield newEvents(lines, seen);
		await new Promise((resume) => setImmediate(resume));
	}
	yield newEvents(reader.unfinished(), seen);
}

function fit(event: LedgerEvent): string {
	const line = JSON.stringify(event);
	if (Buffer.byteLength(line) <= LINE_BYTES || event.command === undefined) return line;
	const words = event.command.map((word) => (word.length > 100 ? `${word.slice(0, 100)}…` : word)).slice(0, 8);
	return JSON.stringify({ ...event, command: [...words, "…"] });
}
