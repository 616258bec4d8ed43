/** Runs the command line: makes the commands, parses the words, and reports errors. */
import { Command, CommanderError } from "commander";
import { version } from "../index.ts";
import { closest } from "../words.ts";
import { common, currentStatus } from "./command.ts";
import { certCommand } from "./commands/cert.ts";
import { completionCommand } from "./commands/completion.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { eventsCommand } from "./commands/events.ts";
import { helpCommand } from "./commands/help.ts";
import { historyCommand } from "./commands/history.ts";
import { hostCommand } from "./commands/host.ts";
import { killCommand } from "./commands/kill.ts";
import { listenCommand } from "./commands/listen.ts";
import { logsCommand } from "./commands/logs.ts";
import { pauseCommand, resumeCommand } from "./commands/pause.ts";
import { pruneCommand } from "./commands/prune.ts";
import { psCommand } from "./commands/ps.ts";
import { requestCommand } from "./commands/request.ts";
import { rmCommand } from "./commands/rm.ts";
import { addForeignOptions, runCommand } from "./commands/run.ts";
import { scheduleCommand } from "./commands/schedule.ts";
import { sendCommand } from "./commands/send.ts";
import { serveCommand } from "./commands/serve.ts";
import { setCommand } from "./commands/set.ts";
import { restartCommand, startCommand } from "./commands/start.ts";
import { statusCommand } from "./commands/status.ts";
import { stopCommand } from "./commands/stop.ts";
import { tickCommand } from "./commands/tick.ts";
import { triggerCommand } from "./commands/trigger.ts";
import { waitCommand } from "./commands/wait.ts";
import { COMPLETE, writeCompletions } from "./complete.ts";
import { exactWords } from "./exact-words.ts";
import { describeFailure, type Manner, UsageError } from "./failure.ts";
import { optionsIn, readLine } from "./line.ts";
import { NOBODY_READS_STATUS, NobodyReads, Output } from "./output.ts";

// The bundle of the server uses the library that is in this one (scripts/build.mjs).
export * from "../index.ts";

/** Functions that make the commands, in the order of the help. Making all takes long, so `program` makes one if it can. */
const COMMANDS: Readonly<Record<string, () => Command>> = {
	run: runCommand,
	request: requestCommand,
	ps: psCommand,
	status: statusCommand,
	logs: logsCommand,
	stop: stopCommand,
	kill: killCommand,
	wait: waitCommand,
	start: startCommand,
	restart: restartCommand,
	set: setCommand,
	pause: pauseCommand,
	resume: resumeCommand,
	schedule: scheduleCommand,
	trigger: triggerCommand,
	tick: tickCommand,
	send: sendCommand,
	rm: rmCommand,
	prune: pruneCommand,
	history: historyCommand,
	events: eventsCommand,
	listen: listenCommand,
	serve: serveCommand,
	doctor: doctorCommand,
	cert: certCommand,
	host: hostCommand,
	completion: completionCommand,
	help: helpCommand,
};

/**
 * Makes the command line.
 * @param words those after `chore`; if they name a command, only that one is made, and without foreign options
 */
export function program(words: readonly string[] = []): Command {
	const chore = common(new Command("chore"))
		.description("Run background jobs that outlive the terminal. Nothing stays resident; how each one ended is known afterwards.")
		.usage("[options] COMMAND ...")
		.version(version, "-V, --version", "print the version")
		.helpOption("-h, --help", "print help")
		.helpCommand(false)
		.enablePositionalOptions()
		.addHelpText(
			"after",
			"\n  chore run -- make test      start a job; chore logs -f make follows it\n  chore help run              all about one command",
		);
	const verb = verbIn(chore, words);
	const asked = verb !== undefined && verb !== "help" && Object.hasOwn(COMMANDS, verb) ? COMMANDS[verb] : undefined;
	const commands = asked === undefined ? Object.values(COMMANDS).map((make) => make()) : [asked()];
	for (const command of commands) chore.addCommand(command);
	if (asked === undefined) for (const command of commands) if (command.name() === "run") addForeignOptions(command);
	// Without commander's own suggestions, which meantBy replaces.
	for (const command of [chore, ...commands, ...commands.flatMap((one) => one.commands)])
		command
			.exitOverride()
			.showSuggestionAfterError(false)
			.configureOutput({ writeOut, outputError: () => {} });
	return chore;
}

/** The first word that is no option of all commands; undefined if another option stands before it, such as one for help. */
function verbIn(chore: Command, words: readonly string[]): string | undefined {
	for (let at = 0; at < words.length; at++) {
		const word = words[at] ?? "";
		if (!word.startsWith("-")) return word;
		const [one] = /^(--.+|-.)$/s.test(word) ? optionsIn(chore, word) : [];
		if (one === undefined) return undefined;
		if (one.option.required && one.value === undefined) at++;
	}
	return undefined;
}

/** Runs a command line and sets `process.exitCode`. Never throws. */
export async function main(words: readonly string[]): Promise<void> {
	if (words[0] === COMPLETE) return writeCompletions(program(), words.slice(2));
	let chore = program(words);
	try {
		const exact = exactWords(words);
		if (words.length === 0) chore.outputHelp();
		else
			await chore.parseAsync(exact, { from: "user" }).catch((error: unknown) => {
				// Nothing was done yet. The option may be one of those that only the whole command line knows.
				if (!(error instanceof CommanderError && error.code === "commander.unknownOption")) throw error;
				chore = program();
				return chore.parseAsync(exact, { from: "user" });
			});
		process.exitCode = currentStatus();
	} catch (error) {
		process.exitCode = end(error, circumstances(chore, words));
	}
}

/** Reports an error. @returns the exit status */
function end(error: unknown, { command, ...manner }: Circumstances): number {
	if (error instanceof NobodyReads) return NOBODY_READS_STATUS;
	if (error instanceof CommanderError && error.exitCode === 0) return 0;
	const { text, status } = describeFailure(error instanceof CommanderError ? usageError(error, command) : error, manner);
	try {
		new Output({ colour: false }).note(text.trimEnd());
	} catch {} // stderr is closed; the exit status remains
	return status;
}

/** Prints help and the version for commander. */
function writeOut(text: string): void {
	new Output({ colour: false }).line(text.replace(/\n$/, ""));
}

/** Rewrites a message of commander's: "error: unknown option '--foo'". */
function usageError(error: CommanderError, command: Command): UsageError {
	const message = error.message
		.replace(/^error: /, "")
		.replace(/^option '([^']*)' argument '.*?' is invalid\. /s, "$1: ")
		.replace(/^command-argument value '(.*)' is invalid for argument '([^']*)'\. Allowed choices are /s, '$2: "$1" is none of ')
		.replace(/\.$/, "");
	const valued = /^unknown option '(--[a-z-]+)=(.*)'$/s.exec(message);
	if (valued?.[1] !== undefined && command.options.some(({ long }) => long === valued[1]))
		return new UsageError(`${valued[1]} takes no value`, `leave =${valued[2]} out`);
	const meant = meantBy(error, command);
	if (meant !== undefined) return new UsageError(message, `did you mean ${meant}?`);
	const isVerb = command.parent !== null;
	return new UsageError(message, isVerb ? `\`chore help ${fullName(command)}\` lists its options` : "`chore help` lists the commands");
}

/** "schedule import", without the name of the program. */
function fullName(command: Command): string {
	const above = command.parent?.parent;
	return above == null || command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

/** The command or long option that was probably meant by an unknown one. */
function meantBy({ code, message }: CommanderError, command: Command): string | undefined {
	const [, word = ""] = /'([^']*)'/.exec(message) ?? [];
	const help = command.createHelp();
	if (code === "commander.unknownCommand") {
		return closest(
			word,
			help.visibleCommands(command).flatMap((one) => [one.name(), ...one.aliases()]),
		);
	}
	if (code !== "commander.unknownOption" || !word.startsWith("--")) return undefined;
	const names = help.visibleOptions(command).flatMap(({ long }) => long?.slice("--".length) ?? []);
	const meant = closest(word.slice("--".length), names);
	return meant && `--${meant}`;
}

interface Circumstances extends Manner {
	/** The command that was used; chore itself if there is no such command. */
	readonly command: Command;
}

/** How to report an error, by the verb and the options, even if the command line is wrong. */
function circumstances(chore: Command, words: readonly string[]): Circumstances {
	const { command, verb, given } = readLine(chore, words);
	const stays = ["wait", "follow", "pipe"].some((name) => given.has(name));
	return {
		command,
		givesJobsStatus: verb === "wait" || (["run", "request", "logs"].includes(verb ?? "") && stays),
		json: given.has("json"),
	};
}
