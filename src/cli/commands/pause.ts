/** `chore pause` and `chore resume`. */
import type { Command } from "commander";
import type { Job, Jobs } from "../../index.ts";
import { action, each, jsonLines, verb } from "../command.ts";
import { summary } from "../words.ts";
import { referencesOrAll } from "./references.ts";

export function pauseCommand(): Command {
	return held("pause", "hold all processes of jobs where they are", (chore, reference) => chore.pause(reference));
}

export function resumeCommand(): Command {
	return held("resume", "let paused jobs go on", (chore, reference) => chore.resume(reference));
}

function held(name: string, about: string, act: (chore: Jobs, reference: string) => Promise<Job>): Command {
	return verb(name, about)
		.argument("[job...]", "names or ids")
		.option("--all", "all active jobs of the session")
		.action(
			action<{ readonly all?: boolean }, [string[]]>(async (invocation, words) => {
				const { chore, options, output } = invocation;
				const references = await referencesOrAll(invocation, words);
				const jobs = await each(references, invocation, (reference) => act(chore, reference));
				if (options.json) output.line(jsonLines(jobs));
				else if (!options.quiet) for (const job of jobs) output.line(summary(job));
			}),
		);
}
