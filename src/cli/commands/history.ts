/** `chore history`: prints past and active runs as a table. */
import type { Command } from "commander";
import { type HistoryEntry, hasEnded, type JobState, shortId } from "../../index.ts";
import { count, states } from "../arguments.ts";
import { action, jsonLines, verb } from "../command.ts";
import { UsageError } from "../failure.ts";
import { moment } from "../moment.ts";
import type { Cell, Output } from "../output.ts";
import { age, colourOf, commandLine, localTime, printable, span, stateWords } from "../words.ts";

interface Options {
	readonly all?: boolean;
	readonly state?: readonly JobState[];
	readonly since?: Date;
	readonly until?: Date;
	readonly lines?: number;
}

/** How many runs are listed without a filter. */
const USUAL_COUNT = 50;

export function historyCommand(): Command {
	return verb("history", "list the runs of jobs, also of those that were forgotten: the newest 50, latest first")
		.argument("[job...]", "names or ids: all runs of these jobs")
		.option("-a, --all", "all runs")
		.option("--state <states>", "all runs in these states (repeatable)", states)
		.option("--since <moment>", "all runs that were not over yet then", moment)
		.option("--until <moment>", "all runs that had begun by then", moment)
		.option("-n, --lines <number>", "only so many", count)
		.addHelpText("after", "\nWith -q only the ids of the jobs are printed. A moment: 2026-01-31 15:04, yesterday, 2h ago, -2h.")
		.action(
			action<Options, [string[]]>(async ({ chore, options, output }, words) => {
				const { all, state, since, until, lines } = options;
				if (since !== undefined && until !== undefined && since > until)
					throw new UsageError("--since is later than --until", "runs between the two are listed");
				const isUsual = !all && words.length === 0 && [state, since, until].every((one) => one === undefined);
				const entries = await chore.history({
					jobs: words.length === 0 ? undefined : words,
					states: state,
					since,
					until,
					limit: lines ?? (isUsual ? USUAL_COUNT : undefined),
				});
				if (options.json) output.line(jsonLines(entries));
				else if (options.quiet) for (const id of new Set(entries.map(({ id }) => id))) output.line(id);
				else if (entries.length > 0) await output.table(historyTable(entries, output));
				else if (output.isTerminal) output.note(isUsual ? "nothing was run yet; `chore run -- COMMAND` starts a job" : "no such runs");
			}),
		);
}

function historyTable(entries: readonly HistoryEntry[], output: Output): Cell[][] {
	const now = Date.now();
	const rows = entries.map((entry) => [
		{ text: printable(entry.name) },
		output.dim(shortId(printable(entry.id))),
		{ text: String(entry.run) },
		{
			text: printable(`${stateWords(entry)}${entry.removed ? ", forgotten" : ""}`),
			paint: (plain: string) => output.paint(colourOf(entry), plain),
		},
		{ text: entry.startedAt === null ? "" : localTime(new Date(entry.startedAt)) },
		{ text: took(entry, now) },
		{ text: commandLine(entry.command) },
	]);
	return [["NAME", "ID", "RUN", "STATE", "STARTED", "TOOK", "COMMAND"].map((text) => output.dim(text)), ...rows];
}

function took({ state, startedAt, durationMs }: HistoryEntry, now: number): string {
	if (durationMs !== null) return span(durationMs).replace("less than", "<");
	return startedAt === null || hasEnded({ state }) || state === "unknown" ? "" : `${age(now - Date.parse(startedAt))} so far`;
}
