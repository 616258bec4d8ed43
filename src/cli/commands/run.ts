/** `chore run`: starts a job. With --follow, --pipe or --wait it stays until the job has ended. */
import { type Command, Option } from "commander";
import { type Chore, isChoreError, type Job, type OutputMode, type RunOptions, shortId } from "../../index.ts";
import { count, duration, oneOf, processors, property, size, stopSignal, variable, wholeNumber } from "../arguments.ts";
import { action, type Invocation, verb } from "../command.ts";
import { closeInherited } from "../descriptors.ts";
import { readEnvFile } from "../env-file.ts";
import { UsageError } from "../failure.ts";
import { followJob, pipeJob } from "../follow.ts";
import { longOf, SYSTEMD_RUN, type Word } from "../systemd-run.ts";
import { unitSettings } from "../unit-settings.ts";
import { endNote, exitStatus, programOf, summary } from "../words.ts";

interface Options {
	readonly command?: string;
	readonly wait?: boolean;
	readonly follow?: boolean;
	readonly pipe?: boolean;
	readonly raw?: boolean;
	readonly name?: string;
	readonly unit?: string;
	readonly description?: string;
	readonly tag?: string;
	readonly workingDirectory?: string;
	readonly setenv?: Readonly<Record<string, string>>;
	readonly envFile?: string;
	readonly cleanEnv?: boolean;
	readonly uid?: string;
	readonly gid?: string;
	readonly slice?: string;
	readonly sliceInherit?: boolean;
	readonly nice?: number;
	readonly sendSighup?: boolean;
	readonly block: boolean;
	readonly timeout?: number;
	readonly restart?: "no" | "on-failure" | "always";
	readonly restartDelay?: number;
	readonly restartMax?: number;
	readonly property?: readonly string[];
	readonly grace?: number;
	readonly stopSignal?: NodeJS.Signals;
	readonly memory?: number;
	readonly cpus?: number;
	readonly tasks?: number;
	readonly output?: OutputMode;
	readonly relay?: boolean;
	readonly stdin?: string;
	readonly ifRunning: "fail" | "skip" | "replace" | "attach";
}

export function runCommand(): Command {
	const command = verb("run", "start a job in the background")
		.usage("[options] [--] COMMAND [ARGUMENT...]\n       chore run [options] -c 'LINE'")
		.argument("[command...]", "the program and its arguments, passed on as they are")
		.passThroughOptions()
		.option("-c, --command <line>", "run a line of shell with /bin/sh -c")
		.optionsGroup("Staying with it:")
		.option("--wait", "wait for the end; exit with the job's code")
		.option("-f, --follow", "show its output to the end; Ctrl-C leaves it running")
		.option("-P, --pipe", "connect stdin, stdout and stderr to it")
		.option("--raw", "show its output byte for byte, also to a terminal")
		.optionsGroup("What it is called:")
		.option("-n, --name <name>", "name of the job (default: the program's, with -2, -3 ... while taken)")
		.option("-u, --unit <name>", "name of the job and of its systemd unit")
		.option("--description <text>", "a line about it, for people")
		.option("--tag <text>", "a word for programs, by which they find it again in JSON")
		.option(
			"--if-running <what>",
			"when an active job has the name: fail, skip, replace or attach",
			oneOf(["fail", "skip", "replace", "attach"]),
			"fail",
		)
		.optionsGroup("What it gets:")
		.option("--working-directory <path>", "where it runs (default: here)")
		.option("-d, --same-dir", "run it here (the default)")
		.option("--uid <user>", "run it as that user; for root")
		.option("--gid <group>", "run it with that group; for root")
		.option("-E, --setenv <name[=value]>", "set a variable; your own value of it without one (repeatable)", variable)
		.option("--env-file <file>", "read variables from a file of NAME=VALUE lines")
		.option("--clean-env", "only HOME USER LOGNAME SHELL PATH XDG_RUNTIME_DIR of your variables")
		.option("--stdin <from>", "null, fifo (for `chore send`), or a file (default: null)")
		.option("--output <where>", "merged, split, or null (default: merged)", oneOf(["merged", "split", "null"]))
		.option("--relay", "let its output pass a pipe, for a program that opens /dev/stderr itself")
		.optionsGroup("When it ends:")
		.option("--restart <when>", "start it again: no, on-failure (not after exit code 0), or always", oneOf(["no", "on-failure", "always"]))
		.option("--restart-delay <time>", "time from an end to the next start (default: 1s)", duration)
		.option("--restart-max <number>", "how often at most (default: without bound)", count)
		.optionsGroup("Its bounds:")
		.option("--timeout <time>", "end it after so long", duration)
		.option("--grace <time>", "time between the stop signal and KILL (default: 10s)", duration)
		.option("--stop-signal <signal>", "what asks it to end (default: TERM)", stopSignal)
		.option("--send-sighup", "send HUP right after the stop signal")
		.option("--memory <size>", "most memory of all its processes: 512M, 2G", size)
		.option("--cpus <number>", "most processors: 0.5, 2, 150%", processors)
		.option("--tasks <number>", "most processes and threads", count)
		.option("--nice <number>", "scheduling priority, -20 to 19", wholeNumber)
		.option("-p, --property <name=value>", "a property of systemd, as in systemd-run (repeatable)", property)
		.option("--slice <slice>", "systemd slice to put it in")
		.option("--slice-inherit", "put it, or its slice, into your own slice of systemd")
		.optionsGroup("As in systemd-run:")
		.option("--user", "the user's own manager (the default)")
		.option("--system", "the system's own manager; for root")
		.option("-G, --collect", "unload the unit however it ends (always done)")
		.option("--no-block", "do not wait until it has started")
		.action(action<Options, [string[]]>(start));
	// --same-dir and --working-directory override each other: the last one counts.
	command.on("option:same-dir", () => command.setOptionValue("workingDirectory", undefined));
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
	const { options, chore, output } = invocation;
	// Each of these includes the ones after it.
	const stays = options.pipe ? "pipe" : options.follow ? "follow" : options.wait ? "wait" : undefined;
	if (options.ifRunning !== "fail" && options.name === undefined && options.unit === undefined) {
		throw new UsageError(`--if-running ${options.ifRunning} needs a name to look for`, "name the job with -n NAME");
	}
	if (options.unit !== undefined && options.name !== undefined)
		throw new UsageError("-n and -u both name the job", "-u names the unit as well");
	closeInherited();
	const { job, started } = await begin(invocation, runOptions(options, words, output));
	const attached = !started && options.ifRunning === "attach";
	const say = options.quiet ? () => {} : (text: string) => output.note(text);
	if (stays === undefined && !attached) {
		if (options.json) output.line(JSON.stringify(job));
		else output.line(job.id);
		if (!started) say(`${job.name} is running already (${shortId(job.id)}); follow it with: chore logs -f ${job.name}`);
		else say(startedLine(job));
		return;
	}
	say(`${job.name} ${started ? "runs" : "is running already"} on ${job.platform} as ${job.id}`);
	const { raw } = options;
	const end =
		stays === "wait"
			? await chore.wait(job.id, { run: job.run })
			: await (stays === "pipe" ? pipeJob : followJob)(invocation, job, { raw });
	if (end === undefined) return; // after Ctrl-C
	if (options.json && stays === "wait") output.line(JSON.stringify(end));
	const note = endNote(end);
	if (note !== undefined) say(note);
	invocation.setStatus(exitStatus(end));
}

/** Starts the job; with --if-running skip or attach, finds the active job that has its name. */
async function begin({ chore, options }: Invocation<Options>, run: RunOptions): Promise<{ readonly job: Job; readonly started: boolean }> {
	for (;;) {
		try {
			return { job: await chore.run(run), started: true };
		} catch (error) {
			if (!isChoreError(error) || error.code !== "NAME_IN_USE" || run.name === undefined) throw error;
			if (options.ifRunning !== "skip" && options.ifRunning !== "attach") throw error;
			const job = await present(chore, run.name);
			if (job?.state === "unknown") throw error;
			if (job !== undefined) return { job, started: false };
		}
	}
}

/** The active job with this name; undefined when it ended meanwhile. */
async function present(chore: Chore, name: string): Promise<Job | undefined> {
	try {
		const job = await chore.get(name);
		return job.endedAt === null && job.state !== "lost" ? job : undefined;
	} catch (error) {
		if (isChoreError(error) && error.code === "JOB_NOT_FOUND") return undefined;
		throw error;
	}
}

function startedLine(job: Job): string {
	if (job.endedAt !== null) return summary(job);
	return `${job.name} runs on ${job.platform}; follow it with: chore logs -f ${job.name}`;
}

function runOptions(
	options: Options & { readonly quiet?: boolean },
	words: readonly string[],
	output: Invocation<Options>["output"],
): RunOptions {
	if (options.command !== undefined && words.length > 0) {
		throw new UsageError("a command and -c LINE exclude each other", "put the whole line into the quotes after -c");
	}
	const { properties, environment, directory } = unitSettings(options.property ?? []);
	return {
		command: options.command === undefined ? words : ["/bin/sh", "-c", options.command],
		name: options.name ?? options.unit?.replace(/\.service$/, ""),
		defaultName: options.command === undefined ? undefined : programOf(options.command),
		description: options.description,
		tag: options.tag,
		directory: options.workingDirectory ?? directory,
		user: options.uid,
		group: options.gid,
		cleanEnvironment: options.cleanEnv,
		// As in systemd, a file overrides Environment= (systemd.exec(5)), and -E overrides both.
		setEnvironment: { ...environment, ...(options.envFile === undefined ? {} : readEnvFile(options.envFile)), ...options.setenv },
		output: options.pipe ? "split" : options.output,
		relay: options.relay,
		stdin:
			options.pipe || options.stdin === "fifo"
				? "fifo"
				: options.stdin === undefined || options.stdin === "null"
					? "null"
					: { file: options.stdin },
		restart: restartOptions(options),
		timeoutMs: options.timeout,
		graceMs: options.grace,
		stopSignal: options.stopSignal,
		sendHangUp: options.sendSighup,
		memoryBytes: options.memory,
		cpus: options.cpus,
		tasks: options.tasks,
		nice: options.nice,
		native: { unit: options.unit, slice: options.slice, sliceInherit: options.sliceInherit ? "yes" : undefined, properties },
		ifRunning: options.ifRunning === "replace" ? "replace" : "fail",
		acknowledge: options.block,
		onWarning: options.quiet ? undefined : (message) => output.note(`chore: ${message}`),
	};
}

function restartOptions({ restart, restartDelay, restartMax }: Options): RunOptions["restart"] {
	if (restart === undefined && restartDelay === undefined && restartMax === undefined) return undefined;
	if (restart === undefined || restart === "no") {
		if (restartDelay === undefined && restartMax === undefined) return undefined;
		throw new UsageError("--restart-delay and --restart-max need --restart", "say when: --restart on-failure, or --restart always");
	}
	return { policy: restart, delayMs: restartDelay, max: restartMax };
}
