/** `chore events`: prints the events of a session, one on each line. */
import type { Command } from "commander";
import { isState, type LedgerEvent, type LedgerGap, shortId } from "../../index.ts";
import { count } from "../arguments.ts";
import { action, type Invocation, verb } from "../command.ts";
import { UsageError } from "../failure.ts";
import { whileFollowing } from "../follow.ts";
import type { CursorLine } from "../json.ts";
import { moment } from "../moment.ts";
import { commandLine, endOf, localTime, printable } from "../words.ts";

interface Options {
	readonly follow?: boolean;
	readonly since?: Date;
	readonly cursor?: string;
	readonly max?: number;
	readonly commit?: boolean;
	readonly commitTo?: string;
}

export function eventsCommand(): Command {
	return verb("events", "print what happened to the jobs, one line an event")
		.option("-f, --follow", "only what happens from now on, as it happens, until Ctrl-C")
		.option("--since <moment>", "what happened from then on, also with -f", moment)
		.option("--cursor <name>", "what came since this cursor was moved last; a last line says where to move it")
		.option("--max <number>", "with --cursor: so many events at most", count)
		.option("--commit", "with --cursor: move it once all is printed")
		.option("--commit-to <place>", "with --cursor: move it there, and print nothing")
		.addHelpText("after", "\nA moment: 2026-01-31 15:04, yesterday, 2h ago, -2h.")
		.action(
			action<Options, []>(async (invocation) => {
				const { chore, options, output } = invocation;
				checkCursor(options);
				if (options.cursor !== undefined) return withCursor(invocation, options.cursor);
				const since = options.since ?? (options.follow ? "now" : undefined);
				const tell = async (signal?: AbortSignal): Promise<void> => {
					for await (const event of chore.events({ since, follow: options.follow, signal }))
						output.line(options.json ? JSON.stringify(event) : eventLine(event));
				};
				if (options.follow) await whileFollowing(invocation, tell);
				else await tell();
			}),
		);
}

function checkCursor({ follow, since, cursor, max, commit, commitTo }: Options): void {
	if (cursor === undefined) {
		const given = [max !== undefined && "--max", commit && "--commit", commitTo !== undefined && "--commit-to"].find(Boolean);
		if (given) throw new UsageError(`${given} says nothing without a cursor`, "chore events --cursor NAME");
	} else if (follow || since !== undefined) {
		throw new UsageError("a cursor says from where on events are printed", "leave --follow and --since out");
	} else if (commitTo !== undefined && (commit || max !== undefined)) {
		throw new UsageError("--commit-to prints no events", "leave --commit and --max out");
	}
}

/** Prints the events after a cursor, in portions. After an error the cursor stands where it was. */
async function withCursor({ chore, options, output }: Invocation<Options>, cursor: string): Promise<void> {
	if (options.commitTo !== undefined) return chore.moveCursor(cursor, options.commitTo);
	let left = options.max ?? Number.POSITIVE_INFINITY;
	let from: string | undefined;
	for (;;) {
		const { events, next } = await chore.eventsAfter(cursor, { from, max: Math.min(left, PORTION) });
		for (const event of events) output.line(options.json ? JSON.stringify(event) : eventLine(event));
		from = next;
		left -= events.length;
		if (events.length === 0 || left <= 0) break;
	}
	if (options.commit) return chore.moveCursor(cursor, from);
	const line: CursorLine = { cursor, next: from };
	output.line(options.json ? JSON.stringify(line) : `cursor ${cursor} ${from}`);
}

const PORTION = 10_000;

/** "2026-11-21 14:02:11 web (1c9e2f40) started on posix, run 2" */
function eventLine(event: LedgerEvent | LedgerGap): string {
	const at = new Date(event.at);
	const when = Number.isFinite(at.getTime()) ? localTime(at) : event.at;
	if (event.event === "gap")
		return printable(`${when} events are missing: they were dropped before they were read, ${event.from} to ${event.to}`);
	const run = event.run > 1 ? `, run ${event.run}` : "";
	return printable(`${when} ${event.name} (${shortId(event.id)}) ${happening(event)}${run}`);
}

function happening(event: LedgerEvent): string {
	const because = event.reason ? `: ${event.reason}` : "";
	switch (event.event) {
		case "created":
			return `created${event.command ? `: ${commandLine(event.command)}` : ""}`;
		case "started":
			return `started${event.platform ? ` on ${event.platform}` : ""}`;
		case "stopped":
			return `is to stop${event.by ? `, asked by ${event.by}` : ""}`;
		case "removed":
			return `forgotten${because}`;
		case "exited": {
			const { state, result = null, exitCode = null, signal = null, startedAt = null, endedAt = null } = event;
			const how = state !== undefined && isState(state) ? endOf({ state, result, exitCode, signal, startedAt, endedAt }) : undefined;
			return `${how ?? "exited"}${because}`;
		}
		default:
			return `${event.event}${because}`;
	}
}
