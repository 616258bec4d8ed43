/** `chore start` and `chore restart`: start the next run of jobs. */
import type { Command } from "commander";
import { isChoreError, type Job, shortId } from "../../index.ts";
import { duration } from "../arguments.ts";
import { action, each, type Invocation, jsonLines, verb } from "../command.ts";
import { closeInherited } from "../descriptors.ts";
import { UsageError } from "../failure.ts";

interface Options {
	readonly block: boolean;
	readonly grace?: number;
}

export function startCommand(): Command {
	return verb("start", "start ended jobs again with their stored settings, as their next run")
		.argument("[job...]", "names or ids")
		.option("--no-block", "do not wait until they have started")
		.action(
			action<Options, [string[]]>(async (invocation, words) => {
				const { chore } = invocation;
				await again(invocation, words, async (reference, options) => {
					try {
						return await chore.rerun(reference, options);
					} catch (error) {
						if (!isChoreError(error) || error.code !== "JOB_ACTIVE") throw error;
						return chore.get(reference); // not an error, as for `systemctl start`
					}
				});
			}),
		);
}

export function restartCommand(): Command {
	return verb("restart", "stop jobs where they are active, and start them again")
		.argument("[job...]", "names or ids")
		.option("--grace <time>", "time between the stop signal and KILL (default: the job's own, 10s)", duration)
		.option("--no-block", "do not wait until they have started")
		.action(
			action<Options, [string[]]>(async (invocation, words) => {
				const { chore, options } = invocation;
				await again(invocation, words, (reference, how) => chore.restart(reference, { ...how, graceMs: options.grace }));
			}),
		);
}

type Launching = NonNullable<Parameters<Invocation<Options>["chore"]["rerun"]>[1]>;

async function again(
	invocation: Invocation<Options>,
	references: readonly string[],
	start: (reference: string, options: Launching) => Promise<Job>,
): Promise<void> {
	const { options, output } = invocation;
	if (references.length === 0) throw new UsageError("no job was named", "give names or ids; `chore ps -a` lists them");
	closeInherited();
	const how: Launching = {
		acknowledge: options.block,
		onWarning: options.quiet ? undefined : (message) => output.note(`chore: ${message}`),
	};
	const jobs = await each(references, invocation, (reference) => start(reference, how));
	if (options.json) output.line(jsonLines(jobs));
	else if (!options.quiet)
		for (const job of jobs) output.line(`${job.name} (${shortId(job.id)}) ${job.state}: run ${job.run} on ${job.platform}`);
}
