/** The options that `run` and `request` share: what every job can be given, whatever it does. */
import type { Command } from "commander";
import type { OutputMode, RunOptions } from "../index.ts";
import { count, duration, oneOf, processors, repeated, size, stopSignal, variable, wholeNumber } from "./arguments.ts";
import { readEnvFile } from "./env-file.ts";
import { UsageError } from "./failure.ts";
import type { Output } from "./output.ts";
import { addScheduleOptions, type ScheduleWords, scheduleOptions } from "./schedule-options.ts";
import type { CommonOptions } from "./settings.ts";
import { unitSettings } from "./unit-settings.ts";

export interface JobOptions extends ScheduleWords {
	readonly wait?: boolean;
	readonly follow?: boolean;
	readonly raw?: boolean;
	readonly name?: string;
	readonly unit?: string;
	readonly description?: string;
	readonly tag?: string;
	readonly ifRunning: "fail" | "skip" | "replace" | "attach";
	readonly workingDirectory?: string;
	readonly setenv?: Readonly<Record<string, string>>;
	readonly envFile?: string;
	readonly cleanEnv?: boolean;
	readonly ignoreEnvironment?: boolean;
	readonly output?: OutputMode;
	readonly restart?: "no" | "on-failure" | "always";
	readonly restartDelay?: number;
	readonly restartMax?: number;
	readonly timeout?: number;
	readonly grace?: number;
	readonly stopSignal?: NodeJS.Signals;
	readonly sendSighup?: boolean;
	readonly memory?: number;
	readonly cpus?: number;
	readonly tasks?: number;
	readonly nice?: number;
	readonly property?: readonly string[];
	readonly timerProperty?: readonly string[];
	readonly slice?: string;
	readonly sliceInherit?: boolean;
	readonly block: boolean;
}

export function stayingOptions(command: Command): Command {
	return command
		.optionsGroup("Staying with it:")
		.option("--wait", "wait for the end; exit with the job's code")
		.option("-f, --follow", "show its output to the end; Ctrl-C leaves it running")
		.option("--raw", "show its output byte for byte, also to a terminal");
}

/** How to stay with the job; undefined if not at all. */
export function staysBy(options: JobOptions & { readonly pipe?: boolean }): "pipe" | "follow" | "wait" | undefined {
	// Each of these includes the ones after it.
	return options.pipe ? "pipe" : options.follow ? "follow" : options.wait ? "wait" : undefined;
}

/** @param otherwise what the job is called without -n */
export function namingOptions(command: Command, otherwise: string): Command {
	return command
		.optionsGroup("What it is called:")
		.option("-n, --name <name>", `name of the job (default: ${otherwise}, with -2, -3 ... while taken)`)
		.option("-u, --unit <name>", "name of the job and of its systemd unit")
		.option("--description <text>", "a line about it, for people")
		.option("--tag <text>", "a word for programs, by which they find it again in JSON")
		.option(
			"--if-running <what>",
			"when an active job has the name: fail, skip, replace or attach",
			oneOf(["fail", "skip", "replace", "attach"]),
			"fail",
		);
}

/** @param mode that of the output without --output */
export function surroundingOptions(command: Command, mode: OutputMode): Command {
	return command
		.optionsGroup("What it gets:")
		.option("--working-directory <path>", "where it runs (default: here)")
		.option("-E, --setenv <name[=value]>", "set a variable; your own value of it without one (repeatable)", variable)
		.option("--env-file <file>", "read variables from a file of NAME=VALUE lines")
		.option("--clean-env", "only HOME USER LOGNAME SHELL PATH XDG_RUNTIME_DIR of your variables")
		.option("--ignore-environment", "none of your variables, as env -i; only those that are set")
		.option("--output <where>", `merged, split, or null (default: ${mode})`, oneOf(["merged", "split", "null"]));
}

export function boundingOptions(command: Command): Command {
	command
		.optionsGroup("When it ends:")
		.option("--restart <when>", "start it again: no, on-failure (not after exit code 0), or always", oneOf(["no", "on-failure", "always"]))
		.option("--restart-delay <time>", "time from an end to the next start (default: 1s)", duration)
		.option("--restart-max <number>", "how often at most (default: without bound)", count)
		.optionsGroup("When it is run (default: now):");
	return addScheduleOptions(command)
		.optionsGroup("Its bounds:")
		.option("--timeout <time>", "end it after so long", duration)
		.option("--grace <time>", "time between the stop signal and KILL (default: 10s)", duration)
		.option("--stop-signal <signal>", "what asks it to end (default: TERM)", stopSignal)
		.option("--send-sighup", "send HUP right after the stop signal")
		.option("--memory <size>", "most memory of all its processes: 512M, 2G", size)
		.option("--cpus <number>", "most processors: 0.5, 2, 150%", processors)
		.option("--tasks <number>", "most processes and threads", count)
		.option("--nice <number>", "scheduling priority, -20 to 19", wholeNumber)
		.option("-p, --property <name=value>", "a property of systemd, as in systemd-run (repeatable)", repeated)
		.option("--timer-property <name=value>", "a property of the timer of its schedule on systemd (repeatable)", repeated)
		.option("--slice <slice>", "systemd slice to put it in")
		.option("--slice-inherit", "put it, or its slice, into your own slice of systemd")
		.optionsGroup("As in systemd-run:")
		.option("--no-block", "do not wait until it has started");
}

/** What these options say to the library. */
export function jobOptions(options: JobOptions & CommonOptions, output: Output): Omit<RunOptions, "command"> {
	const { properties, environment, directory } = unitSettings(options.property ?? []);
	return {
		name: options.name ?? options.unit?.replace(/\.service$/, ""),
		description: options.description,
		tag: options.tag,
		directory: options.workingDirectory ?? directory,
		environment: options.ignoreEnvironment ? {} : undefined,
		cleanEnvironment: options.cleanEnv,
		// As in systemd, a file overrides Environment= (systemd.exec(5)), and -E overrides both.
		setEnvironment: { ...environment, ...(options.envFile === undefined ? {} : readEnvFile(options.envFile)), ...options.setenv },
		output: options.output,
		restart: restartOptions(options),
		timeoutMs: options.timeout,
		graceMs: options.grace,
		stopSignal: options.stopSignal,
		sendHangUp: options.sendSighup,
		memoryBytes: options.memory,
		cpus: options.cpus,
		tasks: options.tasks,
		nice: options.nice,
		native: {
			unit: options.unit,
			slice: options.slice,
			sliceInherit: options.sliceInherit ? "yes" : undefined,
			properties,
			timerProperties: options.timerProperty,
		},
		ifRunning: options.ifRunning === "replace" ? "replace" : "fail",
		acknowledge: options.block,
		schedule: scheduleOptions(options, "new"),
		onWarning: options.quiet ? undefined : (message) => output.note(`chore: ${message}`),
	};
}

/** Checks what the library does not see. @throws UsageError */
export function checkJobOptions(options: JobOptions & { readonly pipe?: boolean }): void {
	const stays = staysBy(options);
	if (stays !== undefined && scheduleOptions(options, "new") !== undefined)
		throw new UsageError(`--${stays} stays with a job that is started now`, "leave it out; `chore logs -f` and `chore wait` take any run");
	if (options.timerProperty !== undefined && scheduleOptions(options, "new") === undefined)
		throw new UsageError("--timer-property is for a job with a schedule", "say when it is run: --on-calendar, --on-boot and the like");
	if (options.ifRunning !== "fail" && options.name === undefined && options.unit === undefined) {
		throw new UsageError(`--if-running ${options.ifRunning} needs a name to look for`, "name the job with -n NAME");
	}
	if (options.unit !== undefined && options.name !== undefined)
		throw new UsageError("-n and -u both name the job", "-u names the unit as well");
}

function restartOptions({ restart, restartDelay, restartMax }: JobOptions): RunOptions["restart"] {
	if (restart === undefined && restartDelay === undefined && restartMax === undefined) return undefined;
	if (restart === undefined || restart === "no") {
		if (restartDelay === undefined && restartMax === undefined) return undefined;
		throw new UsageError("--restart-delay and --restart-max need --restart", "say when: --restart on-failure, or --restart always");
	}
	return { policy: restart, delayMs: restartDelay, max: restartMax };
}
