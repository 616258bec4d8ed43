/** `chore run`: starts a job. With --follow, --pipe or --wait it stays until the job has ended. */
import { type Command, Option } from "commander";
import type { RunOptions } from "../../index.ts";
import { startAndStay } from "../begin.ts";
import { action, type Invocation, verb } from "../command.ts";
import { UsageError } from "../failure.ts";
import { refuseFar } from "../far.ts";
import {
	boundingOptions,
	checkJobOptions,
	type JobOptions,
	jobOptions,
	namingOptions,
	stayingOptions,
	surroundingOptions,
} from "../job-options.ts";
import { longOf, SYSTEMD_RUN, type Word } from "../systemd-run.ts";
import { programOf } from "../words.ts";

interface Options extends JobOptions {
	readonly command?: string;
	readonly pipe?: boolean;
	readonly uid?: string;
	readonly gid?: string;
	readonly relay?: boolean;
	readonly stdin?: string;
	readonly sameDir?: boolean;
}

export function runCommand(): Command {
	const command = verb("run", "start a job in the background")
		.usage("[options] [--] COMMAND [ARGUMENT...]\n       chore run [options] -c 'LINE'")
		.argument("[command...]", "the program and its arguments, passed on as they are")
		.passThroughOptions()
		.option("-c, --command <line>", "run a line of shell with /bin/sh -c");
	stayingOptions(command).option("-P, --pipe", "connect stdin, stdout and stderr to it");
	namingOptions(command, "the program's");
	surroundingOptions(command, "merged")
		.option("-d, --same-dir", "run it here (the default)")
		.option("--uid <user>", "run it as that user; for root")
		.option("--gid <group>", "run it with that group; for root")
		.option("--stdin <from>", "null, fifo (for `chore send`), or a file (default: null)")
		.option("--relay", "let its output pass a pipe, for a program that opens /dev/stderr itself");
	boundingOptions(command)
		.option("--user", "the user's own manager (the default)")
		.option("--system", "the system's own manager; for root")
		.option("-G, --collect", "unload the unit however it ends (always done)")
		.action(action<Options, [string[]]>(start));
	// --same-dir and --working-directory override each other: the last one counts.
	command.on("option:same-dir", () => command.setOptionValue("workingDirectory", undefined));
	// The short form that systemd-run(1) has; as an option of every command it would be that of `request --header`.
	const host = command.options.find(({ long }) => long === "--host");
	if (host !== undefined) Object.assign(host, { short: "-H", flags: `-H, ${host.flags}` });
	// The name that run0(1) has for --working-directory of systemd-run(1).
	command
		.addOption(new Option("-D, --chdir <path>").hideHelp())
		.on("option:chdir", (path: string) => command.setOptionValue("workingDirectory", path));
	return command;
}

/** Adds the options of systemd-run that are ignored or refused. Not done for each `run`: to declare them takes milliseconds. */
export function addForeignOptions(command: Command): void {
	for (const word of SYSTEMD_RUN) if (word.fate !== "honoured") addForeign(command, word);
}

/** Adds an option of systemd-run that is ignored or refused. */
function addForeign(command: Command, word: Word): void {
	if (!command.options.some(({ long }) => long === longOf(word))) command.addOption(new Option(word.flags).hideHelp());
	// An event, since commander calls no parser for an option without a value.
	command.on(`option:${longOf(word).slice("--".length)}`, (value?: string) => check(word, value));
}

/** @throws UsageError when the option is refused, or ignored only with other values */
function check(word: Word, value: string | undefined): void {
	const name = word.flags.replace(/ <.*/, "");
	if (word.fate === "refused") throw new UsageError(`${name} is an option of systemd-run that chore does not take`, word.instead);
	if (word.fate === "nothing" && word.only !== undefined && !word.only.values.includes(value ?? ""))
		throw new UsageError(`${name}=${value} is not possible`, word.only.instead);
}

async function start(invocation: Invocation<Options>, words: string[]): Promise<void> {
	checkJobOptions(invocation.options);
	refuseFar(invocation.options);
	await startAndStay(invocation, runOptions(invocation, words));
}

function runOptions({ options, output }: Invocation<Options>, words: readonly string[]): RunOptions {
	if (options.command !== undefined && words.length > 0) {
		throw new UsageError("a command and -c LINE exclude each other", "put the whole line into the quotes after -c");
	}
	const shared = jobOptions(options, output);
	return {
		...shared,
		command: options.command === undefined ? words : ["/bin/sh", "-c", options.command],
		defaultName: options.command === undefined ? undefined : programOf(options.command),
		user: options.uid,
		group: options.gid,
		output: options.pipe ? "split" : shared.output,
		relay: options.relay,
		stdin:
			options.pipe || options.stdin === "fifo"
				? "fifo"
				: options.stdin === undefined || options.stdin === "null"
					? "null"
					: { file: options.stdin },
	};
}
