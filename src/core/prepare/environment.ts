/** Chooses the variables of a job: the caller's, byte for byte, without those that are about the caller's own supervisor. */
import { readFileSync } from "node:fs";
import { ChoreError } from "../../../platform/errors.ts";
import { hasBytes, isDoubtful, textOf } from "../exact-text.ts";
import { withoutJobServer } from "./make-flags.ts";

/** Names and values, with bytes that are not UTF-8 as in exact-text.ts. */
export type Environment = ReadonlyMap<string, string>;

/**
 * Left out unless set by `-E`: they are about the caller's supervisor, sockets or seat and would be wrong in the job
 * (systemd.exec(5), sd_notify(3), pam_systemd(8)). Shells set `_` anew for every command.
 */
const OF_SUPERVISOR =
	/^(_|NOTIFY_SOCKET|WATCHDOG_.*|LISTEN_.*|MAINPID|MANAGERPID.*|INVOCATION_ID|JOURNAL_STREAM|SYSTEMD_EXEC_PID|SERVICE_RESULT|EXIT_CODE|EXIT_STATUS|MONITOR_.*|TRIGGER_.*|MEMORY_PRESSURE_.*|CREDENTIALS_DIRECTORY|XDG_SESSION_ID|XDG_SEAT|XDG_VTNR|CHORE_JOB_ID|CHORE_RUN_ID)$/;

/** Left out likewise: by these, runners of GitHub, Azure Pipelines and Jenkins find what they end after a step. */
const OF_RUNNER =
	/^(RUNNER_TRACKING_ID|VSTS_PROCESS_LOOKUP_ID|JENKINS_NODE_COOKIE|JENKINS_SERVER_COOKIE|HUDSON_COOKIE|HUDSON_SERVER_COOKIE)$/;

/** What `--clean-env` keeps. */
const CLEAN: readonly string[] = ["HOME", "USER", "LOGNAME", "SHELL", "PATH", "XDG_RUNTIME_DIR"];

export interface EnvironmentOptions {
	/** The variables to take from. */
	readonly from: Callers;
	/** Take only HOME, USER, LOGNAME, SHELL, PATH and XDG_RUNTIME_DIR of these. */
	readonly clean: boolean;
	/** Variables that are added, or replace the others. */
	readonly set: Readonly<Record<string, string>>;
}

/** @returns the variables of a job, and the names of those whose bytes are not known */
export function jobEnvironment(options: EnvironmentOptions): { readonly environment: Environment; readonly dropped: readonly string[] } {
	const environment = new Map<string, string>();
	const { variables, unknown } = options.from;
	const isWanted = (name: string): boolean => (options.clean ? CLEAN.includes(name) : !OF_SUPERVISOR.test(name) && !OF_RUNNER.test(name));
	for (const [name, value] of variables) {
		if (value === undefined || name === "" || name.includes("=") || !isWanted(name)) continue;
		const kept = withoutJobServer(name, value);
		if (kept !== undefined) environment.set(name, kept);
	}
	for (const [name, value] of Object.entries(options.set)) environment.set(checkVariable(name, value), value);
	return { environment, dropped: unknown.filter((name) => isWanted(name) && !environment.has(name)) };
}

/** @returns the name. @throws ChoreError INVALID_ARGUMENT for a name or value that no process can have */
function checkVariable(name: string, value: string): string {
	const wrong =
		name === "" || name.includes("=")
			? "it has no name"
			: name.includes("\0") || value.includes("\0")
				? "it holds a NUL"
				: hasBytes(name) && hasBytes(value)
					? undefined
					: "it holds half of a surrogate pair";
	if (wrong === undefined) return name;
	const shown = JSON.stringify(`${name}=${value}`.slice(0, 60).toWellFormed());
	throw new ChoreError("INVALID_ARGUMENT", `the variable ${shown} cannot be set: ${wrong}`, { hint: "write it as NAME=VALUE" });
}

/** The variables that a caller gives to a job. One with the value undefined is skipped. */
export interface Callers {
	readonly variables: readonly (readonly [name: string, value: string | undefined])[];
	/** The names of others, whose bytes are not known. */
	readonly unknown: readonly string[];
}

/**
 * The variables of this process as they are now.
 *
 * @param from `process.env`, in which bytes that are not UTF-8 are replaced
 * @param raw reads the environment with which the process began (proc_pid_environ(5))
 */
export function ownEnvironment(from: Readonly<Record<string, string | undefined>> = process.env, raw: () => Buffer = ownBlock): Callers {
	const variables: [string, string | undefined][] = [];
	const unknown: string[] = [];
	let first: Map<string, string> | undefined;
	for (const [name, value] of Object.entries(from)) {
		const entry = `${name}=${value}`;
		if (!isDoubtful(entry)) variables.push([name, value]);
		else {
			first ??= entriesOf(raw());
			const exact = first.get(entry);
			if (exact === undefined) unknown.push(name);
			else variables.push([exact.slice(0, exact.indexOf("=")), exact.slice(exact.indexOf("=") + 1)]);
		}
	}
	return { variables, unknown };
}

/** The value of one variable of this process; undefined if it has none, or its bytes are not known. */
export function ownVariable(name: string): string | undefined {
	const value = process.env[name.toWellFormed()];
	if (value === undefined || !isDoubtful(`${name}${value}`)) return value;
	return ownEnvironment({ [name.toWellFormed()]: value }).variables[0]?.[1];
}

function ownBlock(): Buffer {
	try {
		return readFileSync("/proc/self/environ");
	} catch {
		return Buffer.alloc(0);
	}
}

/** The entries `NAME=VALUE` of a block, by what Node reads in their place. */
function entriesOf(block: Buffer): Map<string, string> {
	const entries = new Map<string, string>();
	for (let start = 0; start < block.length; ) {
		const end = block.indexOf(0, start);
		const entry = block.subarray(start, end < 0 ? block.length : end);
		if (!entries.has(entry.toString())) entries.set(entry.toString(), textOf(entry));
		start += entry.length + 1;
	}
	return entries;
}
