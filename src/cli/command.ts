/** What every command is made with: the options that all share, and how to reach jobs and the terminal. */
import { Command } from "commander";
import { type Chore, isChoreError, openChore } from "../index.ts";
import { describeFailure } from "./failure.ts";
import { Output } from "./output.ts";
import { type CommonOptions, choreOptions } from "./settings.ts";

/** A command with its common options, filled in from before and after the verb. */
export interface Invocation<Options> {
	readonly options: Options & CommonOptions;
	readonly chore: Chore;
	readonly output: Output;
	/** Ends the program with this status once the command is done. */
	setStatus(status: number): void;
}

/** The program's exit status so far. */
let exitStatus = 0;

export function currentStatus(): number {
	return exitStatus;
}

/** A verb. Its options end at the first word that is not one only where it says so. */
export function verb(name: string, summary: string): Command {
	return common(
		new Command(name)
			.helpOption("-h, --help", "print help")
			.summary(summary)
			.description(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`),
	);
}

/** Options that may stand before or after the verb. */
export function common(command: Command): Command {
	return command
		.optionsGroup("Everywhere:")
		.option("--session <name>", "the set of jobs to work with (CHORE_SESSION)")
		.option("--platform <name>", "the platform for new jobs (CHORE_PLATFORM)")
		.option("--json", "print JSON")
		.option("-q, --quiet", "print less")
		.option("--no-color", "no colours")
		.optionsGroup("Options:");
}

/** Wraps what a command does: opens the session, and closes it however it ends. */
export function action<Options, Words extends readonly unknown[]>(
	run: (invocation: Invocation<Options>, ...words: Words) => Promise<void>,
): (...given: unknown[]) => Promise<void> {
	return unopened<Options, Words>(async (invocation, ...words) => {
		await using chore = await openChore(await choreOptions(invocation.options));
		await run({ ...invocation, chore }, ...words);
	});
}

/** The same for a command that does without a session. */
export function unopened<Options, Words extends readonly unknown[]>(
	run: (invocation: Omit<Invocation<Options>, "chore">, ...words: Words) => Promise<void>,
): (...given: unknown[]) => Promise<void> {
	return async (...given) => {
		const options = merged<Options>(given.at(-1) as Command);
		const setStatus = (status: number): void => {
			exitStatus = status;
		};
		const output = new Output({ colour: options.color !== false });
		await run({ options, output, setStatus }, ...(given.slice(0, -2) as unknown as Words));
	};
}

/** Options given after the verb win over those before it; a default never hides what was given. */
function merged<Options>(command: Command): Options & CommonOptions {
	const before = command.parent?.opts<CommonOptions>() ?? {};
	const after = command.opts<Options & CommonOptions>();
	return { ...before, ...after, color: before.color !== false && after.color !== false };
}

/**
 * Does the same to several jobs, side by side: one that fails does not keep the others from it.
 * @returns what came of those that went well; the failures are told on stderr and set the exit status
 */
export async function each<T>(
	references: readonly string[],
	invocation: Invocation<unknown>,
	act: (reference: string) => Promise<T>,
): Promise<T[]> {
	const outcomes = await Promise.allSettled(references.map(act));
	const done: T[] = [];
	for (const outcome of outcomes) {
		if (outcome.status === "fulfilled") done.push(outcome.value);
		else if (isChoreError(outcome.reason)) {
			const { text, status } = describeFailure(outcome.reason, { givesJobsStatus: false, json: invocation.options.json === true });
			invocation.output.note(text.trimEnd());
			invocation.setStatus(status);
		} else throw outcome.reason;
	}
	return done;
}

/** A JSON array, one element a line. */
export function jsonLines(values: readonly unknown[]): string {
	return values.length === 0 ? "[]" : `[\n${values.map((value) => JSON.stringify(value)).join(",\n")}\n]`;
}
