/** `chore set`: changes the settings of a job, from its next run on. */
import type { Command } from "commander";
import { type Job, type OutputMode, type SetOptions, shortId } from "../../index.ts";
import {
	count,
	duration,
	oneOf,
	orNone,
	processors,
	repeated,
	size,
	stopSignal,
	variable,
	variableName,
	wholeNumber,
} from "../arguments.ts";
import { action, type Invocation, verb } from "../command.ts";
import { readEnvFile } from "../env-file.ts";
import { UsageError } from "../failure.ts";
import { refuseFar } from "../far.ts";
import { addScheduleOptions, type ScheduleWords, scheduleOptions } from "../schedule-options.ts";
import { unitSettings } from "../unit-settings.ts";

interface Options extends ScheduleWords {
	readonly command?: string;
	readonly description?: string;
	readonly tag?: string;
	readonly workingDirectory?: string;
	readonly setenv?: Readonly<Record<string, string>>;
	readonly unset?: readonly string[];
	readonly envFile?: string;
	readonly cleanEnv?: boolean;
	readonly refreshEnvironment?: boolean;
	readonly output?: OutputMode;
	readonly relay?: boolean;
	readonly stdin?: string;
	readonly uid?: string;
	readonly gid?: string;
	readonly restart?: "no" | "on-failure" | "always";
	readonly restartDelay?: number;
	readonly restartMax?: number | "none";
	readonly timeout?: number | "none";
	readonly grace?: number;
	readonly stopSignal?: NodeJS.Signals;
	readonly sendSighup?: boolean;
	readonly memory?: number | "none";
	readonly cpus?: number | "none";
	readonly tasks?: number | "none";
	readonly nice?: number;
	readonly property?: readonly string[];
	readonly timerProperty?: readonly string[];
	readonly slice?: string;
}

export function setCommand(): Command {
	const command = verb("set", "change the settings of a job, from its next run on; what is not named stays")
		.usage("[options] JOB [-- COMMAND [ARGUMENT...]]\n       chore set [options] -c 'LINE' JOB")
		.argument("<job>", "a name or id")
		.argument("[program...]", "the program and its arguments, after --")
		.option("-c, --command <line>", "run a line of shell with /bin/sh -c")
		.option("--description <text>", "a line about it, for people; '' for none")
		.option("--tag <text>", "a word for programs; '' for none")
		.optionsGroup("What it gets:")
		.option("--working-directory <path>", "where it runs")
		.option("-E, --setenv <name[=value]>", "set a variable; your own value of it without one (repeatable)", variable)
		.option("--unset <name>", "take a variable away (repeatable)", variableName)
		.option("--env-file <file>", "read variables from a file of NAME=VALUE lines")
		.option("--clean-env", "only HOME USER LOGNAME SHELL PATH XDG_RUNTIME_DIR of its variables")
		.option("--refresh-environment", "your variables of today, in the place of its own")
		.option("--output <where>", "merged, split, or null", oneOf(["merged", "split", "null"]))
		.option("--stdin <from>", "null, fifo (for `chore send`), or a file")
		.option("--relay", "let its output pass a pipe")
		.option("--no-relay", "let its output go straight into the file")
		.option("--uid <user>", "run it as that user; for root")
		.option("--gid <group>", "run it with that group; for root")
		.optionsGroup("When it ends:")
		.option("--restart <when>", "start it again: no, on-failure, or always", oneOf(["no", "on-failure", "always"]))
		.option("--restart-delay <time>", "time from an end to the next start", duration)
		.option("--restart-max <number>", "how often at most; none", orNone(count))
		.optionsGroup("When it is run; a job that has no schedule gets one:");
	return addScheduleOptions(command)
		.optionsGroup("Its bounds:")
		.option("--timeout <time>", "end it after so long; none", orNone(duration))
		.option("--grace <time>", "time between the stop signal and KILL", duration)
		.option("--stop-signal <signal>", "what asks it to end", stopSignal)
		.option("--send-sighup", "send HUP right after the stop signal")
		.option("--memory <size>", "most memory of all its processes: 512M, 2G; none", orNone(size))
		.option("--cpus <number>", "most processors: 0.5, 2, 150%; none", orNone(processors))
		.option("--tasks <number>", "most processes and threads; none", orNone(count))
		.option("--nice <number>", "scheduling priority, -20 to 19", wholeNumber)
		.option("-p, --property <name=value>", "a property of systemd, in the place of all that it has (repeatable)", repeated)
		.option("--timer-property <name=value>", "a property of the timer of its schedule, likewise (repeatable)", repeated)
		.option("--slice <slice>", "systemd slice to put it in")
		.action(
			action<Options, [string, string[]]>(async (invocation, reference, words) => {
				const { chore, options, output } = invocation;
				refuseFar(options);
				const job = await chore.set(reference, setOptions(invocation, words));
				if (options.json) output.line(JSON.stringify(job));
				else if (!options.quiet) output.line(changedLine(job));
			}),
		);
}

function setOptions({ options, output }: Invocation<Options>, words: readonly string[]): SetOptions {
	if (options.command !== undefined && words.length > 0)
		throw new UsageError("a command and -c LINE exclude each other", "put the whole line into the quotes after -c");
	const { restart, restartDelay, restartMax, stdin } = options;
	const { properties, environment, directory } = unitSettings(options.property ?? []);
	return {
		command: options.command !== undefined ? ["/bin/sh", "-c", options.command] : words.length > 0 ? words : undefined,
		description: options.description === "" ? null : options.description,
		tag: options.tag === "" ? null : options.tag,
		directory: options.workingDirectory ?? directory,
		setEnvironment: { ...environment, ...(options.envFile === undefined ? {} : readEnvFile(options.envFile)), ...options.setenv },
		unsetEnvironment: options.unset,
		cleanEnvironment: options.cleanEnv,
		refreshEnvironment: options.refreshEnvironment,
		output: options.output,
		relay: options.relay,
		stdin: stdin === undefined || stdin === "null" || stdin === "fifo" ? stdin : { file: stdin },
		user: options.uid,
		group: options.gid,
		restart: { policy: restart, delayMs: restartDelay, max: unlessNone(restartMax) },
		timeoutMs: unlessNone(options.timeout),
		graceMs: options.grace,
		stopSignal: options.stopSignal,
		sendHangUp: options.sendSighup,
		memoryBytes: unlessNone(options.memory),
		cpus: unlessNone(options.cpus),
		tasks: unlessNone(options.tasks),
		nice: options.nice,
		native: {
			slice: options.slice,
			properties: properties.length > 0 ? properties : undefined,
			timerProperties: options.timerProperty,
		},
		schedule: scheduleOptions(options, "change"),
		onWarning: options.quiet ? undefined : (message) => output.note(`chore: ${message}`),
	};
}

/** To the library null means that a limit is taken away. */
function unlessNone(limit: number | "none" | undefined): number | null | undefined {
	return limit === "none" ? null : limit;
}

function changedLine({ name, id, run, state }: Job): string {
	return `${name} (${shortId(id)}) is changed, from run ${run + 1} on${state === "running" ? `; run ${run} goes on as it is` : ""}`;
}
