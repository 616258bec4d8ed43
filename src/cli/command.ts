/** Helps to make the commands: the options that all share, opening a session, and acting on several jobs. */
import { Command } from "commander";
import { type Chore, isChoreError, type Jobs, openChore } from "../index.ts";
import { describeFailure } from "./failure.ts";
import { hostOf, openJobs, refuseHost, selfOf } from "./open.ts";
import { Output } from "./output.ts";
import { type CommonOptions, choreOptions } from "./settings.ts";

/** What a command gets: its options, also those given before the verb, the open session and the terminal. */
export interface Invocation<Options, Opened = Jobs> {
	readonly options: Options & CommonOptions;
	readonly chore: Opened;
	/** How a command line to the same jobs begins, for hints. */
	readonly self: string;
	readonly output: Output;
	/** Sets the exit status of the program. */
	setStatus(status: number): void;
}

/** The program's exit status so far: that of the command that was begun last, of which a process has one, but in tests. */
let exitStatus = 0;

export function currentStatus(): number {
	return exitStatus;
}

/** Makes a command with the common options. */
export function verb(name: string, summary: string): Command {
	return common(
		new Command(name)
			.helpOption("-h, --help", "print help")
			.summary(summary)
			.description(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`),
	);
}

/** Adds the options that may stand before or after the verb. */
export function common(command: Command): Command {
	return command
		.optionsGroup("Everywhere:")
		.option("--session <name>", "the set of jobs to work with (CHORE_SESSION)")
		.option("--host <name>", "the machine to work with: a name of `chore host`, or a URL (CHORE_HOST)")
		.option("--platform <name>", "the platform for new jobs (CHORE_PLATFORM)")
		.option("--json", "print JSON")
		.option("-q, --quiet", "print less")
		.option("--no-color", "no colours")
		.optionsGroup("Options:");
}

/** Makes the action of a command that needs the jobs of a session, here or on another machine: opens it, calls `run`, and closes it. */
export function action<Options, Words extends readonly unknown[]>(
	run: (invocation: Invocation<Options>, ...words: Words) => Promise<void>,
): (...given: unknown[]) => Promise<void> {
	return anywhere<Options, Words>(async (invocation, ...words) => {
		await using chore = await openJobs(invocation.options);
		await run({ ...invocation, chore }, ...words);
	});
}

/**
 * Makes the action of a command that needs a session of this machine.
 * @param what "chore listen", and why it is not possible elsewhere, a clause
 */
export function actionHere<Options, Words extends readonly unknown[]>(
	[what, why]: readonly [what: string, why: string],
	run: (invocation: Invocation<Options, Chore>, ...words: Words) => Promise<void>,
): (...given: unknown[]) => Promise<void> {
	return anywhere<Options, Words>(async (invocation, ...words) => {
		refuseHost(what, why, hostOf(invocation.options) !== undefined);
		await using chore = await openChore(await choreOptions(invocation.options));
		await run({ ...invocation, chore }, ...words);
	});
}

/** Makes the action of a command that is about this machine, and needs no session. CHORE_HOST says nothing to it. */
export function unopened<Options, Words extends readonly unknown[]>(
	run: (invocation: Omit<Invocation<Options>, "chore">, ...words: Words) => Promise<void>,
): (...given: unknown[]) => Promise<void> {
	return anywhere<Options, Words>(async (invocation, ...words) => {
		refuseHost("this command", "it is about the machine on which it is run", invocation.options.host !== undefined);
		await run(invocation, ...words);
	});
}

/** Makes the action of a command that looks itself at which machine it is for. */
export function anywhere<Options, Words extends readonly unknown[]>(
	run: (invocation: Omit<Invocation<Options>, "chore">, ...words: Words) => Promise<void>,
): (...given: unknown[]) => Promise<void> {
	return async (...given) => {
		const options = merged<Options>(given.at(-1) as Command);
		exitStatus = 0;
		const setStatus = (status: number): void => {
			exitStatus = status;
		};
		const output = new Output({ colour: options.color !== false });
		await run({ options, output, setStatus, self: selfOf(options) }, ...(given.slice(0, -2) as unknown as Words));
	};
}

/** Joins the options before and after the verb. Of an option that is given twice the one after the verb counts. */
function merged<Options>(command: Command): Options & CommonOptions {
	const after = command.opts<Options & CommonOptions>();
	if (command.parent === null) return after;
	const before = merged<unknown>(command.parent);
	return { ...before, ...after, color: before.color !== false && after.color !== false };
}

/**
 * Calls `act` for several jobs at once. A failure does not affect the others; it is printed on stderr and sets the exit status.
 * @returns the results without the failures
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

/** A JSON array with one element on each line. */
export function jsonLines(values: readonly unknown[]): string {
	return values.length === 0 ? "[]" : `[\n${values.map((value) => JSON.stringify(value)).join(",\n")}\n]`;
}
