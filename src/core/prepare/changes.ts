/** Makes of the settings of a job and what is to change in them the options of a job that has both. */
import { ChoreError } from "../../../platform/errors.ts";
import type { JobRecord } from "../disk/store.ts";
import type { Given } from "./read-start-script.ts";
import type { RestartOptions, RunOptions, ScheduleOptions } from "./spec.ts";

/** What can be taken away with null. */
type Takeable = "description" | "tag" | "timeoutMs" | "memoryBytes" | "cpus" | "tasks";

/** What a job keeps for its life, and what is about one start. */
type Fixed = "name" | "defaultName" | "origin" | "requestKey" | "onFound" | "signal" | "ifRunning" | "acknowledge";

/**
 * What is to change in the settings of a job, from its next run on. What is not there stays. The environment is the one that the
 * job has, with `cleanEnvironment` and `setEnvironment` applied, unless one of the two ways is chosen to take another.
 */
export interface SetOptions
	extends Omit<RunOptions, Takeable | Fixed | "command" | "restart" | "schedule">,
		Readonly<Partial<{ [Name in Takeable]: RunOptions[Name] | null }>> {
	/** As in RunOptions. Not for an HTTP job. */
	readonly command?: readonly string[] | undefined;
	/** Take the variables of the caller, `process.env`, in the place of its own. */
	readonly refreshEnvironment?: boolean | undefined;
	/** Variables that it has no more; those of `setEnvironment` are added after that. */
	readonly unsetEnvironment?: readonly string[] | undefined;
	/** With delay or number alone the policy stays. Without a greatest number: null. */
	readonly restart?:
		| { readonly [Name in keyof RestartOptions]?: RestartOptions[Name] | undefined | (Name extends "max" ? null : never) }
		| undefined;
	/** As `reschedule` takes it; of a job that has none, the schedule that it gets, as `run` takes it. */
	readonly schedule?: ScheduleOptions | undefined;
}

/** The names of what is to change. @throws ChoreError INVALID_ARGUMENT if nothing is, or what the job cannot have */
export function changedNames(before: JobRecord, options: SetOptions): readonly string[] {
	const { onWarning, ...settings } = options;
	const names = Object.entries(settings).flatMap(([name, value]) => (isGiven(value) ? [name] : []));
	if (names.length === 0) throw new ChoreError("INVALID_ARGUMENT", "it is not said what to change", { hint: "`chore help set` lists it" });
	const foreign = names.find((name) => before.request !== undefined && OF_PROGRAMS.includes(name));
	if (foreign === undefined) return names;
	throw new ChoreError("INVALID_ARGUMENT", `an HTTP job has no ${foreign} of its own that could change`, {
		hint: "`chore request` makes another job",
	});
}

/** What an event says of a change: the options of `chore set`, without dashes. */
export function changedWords(names: readonly string[]): string {
	return names.map((name) => WORDS[name as keyof typeof WORDS] ?? name).join(", ");
}

/** Where an option has another name than the setting. */
const WORDS = {
	directory: "working-directory",
	environment: "variables",
	cleanEnvironment: "clean-env",
	refreshEnvironment: "refresh-environment",
	setEnvironment: "setenv",
	unsetEnvironment: "unset",
	user: "uid",
	group: "gid",
	timeoutMs: "timeout",
	graceMs: "grace",
	stopSignal: "stop-signal",
	sendHangUp: "send-sighup",
	memoryBytes: "memory",
	native: "properties of the platform",
	schedule: "its schedule",
} as const satisfies Partial<Record<keyof SetOptions, string>>;

const OF_PROGRAMS: readonly string[] = ["command", "stdin", "relay", "user", "group"];

/** An object that says nothing, such as no variable to set, counts as not given. */
function isGiven(value: unknown): boolean {
	if (typeof value !== "object" || value === null) return value !== undefined;
	return Object.values(value).some((part) => part !== undefined);
}

/** The options that would make the job as it is to be. Its environment, program and schedule are found apart. */
export function changedOptions(before: JobRecord, given: Given, options: SetOptions): RunOptions {
	const { limits, stopping, restart } = before;
	const { policy = restart.policy, delayMs, max } = options.restart ?? {};
	const isKept = policy !== "no" && restart.policy !== "no";
	return {
		command: options.command ?? before.command,
		directory: options.directory ?? before.directory,
		description: kept(options.description, before.description),
		tag: kept(options.tag, before.tag ?? null),
		output: options.output ?? before.output,
		relay: options.relay ?? before.relay,
		stdin: options.stdin ?? before.stdin,
		timeoutMs: kept(options.timeoutMs, limits.timeoutMs),
		memoryBytes: kept(options.memoryBytes, limits.memoryBytes),
		cpus: kept(options.cpus, limits.cpus),
		tasks: kept(options.tasks, limits.tasks),
		restart: { policy, delayMs: delayMs ?? (isKept ? restart.delayMs : undefined), max: kept(max, isKept ? restart.max : null) },
		graceMs: options.graceMs ?? stopping.graceMs,
		stopSignal: options.stopSignal ?? stopping.signal,
		sendHangUp: options.sendHangUp ?? stopping.hangUp,
		nice: options.nice ?? given.nice,
		umask: options.umask ?? given.umask,
		native: { ...before.native, ...withoutUndefined(options.native ?? {}) },
	};
}

function kept<Value>(asked: Value | null | undefined, before: Value | null): Value | undefined {
	return (asked === undefined ? before : asked) ?? undefined;
}

function withoutUndefined<Value>(values: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> {
	return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
