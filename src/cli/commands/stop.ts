/** `chore stop`: stops jobs. */
import type { Command } from "commander";
import { duration } from "../arguments.ts";
import { action, each, jsonLines, verb } from "../command.ts";
import { summary } from "../words.ts";
import { referencesOrAll } from "./references.ts";

interface Options {
	readonly grace?: number;
	readonly all?: boolean;
}

export function stopCommand(): Command {
	return verb("stop", "stop jobs, children included: TERM, then KILL after the grace")
		.argument("[job...]", "names or ids")
		.option("--grace <time>", "time between the two signals (default: the job's own, 10s)", duration)
		.option("--all", "all active jobs of the session")
		.action(
			action<Options, [string[]]>(async (invocation, words) => {
				const { chore, options, output } = invocation;
				const references = await referencesOrAll(invocation, words);
				const jobs = await each(references, invocation, (reference) => chore.stop(reference, { graceMs: options.grace }));
				if (options.json) output.line(jsonLines(jobs));
				else if (!options.quiet) for (const job of jobs) output.line(summary(job));
			}),
		);
}
