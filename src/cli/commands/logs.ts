/** `chore logs`: prints the output of a job. */
import type { Command } from "commander";
import { count, wholeNumber } from "../arguments.ts";
import { action, verb } from "../command.ts";
import { UsageError } from "../failure.ts";
import { followJob, show } from "../follow.ts";
import { endNote, exitStatus } from "../words.ts";
import { newest } from "./status.ts";

interface Options {
	readonly follow?: boolean;
	readonly lines?: number;
	readonly stdout?: boolean;
	readonly stderr?: boolean;
	readonly run?: number;
	readonly raw?: boolean;
}

export function logsCommand(): Command {
	return verb("logs", "print what a job wrote")
		.argument("[job]", "name or id (default: the newest job)")
		.option("-f, --follow", "go on to the end; exit with the job's code; Ctrl-C leaves it running")
		.option("-n, --lines <number>", "only the last lines", count)
		.option("--stdout", "only stdout, of a job with split output")
		.option("--stderr", "only stderr, of a job with split output")
		.option("--run <number>", "an earlier run of it", wholeNumber)
		.option("--raw", "every byte as it is, also to a terminal")
		.action(
			action<Options, [string | undefined]>(async (invocation, given) => {
				const { chore, options, output, setStatus } = invocation;
				if (options.stdout && options.stderr)
					throw new UsageError("--stdout and --stderr exclude each other", "without them both are shown");
				const job = await chore.get(given ?? (await newest(invocation)));
				const what = {
					lines: options.lines,
					run: options.run,
					raw: options.raw,
					stream: options.stdout ? "stdout" : options.stderr ? "stderr" : undefined,
				} as const;
				if (!options.follow) return show(chore, output, job.id, what);
				const end = await followJob(invocation, job, what);
				if (end === undefined) return;
				const note = endNote(end);
				if (note !== undefined && !options.quiet) output.note(note);
				setStatus(exitStatus(end));
			}),
		);
}
