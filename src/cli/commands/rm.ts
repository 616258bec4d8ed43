/** `chore rm`: forgets jobs and their output. */
import type { Command } from "commander";
import type { Job } from "../../index.ts";
import { duration } from "../arguments.ts";
import { action, each, jsonLines, verb } from "../command.ts";
import { asRun, nameWords, summary } from "../words.ts";

interface Options {
	readonly force?: boolean;
	readonly grace?: number;
}

export function rmCommand(): Command {
	return verb("rm", "forget ended jobs and their output")
		.argument("<job...>", "names or ids")
		.option("-f, --force", "stop it first if it is active; forget it even if it cannot be reached")
		.option("--grace <time>", "with -f: time between the stop signal and KILL", duration)
		.action(
			action<Options, [string[]]>(async (invocation, references) => {
				const { chore, options, output } = invocation;
				const jobs = await each(references, invocation, (reference) =>
					chore.remove(reference, { force: options.force, graceMs: options.grace }),
				);
				if (options.json) output.line(jsonLines(jobs));
				else if (!options.quiet) for (const job of jobs) output.line(`forgot ${forgotten(job)}`);
			}),
		);
}

function forgotten(job: Job): string {
	return job.state === "scheduled" && job.run === 0 ? `${nameWords(job)}, which never ran` : summary(asRun(job));
}
