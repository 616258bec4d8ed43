/** Answers with events: a JSON line each, or as server-sent events for pages (HTML Living Standard, section 9.2). */
import { setImmediate as turn } from "node:timers/promises";
import { events } from "../operations/events.ts";
import type { Inputs, Streams } from "../operations/messages.ts";
import type { Call } from "../operations/operation.ts";
import { accepts, type Exchange } from "./http.ts";
import { pour } from "./pour.ts";

type Input = Inputs["events"];
type Event = Streams["events"];

const SERVER_SENT = "text/event-stream";
const LINES = "application/x-ndjson";

/** How much before an event others may stand in the ledger that came later: clocks are set back, and ends told late. */
const OVERLAP_MS = 60 * 60 * 1000;

/** @throws ChoreError before anything is sent */
export async function answerEvents(exchange: Exchange, input: Input, call: Call): Promise<void> {
	const { request, response } = exchange;
	const isForPages = accepts(request, SERVER_SENT);
	response.setHeader("Content-Type", isForPages ? SERVER_SENT : LINES);
	response.setHeader("Vary", "Accept");
	if (request.method === "HEAD") return void response.end();
	const last = request.headers["last-event-id"];
	const all = isForPages && typeof last === "string" ? eventsAfterId(last, input, call) : events.stream(input, call);
	const pieces = (isForPages ? serverSent(all) : lines(all))[Symbol.asyncIterator]();
	const first = pieces.next();
	// A wrong input is found out at once. Otherwise whoever has the headers misses no event from then on.
	await Promise.race([first, turn()]);
	response.flushHeaders();
	await pour(exchange, resumed(first, pieces));
}

/** The iteration whose first step has been made. */
async function* resumed<T>(first: Promise<IteratorResult<T, void>>, rest: AsyncGenerator<T, void, void>): AsyncGenerator<T, void, void> {
	try {
		const { done, value } = await first;
		if (done) return;
		yield value;
		yield* rest;
	} finally {
		await rest.return();
	}
}

async function* lines(all: AsyncIterable<Event>): AsyncGenerator<Buffer, void, void> {
	for await (const one of all) yield Buffer.from(`${JSON.stringify(one)}\n`);
}

async function* serverSent(all: AsyncIterable<Event>): AsyncGenerator<Buffer, void, void> {
	for await (const one of all) {
		const head = "changed" in one ? "event: changed\n" : `id: ${idOf(one)}\nevent: ${one.event}\n`;
		yield Buffer.from(`${head}data: ${JSON.stringify(one)}\n\n`);
	}
}

function idOf({ at, id, run, event }: Exclude<Event, { readonly changed: unknown }>): string {
	return `${at}/${id}/${run}/${event}`;
}

/** The events behind that one in the ledger; if it is not there any more, those from its time on. */
async function* eventsAfterId(last: string, input: Input, call: Call): AsyncGenerator<Event, void, void> {
	const atMs = Date.parse(last.split("/")[0] ?? "");
	if (!Number.isFinite(atMs)) return yield* events.stream(input, call);
	const since = new Date(atMs - OVERLAP_MS).toISOString();
	let isThere = false;
	for await (const one of events.stream({ since }, call)) isThere ||= !("changed" in one) && idOf(one) === last;
	if (!isThere) return yield* events.stream({ ...input, since: new Date(atMs).toISOString() }, call);
	let isBehind = false;
	for await (const one of events.stream({ ...input, since }, call)) {
		if (isBehind || "changed" in one) yield one;
		else isBehind = idOf(one) === last;
	}
}
