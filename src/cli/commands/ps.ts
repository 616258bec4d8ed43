/** `chore ps`: prints jobs as a table. */
import type { Command } from "commander";
import { type Job, type JobState, shortId } from "../../index.ts";
import { states } from "../arguments.ts";
import { action, jsonLines, verb } from "../command.ts";
import type { Cell, Output } from "../output.ts";
import { colourOf, commandLine, printable, since, stateWords } from "../words.ts";

interface Options {
	readonly all?: boolean;
	readonly state?: readonly JobState[];
}

export function psCommand(): Command {
	return verb("ps", "list the jobs: active ones, and the 10 that ended last within a day")
		.alias("ls")
		.option("-a, --all", "all jobs")
		.option("--state <states>", "only jobs in these states, of all jobs (repeatable)", states)
		.addHelpText("after", "\nWith -q only the ids are printed.")
		.action(
			action<Options, []>(async ({ chore, options, output }) => {
				const jobs = await chore.list({ all: options.all, states: options.state });
				if (options.json) output.line(jsonLines(jobs));
				else if (options.quiet) for (const job of jobs) output.line(job.id);
				else if (jobs.length > 0) await output.table(jobTable(jobs, output));
				else if (output.isTerminal) output.note("no jobs; `chore run -- COMMAND` starts one");
			}),
		);
}

function jobTable(jobs: readonly Job[], output: Output): Cell[][] {
	const now = Date.now();
	const heading = ["NAME", "ID", "STATE", "SINCE", "COMMAND"].map((text) => output.dim(text));
	const rows = jobs.map((job) => [
		{ text: job.name },
		output.dim(shortId(job.id)),
		{ text: stateWords(job), paint: (plain: string) => output.paint(colourOf(job), plain) },
		{ text: since(job, now) },
		{ text: job.command.length === 0 ? printable(job.reason ?? "") : commandLine(job.command) },
	]);
	return [heading, ...rows];
}
