/** `chore prune`: forgets the ended jobs beyond the limits of what is kept. */
import type { Command } from "commander";
import { ChoreError, type PrunedJob, type PruneReport } from "../../index.ts";
import { count, duration, size } from "../arguments.ts";
import { action, verb } from "../command.ts";
import { describeFailure, UsageError } from "../failure.ts";
import { bytes, nameWords } from "../words.ts";

interface Options {
	readonly olderThan?: number;
	readonly keepJobs?: number;
	readonly keepBytes?: number;
	readonly all?: boolean;
	readonly dryRun?: boolean;
}

export function pruneCommand(): Command {
	return verb("prune", "forget ended jobs and their output, oldest ends first, as many as are beyond what is kept")
		.option("--older-than <time>", "those that ended so long ago or earlier (default: keep_days, 30 days)", duration)
		.option("--keep-jobs <number>", "keep so many at most (default: keep_jobs, 10000)", count)
		.option("--keep-bytes <size>", "keep so much output at most (default: keep_bytes, 10G)", size)
		.option("--all", "all ended jobs")
		.option("--dry-run", "forget nothing, only show what would be forgotten")
		.action(
			action<Options, []>(async ({ chore, options, output, setStatus }) => {
				const { olderThan, keepJobs, keepBytes, all, dryRun } = options;
				if (all && [olderThan, keepJobs, keepBytes].some((one) => one !== undefined))
					throw new UsageError("--all excludes --older-than, --keep-jobs and --keep-bytes", "--all means every job that is over");
				const report = await chore.prune({ olderThanMs: olderThan, keepJobs, keepBytes, all, dryRun });
				for (const { code, message, hint } of report.failures) {
					const failure = new ChoreError(code, message, hint === null ? {} : { hint });
					output.note(describeFailure(failure, { givesJobsStatus: false, json: options.json === true }).text.trimEnd());
					setStatus(1);
				}
				if (options.json) output.line(JSON.stringify(report));
				else if (!options.quiet) for (const line of told(report)) output.line(line);
			}),
		);
}

function told({ dryRun, jobs, bytes: freed }: PruneReport): readonly string[] {
	const sum = `${jobs.length} ${jobs.length === 1 ? "job" : "jobs"}, ${bytes(freed)}`;
	return dryRun ? [...jobs.map(line), `would forget ${sum}`] : [`forgot ${sum}`];
}

/** "web (1c9e2f40) failed, 12 MiB" */
function line(job: PrunedJob): string {
	return `${nameWords(job)} ${job.state}, ${bytes(job.bytes)}`;
}
