/** `chore events`: prints the events of a session, one on each line. */
import type { Command } from "commander";
import { isState, type LedgerEvent, shortId } from "../../index.ts";
import { action, verb } from "../command.ts";
import { whileFollowing } from "../follow.ts";
import { moment } from "../moment.ts";
import { commandLine, endOf, localTime, printable } from "../words.ts";

interface Options {
	readonly follow?: boolean;
	readonly since?: Date;
}

export function eventsCommand(): Command {
	return verb("events", "print what happened to the jobs, one line an event")
		.option("-f, --follow", "only what happens from now on, as it happens, until Ctrl-C")
		.option("--since <moment>", "what happened from then on, also with -f", moment)
		.addHelpText("after", "\nA moment: 2026-01-31 15:04, yesterday, 2h ago, -2h.")
		.action(
			action<Options, []>(async (invocation) => {
				const { chore, options, output } = invocation;
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

/** "2026-11-21 14:02:11 web (1c9e2f40) started on posix, run 2" */
function eventLine(event: LedgerEvent): string {
	const at = new Date(event.at);
	const when = Number.isFinite(at.getTime()) ? localTime(at) : event.at;
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
