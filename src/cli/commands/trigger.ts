/** `chore trigger`: changes, holds and resumes schedules, and prints what they are made of. */
import { Argument, type Command } from "commander";
import type { Chore, Job, ScheduleOptions } from "../../index.ts";
import { action, each, jsonLines, verb } from "../command.ts";
import { UsageError } from "../failure.ts";
import type { Output } from "../output.ts";
import { addScheduleOptions, type ScheduleWords, scheduleOptions } from "../schedule-options.ts";
import { nameWords, nextWords, printable } from "../words.ts";

/** What is done to the schedule of a job. */
const ACTIONS = {
	ls: (chore: Chore, reference: string) => chore.get(reference),
	set: (chore: Chore, reference: string, schedule: ScheduleOptions) => chore.reschedule(reference, schedule),
	pause: (chore: Chore, reference: string) => chore.pauseSchedule(reference),
	resume: (chore: Chore, reference: string) => chore.resumeSchedule(reference),
} as const;

type Action = keyof typeof ACTIONS;

export function triggerCommand(): Command {
	const command = verb("trigger", "list, change, hold or resume what has jobs run; a run that is active goes on")
		.addArgument(new Argument("<action>", "ls, set, pause or resume").choices(Object.keys(ACTIONS)))
		.argument("<job...>", "names or ids")
		.optionsGroup("With set, in the place of what there is:");
	return addScheduleOptions(command)
		.optionsGroup("Options:")
		.action(
			action<ScheduleWords, [Action, string[]]>(async (invocation, what, references) => {
				const { options, chore, output } = invocation;
				const schedule = scheduleOptions(options, "change");
				if ((what === "set") !== (schedule !== undefined))
					throw new UsageError(
						what === "set" ? "it is not said what to change" : `trigger ${what} changes nothing`,
						"chore trigger set JOB --on-calendar WHEN, or another of its options",
					);
				const jobs = await each(references, invocation, (reference) => ACTIONS[what](chore, reference, schedule ?? {}));
				if (options.json) output.line(jsonLines(jobs));
				else if (what === "ls") await list(jobs, output);
				else if (!options.quiet) for (const job of jobs) output.line(`${nameWords(job)}: ${nextWords(job)}`);
			}),
		);
}

async function list(jobs: readonly Job[], output: Output): Promise<void> {
	const rows = jobs.flatMap(({ name, schedule }) =>
		(schedule?.triggers ?? []).map(({ id, kind, text }) => [name, id, kind, printable(text)].map((word) => ({ text: word }))),
	);
	const heading = ["NAME", "ID", "KIND", "WHEN"].map((text) => output.dim(text));
	if (rows.length > 0) await output.table([heading, ...rows]);
}
