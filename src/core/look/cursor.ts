/**
 * Events from where a reader was the last time: a cursor is a name, and the place in the ledger up to which its reader has
 * everything. The reader moves it once it has what it was given, so each event is given at least once.
 */
import { ChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { readText, replaceFile } from "../disk/files.ts";
import { type LedgerEvent, newEvents } from "../disk/ledger.ts";
import { type LedgerPlace, LedgerView, parsePlace, placeText } from "../disk/ledger-place.ts";
import { isFor, type Listener } from "../disk/listeners.ts";
import { makePrivateFolder } from "../disk/private-folder.ts";
import { activeIds, checkName, cursorOf, makeSession, type Session, scheduledIds } from "../disk/session.ts";
import { examine } from "../settle/settle.ts";

/** Says that events between two places are gone: files of the ledger were dropped before they were read. It is of no job. */
export interface LedgerGap {
	/** When that was found, as RFC 3339. */
	readonly at: string;
	readonly event: "gap";
	/** Places in the ledger, as in EventBatch. */
	readonly from: string;
	readonly to: string;
}

/** Events that a reader has not had. */
export interface EventBatch {
	/** Oldest first. None if the reader has everything. */
	readonly events: readonly (LedgerEvent | LedgerGap)[];
	/** The place after them, such as "3:1024": the number of a file of the ledger, and a byte in it. */
	readonly next: string;
}

/** Which events a reader with a cursor is given. */
export interface BatchOptions {
	/** Go on from this place instead of the one where the cursor stands. */
	readonly from?: string | undefined;
	/** So many events at most. Default 10,000. */
	readonly max?: number | undefined;
}

/** How many lines are read again before the place of a cursor, so that an event told twice at the same time is given once. */
const OVERLAP_BYTES = 16 * 1024;

/** @see Chore.eventsAfter in chore.ts */
export async function eventsAfter(context: Context, name: string, { from, max = 10_000 }: BatchOptions = {}): Promise<EventBatch> {
	const { session } = context;
	checkName("cursor", name);
	if (!(Number.isInteger(max) && max > 0))
		throw new ChoreError("INVALID_ARGUMENT", `the greatest number of events must be 1 or more, not ${max}`);
	const start = from === undefined ? readCursor(session, name) : asPlace(from);
	// Before the ledger is read: this writes down the ends that it finds.
	if (from === undefined) await examine(context, [...new Set([...activeIds(session), ...scheduledIds(session)])]);
	using ledger = new LedgerView(session);
	const isGap = start !== undefined && !ledger.has(start);
	const first = start === undefined || isGap ? ledger.first : start;
	const events: (LedgerEvent | LedgerGap)[] = [];
	if (start !== undefined && isGap) {
		events.push({ at: new Date().toISOString(), event: "gap", from: placeText(start), to: placeText(first) });
	}
	const seen = new Set<string>();
	let next = first;
	for (const line of ledger.lines({ file: first.file, byte: Math.max(0, first.byte - OVERLAP_BYTES) })) {
		const found = newEvents([line.text], seen);
		if (isAfter(first, line.next)) continue;
		// Of a line that holds two events, which a full disk can bring about, both are given.
		if (events.length > 0 && events.length + found.length > max) break;
		events.push(...found);
		next = line.next;
	}
	return { events, next: placeText(next) };
}

/** @see Chore.moveCursor in chore.ts */
export function moveCursor({ session }: Context, name: string, to: string): void {
	checkName("cursor", name);
	const place = asPlace(to);
	makeSession(session);
	makePrivateFolder(session.cursors); // absent in sessions that earlier versions made
	replaceFile(cursorOf(session, name), `${placeText(place)}\n`);
}

/** From this number on the events that a listener has not had are not counted. */
const MOST_COUNTED = 1000;

/** How many events a listener has not had, MOST_COUNTED for more. */
export function pendingFor(session: Session, listener: Listener): number {
	const start = readCursor(session, listener.name);
	using ledger = new LedgerView(session);
	const first = start === undefined || !ledger.has(start) ? ledger.first : start;
	const seen = new Set<string>();
	let count = 0;
	for (const line of ledger.lines(first)) {
		count += newEvents([line.text], seen).filter((event) => isFor(listener, event)).length;
		if (count >= MOST_COUNTED) break;
	}
	return Math.min(count, MOST_COUNTED);
}

/** Where a cursor stands. Undefined for a new one, and for one that is damaged: its reader is given everything. */
function readCursor(session: Session, name: string): LedgerPlace | undefined {
	return parsePlace(readText(cursorOf(session, name))?.trim() ?? "");
}

function asPlace(text: string): LedgerPlace {
	const place = parsePlace(text);
	if (place !== undefined) return place;
	throw new ChoreError("INVALID_ARGUMENT", `${JSON.stringify(text)} is no place in a ledger`, {
		hint: "it is given with the events: two numbers, as in 3:1024",
	});
}

/** Whether the end of a line is at or before a place. */
function isAfter(place: LedgerPlace, end: LedgerPlace): boolean {
	return end.file < place.file || (end.file === place.file && end.byte <= place.byte);
}
