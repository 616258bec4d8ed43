/** `chore kill`: sends a signal to jobs. */
import type { Command } from "commander";
import { signal } from "../arguments.ts";
import { action, each, jsonLines, verb } from "../command.ts";
import { referencesOrAll } from "./references.ts";

interface Options {
	readonly signal: string;
	readonly main?: boolean;
	readonly all?: boolean;
}

export function killCommand(): Command {
	return verb("kill", "send a signal to all processes of jobs")
		.argument("[job...]", "names or ids")
		.option("-s, --signal <signal>", "by name or number", signal, "SIGTERM")
		.option("--main", "only to the main process of each job")
		.option("--all", "all active jobs of the session")
		.action(
			action<Options, [string[]]>(async (invocation, words) => {
				const { chore, options, output } = invocation;
				const references = await referencesOrAll(invocation, words);
				const whom = options.main ? "main" : "all";
				const jobs = await each(references, invocation, (reference) => chore.kill(reference, { signal: options.signal, whom }));
				if (options.json) output.line(jsonLines(jobs));
			}),
		);
}
