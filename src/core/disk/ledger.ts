/**
 * The append-only history of a session: one JSON line for each event, written by one write(2). Never decide anything by it:
 * the records of jobs do that. Readers skip broken lines; of two lines for the same event the first counts.
 */
import { isChoreError } from "../../../platform/errors.ts";
import { shownWords } from "../exact-text.ts";
import type { Job, JobOrigin, JobResult, JobState } from "../job.ts";
import { appendToLedger, LedgerReader, readLedgerTail } from "./ledger-files.ts";
import { isId, isName, type Session } from "./session.ts";
import type { JobRecord } from "./store.ts";

/**
 * Changed: its settings or its schedule, from the next run on. The last three are of a schedule that fired and ran nothing. Skipped:
 * for the reason that is given. Queued: it waits for the end of a run. Missed: no run could be made.
 */
export const EVENT_KINDS = [
	"created",
	"started",
	"stopped",
	"exited",
	"paused",
	"resumed",
	"removed",
	"lost",
	"changed",
	"skipped",
	"queued",
	"missed",
] as const;

/** What an event tells of. */
export type EventKind = (typeof EVENT_KINDS)[number];

/** One line of the ledger. */
export interface LedgerEvent {
	/** When the line was written, as RFC 3339; of an end that was told by whoever recorded it, the time of the end. */
	readonly at: string;
	readonly event: EventKind;
	readonly id: string;
	readonly run: number;
	readonly name: string;
	/** With `created`, and with `changed` if it was: the command, cut if the line would become too long. */
	readonly command?: readonly string[];
	/** With `created`, if an API was asked for the job. */
	readonly origin?: JobOrigin;
	/** With `started`. */
	readonly platform?: string;
	/** With `stopped`: who asked, as `user@host`. */
	readonly by?: string;
	/** This and what follows: with `exited` and `lost`. */
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

/** The greatest length of a line: less than a page, so that one write(2) appends it whole. */
const LINE_BYTES = 4000;

/** Appends an event. @throws ChoreError STATE_FULL, STATE_UNUSABLE */
export function record(session: Session, job: Pick<Job, "id" | "run" | "name">, event: EventKind, more: Partial<LedgerEvent> = {}): void {
	const line: LedgerEvent = { at: new Date().toISOString(), event, id: job.id, run: job.run, name: job.name, ...more };
	appendToLedger(session, fit(line));
}

/** Appends an event that has happened already. Ignores errors such as a full disk, which do not undo what happened. */
export function note(...event: Parameters<typeof record>): void {
	try {
		record(...event);
	} catch (error) {
		if (!isChoreError(error)) throw error;
	}
}

/** Appends the event that tells of a new job. @param run 0 for a job that nothing has run yet */
export function recordCreation(session: Session, { id, name, command, origin }: JobRecord, run: 0 | 1): void {
	record(session, { id, run, name }, "created", { command: shownWords(command), ...(origin === undefined ? {} : { origin }) });
}

/** Appends the event that tells how a run ended. @throws ChoreError STATE_FULL, STATE_UNUSABLE */
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

/** The beginning of a line. It cannot occur inside of one, where quotes are escaped. */
const BEGINNING = /(?=\{"at":)/;

/**
 * The events in a line: one, or none if it is broken or of another version. More than one if an earlier line was cut short
 * by a full disk: the next one then follows without a newline.
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
		const isWhole = [at, kind, id, name].every((word) => typeof word === "string") && Number.isSafeInteger(run);
		return isWhole && isId(id) && isName(name) ? event : undefined;
	} catch {
		return undefined;
	}
}

/** Events that may happen more than once in a run. */
const REPEATED: ReadonlySet<EventKind> = new Set<EventKind>(["paused", "resumed", "changed", "skipped", "queued", "missed"]);

/** A text that is equal for two lines about the same event. */
function identityOf({ id, run, event, attempt, at }: LedgerEvent): string {
	return `${id} ${run} ${event} ${attempt ?? ""}${REPEATED.has(event) ? ` ${at}` : ""}`;
}

/**
 * How many events a reader remembers, to give each once. An event is written twice only by processes that settle the same end
 * at the same time, so the two lines are near each other. Without a limit a follower would need more memory every day.
 */
const MOST_SEEN = 50_000;

/** The events of these lines that are not in `seen`. Adds them to it, and removes the oldest ones beyond MOST_SEEN. */
export function newEvents(lines: readonly string[], seen: Set<string>): LedgerEvent[] {
	return lines.flatMap(parseLine).filter((event) => {
		const identity = identityOf(event);
		if (seen.has(identity)) return false;
		seen.add(identity);
		if (seen.size > MOST_SEEN) seen.delete(seen.values().next().value ?? identity);
		return true;
	});
}

/** The events of the last `bytes` of the ledger, oldest first, each once. */
export function recentEvents(session: Session, bytes: number): LedgerEvent[] {
	return newEvents(readLedgerTail(session, bytes).split("\n"), new Set());
}

/** All events, oldest first, each once, in portions. Lets the event loop run between two portions. */
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
	let line = JSON.stringify(event);
	// What is written counts: a control character takes six bytes there.
	for (let most = MOST_CHARACTERS; Buffer.byteLength(line) > LINE_BYTES && most > 0; most = Math.floor(most / 2)) {
		const { command, reason } = event;
		line = JSON.stringify({
			...event,
			...(command && { command: [...command.slice(0, MOST_WORDS).map((word) => cut(word, most)), "…"] }),
			...(reason && { reason: cut(reason, most) }),
		});
	}
	return line;
}

/** Of each free text in a line that would grow too long, at first; and how many words of a command. */
const MOST_CHARACTERS = 100;
const MOST_WORDS = 8;

function cut(text: string, most: number): string {
	return text.length > most ? `${text.slice(0, most)}…` : text;
}
