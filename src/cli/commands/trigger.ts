/** `chore trigger`: changes, holds and resumes schedules and their triggers, and prints what they are made of. */
import { Argument, type Command } from "commander";
import type { Job, Jobs } from "../../index.ts";
import { repeated, triggers } from "../arguments.ts";
import { action, each, jsonLines, verb } from "../command.ts";
import { UsageError } from "../failure.ts";
import type { Output } from "../output.ts";
import { addScheduleOptions, type ScheduleWords, scheduleOptions, triggerOptions } from "../schedule-options.ts";
import { localTime, nameWords, nextWords, printable } from "../words.ts";

interface Options extends ScheduleWords {
	readonly trigger?: readonly string[];
	readonly timerProperty?: readonly string[];
}

/** What is done to the schedule of one job. */
type Act = (chore: Jobs, reference: string) => Promise<Job>;

/** For each action what the options make of it. Throws UsageError for options that do not fit. */
const ACTIONS = {
	ls(options) {
		refuseTriggers("ls", options);
		refuseChanges("ls", options);
		return (chore, reference) => chore.get(reference);
	},
	add(options) {
		refuseTriggers("add", options);
		const added = triggerOptions(options);
		const native = timerOptions(options);
		return async (chore, reference) => {
			const job = await chore.addTriggers(reference, added);
			return native === undefined ? job : chore.set(job.id, { native });
		};
	},
	set(options) {
		if (options.trigger !== undefined) {
			const [trigger = "", ...others] = options.trigger;
			if (others.length > 0) throw new UsageError("one trigger is changed at a time", "--trigger t2");
			const changed = triggerOptions(options);
			if (options.timerProperty !== undefined)
				throw new UsageError("--timer-property is of the whole schedule, not of a trigger", "leave --trigger out");
			return (chore, reference) => chore.changeTrigger(reference, trigger, changed);
		}
		const schedule = scheduleOptions(options, "change");
		const native = timerOptions(options);
		if (schedule === undefined && native === undefined) throw new UsageError("it is not said what to change", SET);
		return async (chore, reference) => {
			const job = schedule === undefined ? undefined : await chore.reschedule(reference, schedule);
			return native === undefined && job !== undefined ? job : chore.set(job?.id ?? reference, { native });
		};
	},
	rm(options) {
		refuseChanges("rm", options);
		const { trigger } = options;
		if (trigger === undefined)
			throw new UsageError(
				"it is not said which triggers to remove",
				"chore trigger rm JOB --trigger t2; `chore trigger ls JOB` lists them",
			);
		return (chore, reference) => chore.removeTriggers(reference, trigger);
	},
	pause(options) {
		refuseChanges("pause", options);
		const { trigger } = options;
		return (chore, reference) => (trigger === undefined ? chore.pauseSchedule(reference) : chore.pauseTriggers(reference, trigger));
	},
	resume(options) {
		refuseChanges("resume", options);
		const { trigger } = options;
		return (chore, reference) => (trigger === undefined ? chore.resumeSchedule(reference) : chore.resumeTriggers(reference, trigger));
	},
} as const satisfies Readonly<Record<string, (options: Options) => Act>>;

type Action = keyof typeof ACTIONS;

const SET = "chore trigger set JOB --on-calendar WHEN, or another of its options";

function refuseChanges(what: Action, options: Options): void {
	if (scheduleOptions(options, "change") !== undefined || options.timerProperty !== undefined)
		throw new UsageError(`trigger ${what} changes nothing`, SET);
}

function refuseTriggers(what: Action, { trigger }: Options): void {
	if (trigger !== undefined) throw new UsageError(`trigger ${what} takes no --trigger`, "it is for set, rm, pause and resume");
}

/** What the platform is told of the timer, besides its moments. */
function timerOptions({ timerProperty }: Options) {
	return timerProperty === undefined ? undefined : { timerProperties: timerProperty };
}

export function triggerCommand(): Command {
	const command = verb("trigger", "list, add, change, remove, hold or resume what has jobs run; a run that is active goes on")
		.addArgument(new Argument("<action>", "ls, add, set, rm, pause or resume").choices(Object.keys(ACTIONS)))
		.argument("<job...>", "names or ids")
		.optionsGroup("Options:")
		.option("--trigger <ids>", "only these triggers of the job: t2, or t2,t3 (repeatable)", triggers)
		.optionsGroup("With add, besides what there is; with set, in its place:");
	return addScheduleOptions(command)
		.option("--timer-property <name=value>", "a property of the timer on systemd, in the place of all that it has (repeatable)", repeated)
		.optionsGroup("Options:")
		.action(
			action<Options, [Action, string[]]>(async (invocation, what, references) => {
				const { options, chore, output } = invocation;
				const act = ACTIONS[what](options);
				if (options.trigger !== undefined && references.length > 1)
					throw new UsageError("--trigger is for one job: each has triggers of its own", "name one job");
				const jobs = await each(references, invocation, (reference) => act(chore, reference));
				if (options.json) output.line(jsonLines(jobs));
				else if (what === "ls") await list(jobs, output);
				else if (!options.quiet) for (const job of jobs) output.line(`${nameWords(job)}: ${nextWords(job)}`);
			}),
		);
}

async function list(jobs: readonly Job[], output: Output): Promise<void> {
	const rows = jobs.flatMap(({ name, schedule }) =>
		(schedule?.triggers ?? []).map(({ id, kind, paused, next, text }) => {
			const comes = schedule?.paused || paused ? "paused" : next === null ? "" : localTime(new Date(next));
			return [name, id, kind, comes, printable(text)].map((word) => ({ text: word }));
		}),
	);
	const heading = ["NAME", "ID", "KIND", "NEXT", "WHEN"].map((text) => output.dim(text));
	if (rows.length > 0) await output.table([heading, ...rows]);
}
