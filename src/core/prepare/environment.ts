/** Chooses the variables of a job: the caller's, byte for byte, without those that are about the caller's own supervisor. */
import { readFileSync } from "node:fs";
import { ChoreError } from "../../../platform/errors.ts";
import { withoutJobServer } from "./make-flags.ts";

/** A value is text; or bytes, if the caller's value is not UTF-8. */
export type Environment = ReadonlyMap<string, string | Buffer>;

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
	/** The caller's variables; a name with the value undefined is skipped. */
	readonly from: Readonly<Record<string, string | undefined>>;
	/** Take only HOME, USER, LOGNAME, SHELL, PATH and XDG_RUNTIME_DIR of the caller's. */
	readonly clean: boolean;
	/** Variables that are added, or replace the caller's. */
	readonly set: Readonly<Record<string, string>>;
}

/**
 * The variables of a job.
 *
 * @param raw reads the environment as bytes (proc_pid_environ(5)), for values that are not UTF-8
 * @returns the variables, and the names of those whose bytes are not known
 */
export function jobEnvironment(
	options: EnvironmentOptions,
	raw: () => Buffer = ownBlock,
): { readonly environment: Environment; readonly dropped: readonly string[] } {
	const environment = new Map<string, string | Buffer>();
	const dropped: string[] = [];
	let bytes: Map<string, Buffer> | undefined;
	for (const [name, value] of Object.entries(options.from)) {
		if (value === undefined || name === "" || name.includes("=")) continue;
		if (options.clean ? !CLEAN.includes(name) : OF_SUPERVISOR.test(name) || OF_RUNNER.test(name)) continue;
		let exact: string | Buffer | undefined = value;
		if (`${name}${value}`.includes("\ufffd")) {
			bytes ??= splitBlock(raw());
			exact = bytes.get(name);
		}
		if (exact === undefined) dropped.push(name);
		else {
			const kept = withoutJobServer(name, exact);
			if (kept !== undefined) environment.set(name, kept);
		}
	}
	for (const [name, value] of Object.entries(options.set)) environment.set(checkVariable(name, value), value);
	return { environment, dropped };
}

/** @returns the name. @throws ChoreError INVALID_ARGUMENT for a name or value that no process can have, or that is not UTF-8 */
function checkVariable(name: string, value: string): string {
	const wrong =
		name === "" || name.includes("=")
			? "it has no name"
			: name.includes("\0") || value.includes("\0")
				? "it holds a NUL"
				: `${name}${value}`.includes("\ufffd")
					? "it is not valid UTF-8"
					: undefined;
	if (wrong === undefined) return name;
	throw new ChoreError("INVALID_ARGUMENT", `the variable ${JSON.stringify(`${name}=${value}`.slice(0, 60))} cannot be set: ${wrong}`, {
		hint: "write it as NAME=VALUE",
	});
}

function ownBlock(): Buffer {
	try {
		return readFileSync("/proc/self/environ");
	} catch {
		return Buffer.alloc(0);
	}
}

function splitBlock(block: Buffer): Map<string, Buffer> {
	const variables = new Map<string, Buffer>();
	for (let start = 0; start < block.length; ) {
		const end = block.indexOf(0, start);
		const entry = block.subarray(start, end < 0 ? block.length : end);
		const equals = entry.indexOf(0x3d);
		const name = entry.subarray(0, equals).toString("utf8");
		if (equals > 0 && !variables.has(name)) variables.set(name, Buffer.from(entry.subarray(equals + 1)));
		start += entry.length + 1;
	}
	return variables;
}
