/** `chore status`: prints jobs in detail. */
import type { Command } from "commander";
import { hasEnded, type Job, type JobDetails } from "../../index.ts";
import { count } from "../arguments.ts";
import { action, each, jsonLines, verb } from "../command.ts";
import type { Output } from "../output.ts";
import { earlierRun, facts, headline, nameWords, printable, processTree, shortPath } from "../words.ts";

interface Options {
	readonly lines: number;
}

const NOT_ACTIVE_STATUS = 3;

export function statusCommand(): Command {
	return verb("status", "show a job in detail: processes, resources, last lines; exit 0 active, 3 not active")
		.argument("[job...]", "names or ids (default: the newest job)")
		.option("-n, --lines <number>", "how many lines of its output", count, 10)
		.action(
			action<Options, [string[]]>(async (invocation, references) => {
				const { chore, options, output, setStatus } = invocation;
				const jobs = references.length > 0 ? references : [await newest(invocation)];
				const details = await each(jobs, invocation, (reference) => chore.status(reference, { lines: options.lines }));
				const allFound = details.length === jobs.length; // else the failure has set the status
				if (allFound && details.some(({ job }) => hasEnded(job) || job.state === "unknown")) setStatus(NOT_ACTIVE_STATUS);
				if (options.json) output.line(jsonLines(details.map(({ job, ...more }) => ({ ...job, ...more }))));
				else for (const [index, detail] of details.entries()) for (const line of describe(detail, output, index > 0)) output.line(line);
			}),
		);
}

/** The id of the newest job, for commands without a reference. Says on stderr which job that is. */
export async function newest({
	chore,
	options,
	output,
}: {
	chore: { newest(): Promise<Job> };
	options: { quiet?: boolean };
	output: Output;
}): Promise<string> {
	const job = await chore.newest();
	if (!options.quiet) output.note(`chore: the newest job is ${nameWords(job)}`);
	return job.id;
}

function describe({ job, usage, lastLines, earlierRuns, attempts }: JobDetails, output: Output, apart: boolean): string[] {
	const lines = [output.paint("bold", headline(job))];
	for (const [name, words] of facts({ job, usage, attempts }, shortPath)) lines.push(`  ${name.padEnd(10)} ${words}`);
	if (usage !== null && usage.processes.length > 0) lines.push("  processes", ...processTree(usage.processes).map((line) => `    ${line}`));
	if (earlierRuns.length > 0) lines.push("  earlier runs", ...earlierRuns.slice(-MOST_RUNS).map((run) => `    ${earlierRun(run)}`));
	if (lastLines.length > 0) lines.push("  last lines", ...lastLines.map((line) => `    ${printable(line)}`));
	return apart ? ["", ...lines] : lines;
}

/** How many earlier runs are shown. `chore history` has them all. */
const MOST_RUNS = 5;
