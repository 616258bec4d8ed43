/** `chore tick`: runs what is due of the schedules that nothing else wakes. */
import type { Command } from "commander";
import { actionHere, jsonLines, verb } from "../command.ts";
import { nameWords } from "../words.ts";

interface Options {
	readonly all?: boolean;
}

export function tickCommand(): Command {
	return verb("tick", "run what is due of the schedules that wait for this; to be called each minute")
		.option("--all", "also what the platform should have run, and has not for 90 seconds")
		.addHelpText("after", "\nIt prints what it has run. With -q only the ids are printed.")
		.action(
			actionHere<Options, []>(["chore tick", "it is for a timer of the machine that has the jobs"], async ({ chore, options, output }) => {
				const jobs = await chore.tick({ all: options.all });
				if (options.json) output.line(jsonLines(jobs));
				else for (const job of jobs) output.line(options.quiet ? job.id : nameWords(job));
			}),
		);
}
