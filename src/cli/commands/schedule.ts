/** `chore schedule`: prints when jobs are run. */
import type { Command } from "commander";
import { type Job, type Jobs, shortId } from "../../index.ts";
import { count } from "../arguments.ts";
import { action, each, type Invocation, jsonLines, verb } from "../command.ts";
import type { Cell, Output } from "../output.ts";
import { age, asRun, colourOf, localTime, nameWords, printable, scheduleWords, stateWords } from "../words.ts";
import { importCommand } from "./schedule-import.ts";

interface Options {
	readonly next?: number;
	readonly due?: boolean;
}

/** A scheduled job, and the moments at which it is to be run next. */
interface Upcoming {
	readonly job: Job;
	readonly upcoming: readonly string[];
}

export function scheduleCommand(): Command {
	return verb("schedule", "show when jobs are run, what their last run came to, and what was missed")
		.argument("[job...]", "names or ids (default: all that have a schedule)")
		.option("--next <number>", "the next moments of each, so many", count)
		.option("--due", "only those that are to be run now")
		.addHelpText("after", "\nWith -q only the ids are printed.")
		.enablePositionalOptions()
		.helpCommand(false)
		.addCommand(importCommand())
		.action(
			action<Options, [string[]]>(async (invocation, words) => {
				const { chore, options, output } = invocation;
				const jobs = (await wanted(invocation, words)).filter(({ schedule }) => !options.due || schedule?.due === true);
				const all = await Promise.all(jobs.map((job) => withUpcoming(chore, job, options.next ?? 0)));
				if (options.json) output.line(jsonLines(all.map(({ job, upcoming }) => ({ ...job, upcoming }))));
				else if (options.quiet) for (const { job } of all) output.line(job.id);
				else if (options.next !== undefined) for (const one of all) for (const line of momentLines(one)) output.line(line);
				else if (all.length > 0) await output.table(scheduleTable(jobs, output));
				else if (output.isTerminal) output.note("no schedules; `chore run --on-calendar WHEN -- COMMAND` makes one");
			}),
		);
}

async function wanted(invocation: Invocation<Options>, words: readonly string[]): Promise<readonly Job[]> {
	const { chore } = invocation;
	return words.length === 0 ? chore.schedules() : each(words, invocation, (reference) => chore.get(reference));
}

async function withUpcoming(chore: Jobs, job: Job, number: number): Promise<Upcoming> {
	return { job, upcoming: number === 0 ? [] : await chore.upcoming(job.id, number) };
}

function momentLines({ job, upcoming }: Upcoming): readonly string[] {
	const now = Date.now();
	return [nameWords(job), ...upcoming.map((moment) => `  ${localTime(new Date(moment))}  in ${age(Date.parse(moment) - now)}`)];
}

function scheduleTable(jobs: readonly Job[], output: Output): Cell[][] {
	const rows = jobs.map((job) => {
		const { schedule } = job;
		const run = asRun(job);
		return [
			{ text: job.name },
			output.dim(shortId(job.id)),
			{ text: schedule?.paused ? "paused" : moment(schedule?.next) },
			{ text: moment(schedule?.last) },
			{ text: job.run === 0 ? "" : stateWords(run), paint: (plain: string) => output.paint(colourOf(run), plain) },
			{ text: scheduleWords(job) ?? printable(job.reason ?? "") },
		];
	});
	return [["NAME", "ID", "NEXT", "LAST", "RESULT", "WHEN"].map((text) => output.dim(text)), ...rows];
}

function moment(time: string | null | undefined): string {
	return time == null ? "" : localTime(new Date(time));
}
