/** `chore wait`: waits for jobs to end and exits with their code. */
import type { Command } from "commander";
import { isChoreError, type Job } from "../../index.ts";
import { duration } from "../arguments.ts";
import { action, type Invocation, jsonLines, verb } from "../command.ts";
import { describeFailure } from "../failure.ts";
import { endNote, exitStatus, summary } from "../words.ts";
import { newest } from "./status.ts";

interface Options {
	readonly any?: boolean;
	readonly timeout?: number;
}

export function waitCommand(): Command {
	return verb("wait", "wait until jobs are over; exit with the job's code")
		.argument("[job...]", "names or ids (default: the newest job)")
		.option("--any", "only until the first of them is over; print its id")
		.option("--timeout <time>", "give up after so long: exit 124; the jobs go on", duration)
		.addHelpText("after", "\nOf several jobs the first code that is not 0 counts, in the order given.")
		.action(
			action<Options, [string[]]>(async (invocation, words) => {
				const references = words.length > 0 ? words : [await newest(invocation)];
				await (invocation.options.any ? waitForAny : waitForAll)(invocation, references);
			}),
		);
}

async function waitForAny({ chore, options, output, setStatus }: Invocation<Options>, references: readonly string[]): Promise<void> {
	const rest = new AbortController();
	const waits = references.map((reference) => chore.wait(reference, { timeoutMs: options.timeout, signal: rest.signal }));
	let job: Job;
	try {
		job = await Promise.race(waits);
	} finally {
		// Also after an error, such as a wrong reference.
		rest.abort();
		await Promise.allSettled(waits);
	}
	output.line(options.json ? JSON.stringify(job) : job.id);
	setStatus(exitStatus(job));
}

async function waitForAll({ chore, options, output, setStatus }: Invocation<Options>, references: readonly string[]): Promise<void> {
	const waits = references.map(async (reference): Promise<Job> => {
		const job = await chore.wait(reference, { timeoutMs: options.timeout });
		const note = endNote(job) ?? (references.length > 1 ? summary(job) : undefined);
		if (!options.json && !options.quiet && note !== undefined) output.note(note);
		return job;
	});
	const outcomes = await Promise.allSettled(waits);
	const jobs: Job[] = [];
	let status = 0;
	for (const outcome of outcomes) {
		if (outcome.status === "fulfilled") {
			jobs.push(outcome.value);
			status ||= exitStatus(outcome.value);
		} else if (isChoreError(outcome.reason)) {
			const failure = describeFailure(outcome.reason, { givesJobsStatus: true, json: options.json === true });
			output.note(failure.text.trimEnd());
			status ||= failure.status;
		} else throw outcome.reason;
	}
	if (options.json) output.line(jsonLines(jobs));
	setStatus(status);
}
