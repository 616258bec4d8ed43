/** `chore trigger`: holds and resumes schedules, and prints what they are made of. */
import { Argument, type Command } from "commander";
import type { Chore, Job } from "../../index.ts";
import { action, each, jsonLines, verb } from "../command.ts";
import type { Output } from "../output.ts";
import { nameWords, nextWords, printable } from "../words.ts";

/** What is done to the schedule of a job. */
const ACTIONS = {
	ls: (chore: Chore, reference: string) => chore.get(reference),
	pause: (chore: Chore, reference: string) => chore.pauseSchedule(reference),
	resume: (chore: Chore, reference: string) => chore.resumeSchedule(reference),
} as const;

type Action = keyof typeof ACTIONS;

export function triggerCommand(): Command {
	return verb("trigger", "list, hold or resume what has jobs run; a run that is active goes on")
		.addArgument(new Argument("<action>", "ls, pause or resume").choices(Object.keys(ACTIONS)))
		.argument("<job...>", "names or ids")
		.action(
			action<object, [Action, string[]]>(async (invocation, what, references) => {
				const { options, chore, output } = invocation;
				const jobs = await each(references, invocation, (reference) => ACTIONS[what](chore, reference));
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
	const heading = ["NAME", "ID", "KIND", "WHEN"].map((text) => ({ text, paint: (plain: string) => output.paint("dim", plain) }));
	if (rows.length > 0) await output.table([heading, ...rows]);
}
