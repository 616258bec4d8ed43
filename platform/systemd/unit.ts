/**
 * Translates a run into a transient unit: its name, its properties, and the token in its description that tells it from
 * every other unit of that name. Pure. Of the user's text only the description and checked properties get into a unit.
 */
import type { Handle, RunSpec, Stopping } from "../contract.ts";
import { ChoreError } from "../errors.ts";
import { signalNumber } from "../exit-record.ts";
import { readNative, unitName } from "./native.ts";
import { count, flag, INFINITY, integer, type Property, printable, text } from "./property.ts";
import { restartsFile } from "./restarts.ts";
import { sandboxProperties } from "./sandbox.ts";
import { USER } from "./scope.ts";
import { sliceWithin } from "./slice.ts";

/** The data of a handle. */
export interface PlannedUnit {
	readonly unit: string;
	readonly jobId: string;
	readonly run: number;
	readonly runFolder: string;
	readonly stopping: Stopping;
}

const HANDLE_VERSION = 1;

/**
 * The least TimeoutStopUSec. It is the grace of a unit but also limits the hook, which needs a while on a busy machine.
 * `chore stop` keeps a shorter grace itself; the time limit and the end of the session wait this long.
 */
export const LEAST_STOP_TIMEOUT_MS = 5_000;

const MAX_DESCRIPTION_LENGTH = 256;

/**
 * Exit codes that count as clean, so that CollectMode=inactive unloads the unit: all but systemd's own (systemd.exec(5),
 * "Process Exit Codes"). No signals: the set also judges the hook, and where that was killed the unit has to stay.
 */
const CLEAN_EXIT_CODES: readonly number[] = Array.from({ length: 256 }, (_, code) => code).filter((code) => code < 200 || code > 243);

const UINT32_MAX = 2 ** 32 - 1;

/** The ends that systemd could take for clean, except exit code 0: codes and signals (systemd.service(5), SuccessExitStatus=). */
const FAILURES = [
	Array.from({ length: 255 }, (_, index) => index + 1),
	["SIGHUP", "SIGINT", "SIGTERM", "SIGPIPE"].map((name) => signalNumber(name)),
];

/** The handle of a run before its start. @throws ChoreError as `readNative` */
export function planUnit(run: RunSpec, platform: string = USER.name): Handle {
	const { unit } = readNative(run, platform);
	const { signal, graceMs, hangUp } = run.stopping;
	return {
		platform,
		version: HANDLE_VERSION,
		data: {
			unit: unit ?? unitName(`chore-${run.label}`),
			jobId: run.jobId,
			run: run.run,
			runFolder: run.runFolder,
			signal,
			graceMs,
			hangUp: hangUp ? 1 : 0,
		},
	};
}

/** Reads a handle. @throws ChoreError PLATFORM_FAILED for one of another version or form */
export function readHandle(handle: Handle, platform: string = USER.name): PlannedUnit {
	const { unit, jobId, run, runFolder, signal, graceMs, hangUp } = handle.data;
	if (
		handle.platform === platform &&
		handle.version === HANDLE_VERSION &&
		typeof unit === "string" &&
		typeof jobId === "string" &&
		typeof run === "number" &&
		typeof runFolder === "string" &&
		typeof signal === "string" &&
		typeof graceMs === "number"
	) {
		return { unit, jobId, run, runFolder, stopping: { signal: signal as NodeJS.Signals, graceMs, hangUp: hangUp === 1 } };
	}
	throw new ChoreError(
		"PLATFORM_FAILED",
		`the job's record has a handle of ${handle.platform}, version ${handle.version}, which is unknown here`,
		{
			hint: "it was written by another version of chore; use that one",
		},
	);
}

/**
 * The end of a unit's description, by which chore knows the unit of a run. It is known before the start, is part of every
 * listing, and outlives daemon-reload and daemon-reexec.
 */
export function unitToken(planned: Pick<PlannedUnit, "jobId" | "run">): string {
	return ` [chore ${planned.jobId}/${planned.run}]`;
}

/** Whether chore started the unit with this description, for any run. */
export function hasAnyToken(description: string): boolean {
	return / \[chore [^ \]]+\/[0-9]+\]$/.test(description);
}

/** The id of the job in the description of a unit; undefined if chore did not start it. */
export function jobInToken(description: string): string | undefined {
	return / \[chore ([^ \]/]+)\/[0-9]+\]$/.exec(description)?.[1];
}

/** Where and for whom the unit is made. */
export interface Installation {
	readonly hookPath: string;
	/** Whether the manager runs as root. */
	readonly isPrivileged: boolean;
	/** The slice of the process that starts the run; undefined unless the unit is to inherit it. */
	readonly callersSlice?: string | undefined;
	/** What the run inherits from the process that starts it (caller.ts), unless it is asked for otherwise. */
	readonly inherited?: readonly Property[] | undefined;
}

/** The properties of the unit, for StartTransientUnit. @throws ChoreError INVALID_ARGUMENT for what is impossible */
export function unitProperties(run: RunSpec, installation: Installation): readonly Property[] {
	const { limits, stopping } = run;
	const asked = readNative(run);
	const properties: Property[] = [
		text("Description", unitDescription(run)),
		text("Type", "exec"),
		// The manager unloads the unit after a clean end, and keeps a failed one so that `inspect` can read its end.
		text("CollectMode", "inactive"),
		{ name: "SuccessExitStatus", signature: "(aiai)", value: [CLEAN_EXIT_CODES, []] },
		command("ExecStart", ["/usr/bin/env", "-i", "/bin/sh"], [run.start, run.runFolder, ...asked.limits]),
		command("ExecStopPost", ["/bin/sh"], [installation.hookPath, run.runFolder]),
		// A directory that always exists: without it systemd would run neither the program nor the hook.
		text("WorkingDirectory", "/"),
		flag("IgnoreSIGPIPE", false),
		text("KillMode", "control-group"),
		integer("KillSignal", stopSignal(stopping)),
		flag("SendSIGHUP", stopping.hangUp),
		microseconds("TimeoutStopUSec", Math.max(stopping.graceMs, LEAST_STOP_TIMEOUT_MS)),
		...restartProperties(run),
	];
	if (limits.timeoutMs !== null) properties.push(microseconds("RuntimeMaxUSec", limits.timeoutMs));
	if (limits.memoryBytes !== null) {
		// Without MemorySwapMax the job could go on in swap beyond the limit.
		properties.push(count("MemoryMax", limits.memoryBytes), count("MemorySwapMax", 0));
	}
	if (limits.cpus !== null) properties.push(count("CPUQuotaPerSecUSec", limits.cpus * 1_000_000));
	properties.push(...likeTheCaller(run, asked.properties, installation.inherited ?? []));
	const slice = sliceWithin(installation.callersSlice, asked.slice);
	if (slice !== undefined) properties.push(text("Slice", slice));
	const sandbox = sandboxProperties(asked.properties, { ...installation, jobFolder: run.jobFolder });
	return [...properties, ...asked.properties, ...sandbox];
}

/** The properties of a unit that are there for nobody's wish: a manager that does not know one starts the unit without it. */
export function unaskedNames(run: RunSpec, inherited: readonly Property[]): readonly string[] {
	const asked = readNative(run).properties;
	return ["OOMPolicy", ...inherited.map(({ name }) => name)].filter((name) => !asked.some((property) => property.name === name));
}

/**
 * The properties by which a job is as free as one that the caller's shell would start. The manager has a limit of tasks for
 * each unit of its own, and ends a unit as a whole when the kernel kills one of its processes for want of memory.
 */
function likeTheCaller({ limits, native }: RunSpec, asked: readonly Property[], inherited: readonly Property[]): readonly Property[] {
	const isAsked = (pattern: RegExp) => asked.some(({ name }) => pattern.test(name));
	const given: readonly Property[] = [
		count("TasksMax", limits.tasks ?? INFINITY),
		// With a limit of memory the whole job ends at it, as the manager has it.
		...(limits.memoryBytes !== null || isAsked(/^MemoryMax/) ? [] : [text("OOMPolicy", "continue")]),
		...inherited,
	];
	const replaced = [
		...(isAsked(/^CPUScheduling/) ? ["CPUSchedulingPolicy"] : []),
		// A unit that may have none of the caller's processors would not start.
		...(native["slice"] !== undefined || native["sliceInherit"] !== undefined || isAsked(/^AllowedCPUs$/) ? ["CPUAffinity"] : []),
		...asked.map(({ name }) => name),
	];
	return given.filter(({ name }) => !replaced.includes(name));
}

/**
 * The properties for restarts. The condition limits the number of attempts (restarts.ts); the manager's own limit is a
 * second bound, in case the hook, which counts, is killed each time.
 */
function restartProperties({ restart: { policy, delayMs, max }, runFolder }: RunSpec): readonly Property[] {
	if (policy === "no") return [];
	// chore also restarts after codes and signals that systemd counts as clean.
	const failures: readonly Property[] = [{ name: "RestartForceExitStatus", signature: "(aiai)", value: FAILURES }];
	return [
		text("Restart", policy),
		...(policy === "on-failure" ? failures : []),
		count("RestartUSec", delayMs * 1000),
		{ name: "Conditions", signature: "a(sbbs)", value: [["ConditionFileNotEmpty", false, false, writable(restartsFile(runFolder))]] },
		count("StartLimitIntervalUSec", max === null ? 0n : INFINITY),
		{ name: "StartLimitBurst", signature: "u", value: Math.min((max ?? 0) + 1, UINT32_MAX) },
	];
}

/** Checks a path that systemd writes into the unit's file. @throws ChoreError INVALID_ARGUMENT for one with control characters */
function writable(path: string): string {
	if (!/\p{Cc}/u.test(path)) return path;
	throw new ChoreError(
		"INVALID_ARGUMENT",
		`systemd cannot restart a job whose folder has a control character in its path: ${printable(path)}`,
		{
			hint: "choose another state folder: CHORE_HOME",
		},
	);
}

function unitDescription(run: RunSpec): string {
	// By code points, after a conversion that removes lone surrogates: half a character would not be valid UTF-8.
	const human = [...printable(Buffer.from(run.description).toString())].slice(0, MAX_DESCRIPTION_LENGTH).join("").trim();
	return `${human || "chore job"}${unitToken(run)}`;
}

/** systemd reads a time of 0 as "never". */
function microseconds(name: string, milliseconds: number): Property {
	return count(name, Math.max(1, milliseconds * 1000));
}

/** An Exec property that runs a script. @param words paths and chore's own words; never the user's text */
function command(name: string, shell: readonly [string, ...string[]], words: readonly string[]): Property {
	const safe = words.every(isSafe) ? words : ["-c", `exec /bin/sh ${words.map(spelt).join(" ")}`];
	return { name, signature: "a(sasb)", value: [[shell[0], [...shell, ...safe], false]] };
}

/** Whether systemd passes a word on unchanged. It expands `$`, and 252 misreads `$` and `;` after a daemon-reload. */
function isSafe(path: string): boolean {
	return !/[$;]/.test(path);
}

/** The word as shell text without `$` and `;`: printf(1) prints it, and would take a dash at its beginning for an option. */
function spelt(word: string): string {
	const octal = (character: string) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`;
	return `"\`printf '${word.replace(/^-|[^A-Za-z0-9/._\u0080-\u{10ffff}-]/gu, octal)}'\`"`;
}

/** The number of the stop signal; SIGKILL when there is no grace. */
function stopSignal({ signal, graceMs }: Stopping): number {
	const number = signalNumber(graceMs > 0 ? signal : "SIGKILL");
	if (number === undefined) throw new ChoreError("INVALID_ARGUMENT", `there is no signal ${printable(signal)}`);
	return number;
}
