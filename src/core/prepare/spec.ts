/** Checks the options of a new job and fills in the defaults. */
import { constants } from "node:os";
import { basename } from "node:path";
import type { Capabilities, Limits, NativeOptions, Platform, RestartPolicy, Stopping } from "../../../platform/contract.ts";
import { ChoreError } from "../../../platform/errors.ts";
import { checkName } from "../disk/session.ts";
import { hasBytes } from "../exact-text.ts";
import type { JobOrigin, OutputMode } from "../job.ts";
import type { Occasion } from "../schedule/occasions.ts";
import type { Schedule } from "../schedule/schedule.ts";
import { jobDirectory, pathIn } from "./directory.ts";
import { readScheduleOptions } from "./schedule.ts";

/** A job to be started. Everything but the command has a default. */
export interface RunOptions {
	/**
	 * Program and arguments, passed on literally. A program without a slash is looked up in the job's PATH. Here, in paths and in
	 * variables, a byte that is not UTF-8 is written as the lone surrogate U+DC00 + byte, as in Python; `textOf` makes such words.
	 */
	readonly command: readonly string[];
	/** `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`. Default: the program's base name, with -2, -3 … while it is taken. */
	readonly name?: string | undefined;
	/** The name if `name` is not given, adapted to the rules for names, with -2, -3 … while it is taken. Default: the program. */
	readonly defaultName?: string | undefined;
	/** Gives up with ABORTED when this signal is raised. A start that the platform was asked for goes on. */
	readonly signal?: AbortSignal | undefined;
	/** One line for people. */
	readonly description?: string | undefined;
	/** A word of the caller's own by which it finds its job again, as `Job.tag`; 1 to 200 printable characters. */
	readonly tag?: string | undefined;
	/** Who asked for it, where that was by an API, as `Job.origin`; the client has 1 to 200 printable characters. */
	readonly origin?: JobOrigin | undefined;
	/** Where it runs. Default: the caller's working directory. */
	readonly directory?: string | undefined;
	/** Its variables, before `cleanEnvironment` and `setEnvironment` apply. Default: the caller's, `process.env`. */
	readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
	/** Keep only HOME, USER, LOGNAME, SHELL, PATH and XDG_RUNTIME_DIR of them. */
	readonly cleanEnvironment?: boolean | undefined;
	/** Variables that are added last. */
	readonly setEnvironment?: Readonly<Record<string, string>> | undefined;
	/** Default "merged". */
	readonly output?: OutputMode | undefined;
	/**
	 * The job writes into a pipe, and cat(1) from there into the file: for programs that open /dev/stdout or /dev/stderr
	 * themselves, which would truncate the file. Default: straight into the file.
	 */
	readonly relay?: boolean | undefined;
	/** Default "null". "fifo" takes what `send` sends; a file is opened by the job. */
	readonly stdin?: "null" | "fifo" | { readonly file: string } | undefined;
	/** The run is ended after this many milliseconds; 1 or more. */
	readonly timeoutMs?: number | undefined;
	/** Whether the program is started again when it has ended, and how. Default: it is not. */
	readonly restart?: RestartOptions | undefined;
	/** Milliseconds between the stop signal and SIGKILL; 0 or more. Default 10,000. */
	readonly graceMs?: number | undefined;
	/** Default "SIGTERM". */
	readonly stopSignal?: NodeJS.Signals | undefined;
	/** Send SIGHUP right after the stop signal. */
	readonly sendHangUp?: boolean | undefined;
	/** Bytes for all processes of the job together; 1 or more. */
	readonly memoryBytes?: number | undefined;
	/** CPU time in processors: 0.5 is half a processor; above 0. */
	readonly cpus?: number | undefined;
	/** Processes and threads; 1 or more. */
	readonly tasks?: number | undefined;
	/** nice(1), −20 to 19. Below 0 for root only. */
	readonly nice?: number | undefined;
	/** The user that it runs as, by name or number. Sets the user's groups, HOME, USER, LOGNAME and SHELL. For root only. */
	readonly user?: string | undefined;
	/** The group that it runs with, by name or number. Default: the user's. For root only. */
	readonly group?: string | undefined;
	/** File mode creation mask. Default: the caller's. */
	readonly umask?: number | undefined;
	/**
	 * Options of the platform itself, in its own words; another platform refuses them. systemd takes `unit`, the name of the
	 * unit; `slice`, as in systemd.slice(5); `sliceInherit`, "yes" for the slice of the process that starts the job;
	 * `properties`, `Name=Value` each, as in systemd-run(1) -p; and `timerProperties` for the timer of a schedule.
	 */
	readonly native?: Readonly<Record<string, string | readonly string[] | undefined>> | undefined;
	/** When it is run. Without a schedule it is run at once, and once. */
	readonly schedule?: ScheduleOptions | undefined;
	/**
	 * Makes it safe to ask again where an answer was lost or this process may die: whoever asks with the same key and the same options is
	 * given the same job, also when it has ended, and nothing is started twice. If another start with the key is under way, waits for
	 * it. The key has 1 to 64 printable characters, and is forgotten with the job. `environment`, `signal` and the callbacks do not
	 * count as options. Other options are refused as KEY_REUSED.
	 */
	readonly requestKey?: string | undefined;
	/** Called if the job was started before with the same `requestKey`. */
	readonly onFound?: (() => void) | undefined;
	/** When an active job has that name: fail with NAME_IN_USE (default), give back that job, or stop it first. */
	readonly ifRunning?: "fail" | "skip" | "replace" | undefined;
	/** False: do not wait until the platform has started it. Default true. */
	readonly acknowledge?: boolean | undefined;
	/** Called with each warning, one line of text. */
	readonly onWarning?: ((message: string) => void) | undefined;
}

/** When a job is run, again and again or later. At least one of the first five is given; what is given must all hold. */
export interface ScheduleOptions {
	/** Expressions of systemd.time(7), "CALENDAR EVENTS"; any of them may hold: "Mon..Fri 9:00". */
	readonly calendar?: readonly string[] | undefined;
	/** The five fields of crontab(5); any of them may hold: "0 9 * * 1-5". */
	readonly cron?: readonly string[] | undefined;
	/** Milliseconds from one firing to the next, in whole seconds; on most platforms in whole minutes. With a calendar: at least so many. */
	readonly everyMs?: number | undefined;
	/** Once, at this moment. */
	readonly at?: Date | undefined;
	/** On any of these; without a calendar, an interval or a moment. Only where `capabilities.occasions` says so. */
	readonly occasions?: readonly Occasion[] | undefined;
	/** The time zone of expressions that name none: "UTC", "Europe/Berlin". Default: that of the machine. */
	readonly zone?: string | undefined;
	/** It fires from this moment on. */
	readonly notBefore?: Date | undefined;
	/** It fires before this moment. */
	readonly notAfter?: Date | undefined;
	/** What wakes the job: its platform (default), or nothing but `chore tick`, where no platform can. */
	readonly wake?: "platform" | "tick" | undefined;
	/** After moments at which nothing could fire, such as while the machine was off: fire once (default), or not. */
	readonly missed?: "once" | "skip" | undefined;
	/**
	 * A line for /bin/sh that is run at each moment, with the job's variables and directory. If it fails, or takes longer than 10 s,
	 * the job is not run. "": none (default).
	 */
	readonly when?: string | undefined;
	/**
	 * At a moment at which a run is active: do nothing (default), run the job once more after its end, or stop it and run the job
	 * then. "allow" is refused: a job has one run at a time.
	 */
	readonly overlap?: "skip" | "queue" | "replace" | "allow" | undefined;
	/** The longest delay after each moment; 0 or more. Default 0. */
	readonly jitterMs?: number | undefined;
	/** How many runs are kept; 1 or more. Default 100. */
	readonly keepRuns?: number | undefined;
}

/** What of a schedule says when. */
export type TriggerOptions = Pick<ScheduleOptions, "calendar" | "cron" | "everyMs" | "at" | "occasions" | "zone">;

/** How a program that ended is started again, within the same run and into the same output. */
export interface RestartOptions {
	/** on-failure: after every end but exit code 0. No policy starts the program again after `stop`. */
	readonly policy: "no" | "on-failure" | "always";
	/** Milliseconds from an end to the next start; 0 or more. Default 1,000. */
	readonly delayMs?: number | undefined;
	/** The greatest number of restarts; 1 or more. Default: unlimited. */
	readonly max?: number | undefined;
}

/** The options with defaults filled in. */
export interface Spec {
	readonly command: readonly [string, ...string[]];
	readonly name: string | undefined;
	readonly defaultName: string;
	readonly description: string | null;
	readonly tag: string | null;
	readonly origin: JobOrigin | undefined;
	readonly directory: string;
	readonly output: OutputMode;
	readonly relay: boolean;
	readonly stdin: "null" | "fifo" | { readonly file: string };
	readonly limits: Limits;
	readonly restart: RestartPolicy;
	readonly stopping: Stopping;
	readonly native: NativeOptions;
	readonly nice: number;
	readonly umask: number;
	readonly schedule: Schedule | undefined;
}

/** Milliseconds between the stop signal and KILL. systemd's DefaultTimeoutStopSec, 90 s, is too long at a prompt. */
export const DEFAULT_GRACE_MS = 10_000;

/** systemd's default, 100 ms, lets a program that fails at once load the machine. */
const DEFAULT_RESTART_DELAY_MS = 1000;

export const NO_RESTART: RestartPolicy = { policy: "no", delayMs: 0, max: null };

/** @throws ChoreError INVALID_ARGUMENT naming the option */
export function normalise(options: RunOptions, defaults: { readonly graceMs: number }): Spec {
	const [program, ...rest] = options.command;
	if (program === undefined || program === "") {
		throw new ChoreError("INVALID_ARGUMENT", "the command is empty", { hint: "give a program to run: chore run -- PROGRAM [ARGUMENT…]" });
	}
	for (const word of options.command) checkWord("the command", word);
	if (options.name !== undefined) checkName("job", options.name);
	const asked = options.directory === undefined ? undefined : checkPath("the directory", options.directory);
	const directory = checkWord("the directory", jobDirectory(asked));
	const { stdin = "null", description } = options;
	return {
		command: [program, ...rest],
		name: options.name,
		defaultName: defaultName(options.defaultName || program),
		description:
			description === undefined
				? null
				: checkText("the description", description)
						.replace(/\p{Cc}+/gu, " ")
						.trim(),
		tag: options.tag === undefined ? null : checkPrintable("tag", options.tag, 200),
		origin: options.origin && { client: checkPrintable("client", options.origin.client, 200) },
		directory,
		output: options.output ?? "merged",
		relay: checkRelay(options),
		stdin: typeof stdin === "object" ? { file: pathIn(directory, checkPath("the input file", stdin.file)) } : stdin,
		limits: {
			timeoutMs: inRange("the time limit", options.timeoutMs, { least: 1, unit: " ms" }),
			memoryBytes: inRange("the memory limit", options.memoryBytes, { least: 1, whole: true, unit: " bytes" }),
			cpus: inRange("the CPU limit", options.cpus, { least: 0.01, unit: "" }),
			tasks: inRange("the task limit", options.tasks, { least: 1, whole: true, unit: "" }),
		},
		restart: checkRestart(options.restart),
		stopping: {
			signal: checkStopSignal(options.stopSignal ?? "SIGTERM"),
			graceMs: inRange("the grace", options.graceMs, { least: 0, unit: " ms" }) ?? defaults.graceMs,
			hangUp: options.sendHangUp ?? false,
		},
		native: checkNative(options.native ?? {}),
		nice: checkNice(options.nice ?? 0),
		umask: options.umask ?? callerUmask(),
		schedule: options.schedule === undefined ? undefined : readScheduleOptions(options.schedule),
	};
}

/** @throws ChoreError OPTION_UNSUPPORTED for the first option that the platform cannot honour */
export async function checkCapabilities(
	spec: Pick<Spec, "restart" | "limits" | "stopping" | "schedule">,
	options: Pick<RunOptions, "acknowledge">,
	platform: Pick<Platform, "name" | "capabilities" | "describe">,
): Promise<void> {
	const { capabilities } = platform;
	const wanted: readonly (readonly [asked: boolean, can: keyof Capabilities, what: string])[] = [
		[spec.restart.policy !== "no", "restart", "restarts"],
		[spec.limits.timeoutMs !== null, "timeout", "a time limit"],
		[spec.limits.memoryBytes !== null, "memoryLimit", "a memory limit"],
		[spec.limits.cpus !== null, "cpuLimit", "a CPU limit"],
		[spec.limits.tasks !== null, "taskLimit", "a limit of processes"],
		[spec.stopping.hangUp, "hangUp", "SIGHUP after the stop signal"],
		[spec.schedule?.wake === "platform", "schedule", "a schedule"],
		[options.acknowledge === false, "enqueue", "a start that is not waited for"],
	];
	// Reads only the capabilities that this job needs: a platform may have to look for the answer.
	const refused = wanted.find(([asked, can]) => asked && !capabilities[can]);
	if (refused === undefined) return;
	const [, can, what] = refused;
	const reason = (await platform.describe()).lacking[can];
	throw new ChoreError("OPTION_UNSUPPORTED", `the platform ${platform.name} cannot give a job ${what} here${reason ? `: ${reason}` : ""}`, {
		hint:
			can === "schedule"
				? "`--wake tick` leaves it to `chore tick`, called each minute from whatever there is"
				: "leave the option out; `chore doctor` shows what each platform can do, and why",
	});
}

/** The base name of a program, without characters that a name cannot have; "job" if none is left. */
function defaultName(program: string): string {
	const name = basename(program)
		.replace(/[^A-Za-z0-9._-]+/g, "-")
		.replace(/^[^A-Za-z0-9]+/, "")
		.slice(0, 56);
	return name === "" ? "job" : name;
}

function checkWord(what: string, word: string): string {
	const wrong = word.includes("\0") ? "holds a NUL" : hasBytes(word) ? undefined : "holds half of a surrogate pair";
	if (wrong === undefined) return word;
	throw new ChoreError("INVALID_ARGUMENT", `${what} ${wrong}: ${shown(word)}`, { hint: "no program can be given such a word" });
}

/** Checks what is read by people or by the platform, which takes no other bytes. */
function checkText(what: string, text: string): string {
	if (checkWord(what, text).isWellFormed()) return text;
	throw new ChoreError("INVALID_ARGUMENT", `${what} is not valid UTF-8: ${shown(text)}`, {
		hint: "only words, paths and variables can have other bytes",
	});
}

/** Enough of a word to know it by. */
function shown(word: string): string {
	return JSON.stringify(word.slice(0, 60).toWellFormed());
}

/** Checks that these are words; `Platform.check` checks their meaning. Leaves out keys without a value. */
function checkNative(options: NonNullable<RunOptions["native"]>): NativeOptions {
	const native: Record<string, string | readonly string[]> = {};
	for (const [key, value] of Object.entries(options)) {
		if (value === undefined) continue;
		const words = typeof value === "string" ? [value] : value;
		if (!Array.isArray(words) || words.some((word) => typeof word !== "string"))
			throw new ChoreError("INVALID_ARGUMENT", `the option ${JSON.stringify(key)} of the platform takes a word, or a list of words`);
		for (const word of words) checkText(`a word of the option ${JSON.stringify(key)}`, word);
		if (words.length > 0) native[key] = value;
	}
	return native;
}

/** @param most the greatest number of characters. @throws ChoreError INVALID_ARGUMENT */
export function checkPrintable(what: "tag" | "client" | "request key", text: string, most: number): string {
	if (/^\P{Cc}+$/u.test(checkText(`the ${what}`, text)) && [...text].length <= most) return text;
	throw new ChoreError("INVALID_ARGUMENT", `${JSON.stringify(text.length > 70 ? `${text.slice(0, 70)}…` : text)} cannot be a ${what}`, {
		hint: `a ${what} has 1 to ${most} characters, and no control characters`,
	});
}

/** Refuses an empty path, which is usually an empty variable: it would otherwise mean the caller's directory. */
function checkPath(what: string, path: string): string {
	if (path !== "") return checkWord(what, path);
	throw new ChoreError("INVALID_ARGUMENT", `${what} is empty`, { hint: 'a path is meant; "." is the directory that you are in' });
}

function checkStopSignal(signal: NodeJS.Signals): NodeJS.Signals {
	if (Object.hasOwn(constants.signals, signal) && signal !== "SIGKILL" && signal !== "SIGSTOP") return signal;
	throw new ChoreError("INVALID_ARGUMENT", `${signal} cannot be the stop signal`, {
		hint: "one that a program can catch: SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1 …",
	});
}

function checkRestart(options: RestartOptions | undefined): RestartPolicy {
	if (options === undefined || options.policy === "no") {
		if (options?.delayMs === undefined && options?.max === undefined) return NO_RESTART;
		throw new ChoreError("INVALID_ARGUMENT", "a delay or a number of restarts is given, but no restarts are asked for", {
			hint: "--restart on-failure, or --restart always",
		});
	}
	return {
		policy: options.policy,
		delayMs: inRange("the delay of restarts", options.delayMs, { least: 0, unit: " ms" }) ?? DEFAULT_RESTART_DELAY_MS,
		max: inRange("the number of restarts", options.max, { least: 1, whole: true, unit: "" }),
	};
}

function checkRelay({ relay = false, output }: RunOptions): boolean {
	if (!relay || output !== "null") return relay;
	throw new ChoreError("INVALID_ARGUMENT", "there is no output to relay where it is thrown away", { hint: "leave --relay out" });
}

function checkNice(nice: number): number {
	if (!Number.isInteger(nice) || nice < -20 || nice > 19)
		throw new ChoreError("INVALID_ARGUMENT", `the nice value must be from -20 to 19, not ${nice}`);
	if (nice < 0 && process.geteuid?.() !== 0) {
		throw new ChoreError("INVALID_ARGUMENT", `the nice value ${nice} needs root`, { hint: "0 to 19 can be had by everybody" });
	}
	return nice;
}

/** The number, or null without one. @throws ChoreError INVALID_ARGUMENT when it is out of range */
export function inRange(
	what: string,
	value: number | undefined,
	range: { readonly least: number; readonly whole?: boolean; readonly unit: string },
): number | null {
	if (value === undefined) return null;
	if (
		Number.isFinite(value) &&
		value >= range.least &&
		value <= Number.MAX_SAFE_INTEGER &&
		(range.whole !== true || Number.isInteger(value))
	)
		return value;
	const bound = value > Number.MAX_SAFE_INTEGER ? `${Number.MAX_SAFE_INTEGER}${range.unit} or less` : `${range.least}${range.unit} or more`;
	throw new ChoreError("INVALID_ARGUMENT", `${what} must be ${bound}${range.whole ? ", a whole number" : ""}, not ${value}`);
}

function callerUmask(): number {
	// Deprecated without an argument, but with one it would change the umask, which worker threads must not do.
	return process.umask();
}
