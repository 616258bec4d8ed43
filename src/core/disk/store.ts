/** Reads the files of a job: its two records, which are written whole and never changed, and the small files of each run. */
import { closeSync, existsSync, fstatSync, openSync } from "node:fs";
import type { Handle, Limits, NativeOptions, RestartPolicy, Stopping } from "../../../platform/contract.ts";
import { ChoreError, isChoreError } from "../../../platform/errors.ts";
import { type ExitRecord, parseExitRecord } from "../../../platform/exit-record.ts";
import { READ_FILE, readSettled } from "../../../platform/settled-read.ts";
import { hasEnded, type Job, type JobOrigin, type JobRequest, type OutputMode, shortId } from "../job.ts";
import { isAbsence, notRegular, readLink, readNames, readText, refuse } from "./files.ts";
import { type Fields, fromFormat1 } from "./format-1.ts";
import type { Place } from "./place.ts";
import { entryAt } from "./private-folder.ts";
import { changedSettings, isName, jobFolder, runFolder, type Session, templateFolder } from "./session.ts";

/**
 * The versions of the two records that this chore writes, and the highest that it reads. Each record has its own, so that
 * an older chore can read the run when this chore starts one of its jobs again.
 */
const JOB_FORMAT = 3;
const RUN_FORMAT = 1;

/** The latest moment that a Date can hold. */
export const LATEST_MS = 8.64e15;

/** The size of `started`, which is allocated before the start. */
export const STARTED_BYTES = 64;

/** The second line of `started` if the program could not be executed. */
export const NOT_EXECUTED = "not executed";

/** The size of `reader`, allocated likewise. It holds the pid of the main process whose input is open. */
export const READER_BYTES = 16;

/**
 * `job.json`: what to run. Once the settings of the job are changed, `job.json` says only that (ChangedRecord), and each settings
 * have a record of this form, `settings/<number>/job.json`. The highest number is that of the next run. A record is never changed.
 */
export interface JobRecord {
	readonly format: 2;
	readonly id: string;
	readonly name: string;
	/** The number of these settings; absent for 1. */
	readonly settings?: number;
	readonly createdAtMs: number;
	readonly command: readonly string[];
	/** The absolute path of the program that the command names. */
	readonly program: string;
	readonly directory: string;
	readonly description: string | null;
	/** Absent in records of versions without tags. */
	readonly tag?: string | null;
	/** Absent unless an API was asked for the job. */
	readonly origin?: JobOrigin;
	readonly output: OutputMode;
	/** Whether the output passes a pipe; absent for no. */
	readonly relay?: boolean;
	readonly stdin: "null" | "fifo" | { readonly file: string };
	readonly limits: Limits;
	readonly restart: RestartPolicy;
	readonly stopping: Stopping;
	/** As the user gave them: the platform reads them again at each start. */
	readonly native: NativeOptions;
	/** Of an HTTP job. */
	readonly request?: Omit<JobRequest, "response">;
}

/** `job.json` of a job whose settings were changed. */
export interface ChangedRecord {
	readonly format: 3;
	readonly id: string;
	readonly name: string;
}

/** `runs/<k>/run.json`: one start of the job. Written before the platform is asked to start it. */
export interface RunRecord {
	readonly format: 1;
	readonly run: number;
	/** The number of its settings; absent for 1. */
	readonly settings?: number;
	readonly createdAtMs: number;
	readonly createdUptimeSeconds: number;
	/** Only a process in this place can inspect or signal the run. */
	readonly place: Place;
	readonly handle: Handle;
}

/** A run with its job. */
export interface StoredRun {
	/** With the settings of this run. */
	readonly job: JobRecord;
	/** With those of the next run, if they were changed since. */
	readonly next?: JobRecord;
	readonly run: RunRecord;
	readonly folder: string;
}

/** A job whose files cannot be read. It is listed, does not disturb other jobs, and is deleted only on request. */
export interface Unreadable {
	readonly id: string;
	readonly file: string;
	readonly why: string;
	/** True if a later version of chore wrote the file. */
	readonly newer: boolean;
}

/** `stop`: the request to stop a run, written before anything is signalled. */
export interface StopMark {
	readonly at: string;
	readonly uptimeSeconds: number;
	readonly by: string;
	readonly graceMs: number;
}

/** `started`: written by the start script before all else. */
interface Started {
	/** The job's main process. */
	readonly pid: number;
	readonly uptimeSeconds: number | null;
	readonly atMs: number;
	/** True if the program could not be executed, or its input or output not be opened. Not all shells tell. */
	readonly isNotExecuted: boolean;
}

/** The content of the small files of a run. */
export interface Evidence {
	readonly exit: ExitRecord | "blank" | "corrupt" | "newer";
	readonly exitAtMs: number;
	readonly started: Started | null;
	readonly stop: StopMark | null;
}

/**
 * Reads a job's record and its latest run, or the run of that number. A job that its schedule has not run yet has the run 0: the
 * template of the next one, with a handle in which only what is the same for all runs means anything.
 *
 * @returns undefined if there is no such job
 */
export function readStoredRun(session: Session, id: string, wantedRun?: number): StoredRun | Unreadable | undefined {
	const path = `${jobFolder(session, id)}/job.json`;
	const job = readRecord<JobRecord | ChangedRecord>(id, path, JOB_FORMAT, (value) =>
		isChanged(value) ? (value.id === id ? value : undefined) : parseJob(id, value),
	);
	if (job === undefined) return existsSync(jobFolder(session, id)) ? { id, file: path, why: "it is missing", newer: false } : undefined;
	if ("why" in job) return job;
	const number = wantedRun ?? latestRun(session, id);
	const folder = runFolder(session, id, number);
	const latest = isChanged(job) ? latestSettings(session, id) : 1;
	const file = number === 0 ? `${templateFolder(session, id, latest)}/template/run.json` : `${folder}/run.json`;
	const run = readRecord<RunRecord>(id, file, RUN_FORMAT, (value) =>
		(number === 0 || value["run"] === number) && isRunRecord(value) ? value : undefined,
	);
	// The job may have been removed after its record was read.
	if (run === undefined) return existsSync(jobFolder(session, id)) ? { id, file, why: "it is missing", newer: false } : undefined;
	if ("why" in run) return run;
	const found = number === 0 ? { ...run, run: 0 } : run;
	if (!isChanged(job)) return { job, run: found, folder };
	const own = readSettings(session, id, run.settings ?? 1);
	if ("why" in own || latest === (run.settings ?? 1)) return "why" in own ? own : { job: own, run: found, folder };
	const next = readSettings(session, id, latest);
	return "why" in next ? next : { job: own, next, run: found, folder };
}

function isChanged(record: Fields | JobRecord | ChangedRecord): record is ChangedRecord {
	return record["format"] === 3;
}

/** The settings of the next run of a job whose settings were changed: the highest number of those that are there. */
export function latestSettings(session: Session, id: string): number {
	return Math.max(1, ...settingsNumbers(session, id));
}

export function settingsNumbers(session: Session, id: string): readonly number[] {
	return numbersIn(changedSettings(session, id));
}

/** The records of all settings of a job that are there. */
export function earlierSettings(session: Session, id: string): readonly (JobRecord | Unreadable)[] {
	const changed = settingsNumbers(session, id).map((settings) => readSettings(session, id, settings));
	const first = changed.length === 0 ? readStoredRun(session, id) : undefined;
	return first === undefined ? changed : [isUnreadable(first) ? first : first.job];
}

function readSettings(session: Session, id: string, settings: number): JobRecord | Unreadable {
	const file = `${changedSettings(session, id)}/${settings}/job.json`;
	const record = readRecord<JobRecord>(id, file, JOB_FORMAT - 1, (value) => parseJob(id, value));
	return record ?? { id, file, why: "it is missing", newer: false };
}

function parseJob(id: string, value: Fields): JobRecord | undefined {
	const record = value["format"] === 1 ? fromFormat1(value) : value;
	return record["id"] === id && isJobRecord(record) ? record : undefined;
}

export function isUnreadable(value: object): value is Unreadable {
	return "why" in value;
}

/** The highest number under `runs`. If there is none: 0 for a job with a schedule, else 1; also if the folder cannot be read. */
export function latestRun(session: Session, id: string): number {
	return latestRunIn(jobFolder(session, id));
}

/** As `latestRun`, for a job's folder that may be outside of the session's jobs. */
export function latestRunIn(folder: string): number {
	const top = runNumbersIn(folder).at(-1) ?? 0;
	// A link is no run: a process that removes the job makes it in the place of the next run, so that none can be started.
	const last = unlessUnreadable(() => readLink(`${folder}/runs/${top}`)) === undefined ? top : top - 1;
	return last > 0 || !existsSync(`${folder}/schedule`) ? Math.max(1, last) : 0;
}

/** The numbers of the runs that are there, ascending: a schedule keeps the latest only. None if they cannot be read. */
export function runNumbersIn(folder: string): readonly number[] {
	return numbersIn(`${folder}/runs`);
}

function numbersIn(folder: string): readonly number[] {
	const names = unlessUnreadable(() => readNames(folder)) ?? [];
	return names
		.filter((name) => /^[1-9][0-9]{0,14}$/.test(name))
		.map(Number)
		.sort((one, other) => one - other);
}

/** The bytes of the output of the runs up to this one, in a job's folder that may be outside of the session's jobs. */
export function outputBytesIn(folder: string, run: number): number {
	let bytes = 0;
	for (const number of runNumbersIn(folder)) {
		if (number > run) break;
		const size = (name: string): number | undefined => entryAt(`${folder}/runs/${number}/${name}`)?.size;
		bytes += size("output") ?? (size("stdout") ?? 0) + (size("stderr") ?? 0);
	}
	return bytes;
}

/**
 * The snapshot that settling wrote for a run; undefined if there is none that this version can read. The session and the
 * paths of the output are those of today: the state folder may have been moved since.
 */
export function readEnd(session: Session, id: string, run: number): Job | undefined {
	const folder = runFolder(session, id, run);
	const text = unlessUnreadable(() => readText(`${folder}/end.json`));
	if (text === undefined) return undefined;
	try {
		const job = JSON.parse(text) as Job;
		if (job.schema !== 1 || job.id !== id || job.run !== run || !hasEnded(job)) return undefined;
		if (!isWord(job.name) || !isWord(job.platform)) return undefined;
		if (typeof job.createdAt !== "string" || !Array.isArray(job.command) || !isObject(job.output)) return undefined;
		return {
			...job,
			// Absent in ends that earlier versions wrote.
			...{ tag: job.tag ?? null, origin: job.origin ?? null, leftBehind: job.leftBehind ?? null, request: job.request ?? null },
			...{ nextRun: null, schedule: null },
			session: session.name,
			output: { ...job.output, relay: job.output.relay ?? false, paths: outputPaths(folder, job.output.mode) },
		};
	} catch {
		return undefined; // settled again from the record, which is the truth
	}
}

/** The files that hold the output of a run. */
export function outputPaths(folder: string, mode: OutputMode): readonly string[] {
	return outputNames(mode).map((name) => `${folder}/${name}`);
}

/** The names of these files. */
export function outputNames(mode: OutputMode): readonly string[] {
	if (mode === "merged") return ["output"];
	return mode === "split" ? ["stdout", "stderr"] : [];
}

export function readEvidence(folder: string): Evidence {
	const exit = unlessUnreadable(() => readStamped(`${folder}/exit`));
	return {
		exit: exit === undefined ? "corrupt" : parseExitRecord(exit.text),
		exitAtMs: exit?.modifiedAtMs ?? 0,
		started: readStarted(folder),
		stop: readStop(folder),
	};
}

/** Whether the main process of the present attempt has opened its input. */
export function hasOpenedInput(folder: string): boolean {
	const pid = Number.parseInt(unlessUnreadable(() => readText(`${folder}/reader`)) ?? "", 10);
	return pid > 0 && readStarted(folder)?.pid === pid;
}

function readStarted(folder: string): Started | null {
	const found = unlessUnreadable(() => readStamped(`${folder}/started`));
	const fields = found && /^([0-9]+) ?([0-9]+(?:\.[0-9]+)?)?\n(.*)/.exec(found.text);
	if (!fields) return null;
	const [, pid, up, second] = fields;
	return { pid: Number(pid), uptimeSeconds: up ? Number(up) : null, atMs: found.modifiedAtMs, isNotExecuted: second === NOT_EXECUTED };
}

function readStop(folder: string): StopMark | null {
	try {
		const text = readText(`${folder}/stop`);
		if (text === undefined) return null;
		const mark: unknown = JSON.parse(text);
		if (typeof mark === "object" && mark !== null && "uptimeSeconds" in mark) return mark as StopMark;
	} catch {}
	// The existence of the mark counts: a full disk may have left it empty.
	return { at: "", uptimeSeconds: 0, by: "", graceMs: 0 };
}

/** Whether all fields that the code relies on are there. Unknown fields, which a later version may add, are allowed. */
function isJobRecord(value: Fields): value is Fields & JobRecord {
	const { name, createdAtMs, command, program, directory, output, limits, restart, stopping, native, request, origin } = value;
	return (
		isWord(name) &&
		[program, directory].every((text) => typeof text === "string") &&
		isTime(createdAtMs) &&
		Array.isArray(command) &&
		command.every((word) => typeof word === "string") &&
		["merged", "split", "null"].includes(String(output)) &&
		isObject(limits) &&
		isObject(restart) &&
		isObject(stopping) &&
		isObject(native) &&
		Object.values(native).every((words) => [words].flat().every((word) => typeof word === "string")) &&
		(request === undefined || (isObject(request) && isRequest(request))) &&
		(origin === undefined || (isObject(origin) && typeof origin["client"] === "string"))
	);
}

function isRequest({ method, url, headers, expect, retries }: Fields): boolean {
	const words = [headers, expect].flatMap((list) => (Array.isArray(list) ? list : [undefined]));
	return [method, url, ...words].every((word) => typeof word === "string") && typeof retries === "number";
}

function isRunRecord(value: Fields): value is Fields & RunRecord {
	const { settings = 1, createdAtMs, createdUptimeSeconds, place, handle } = value;
	return (
		Number.isSafeInteger(settings) &&
		isTime(createdAtMs) &&
		Number.isFinite(createdUptimeSeconds) &&
		isObject(place) &&
		isObject(handle) &&
		isWord(handle["platform"]) &&
		isObject(handle["data"])
	);
}

/** Whether a text from the disk can be used unchanged in messages and paths. */
export function isWord(value: unknown): value is string {
	return typeof value === "string" && isName(value);
}

export function isObject(value: unknown): value is Fields {
	return typeof value === "object" && value !== null;
}

function isTime(value: unknown): boolean {
	return typeof value === "number" && value >= 0 && value <= LATEST_MS;
}

/** @param parse checks the fields and returns them as a record, or undefined */
export function readRecord<T>(
	id: string,
	path: string,
	newest: number,
	parse: (value: Fields) => T | undefined,
): T | Unreadable | undefined {
	let text: string | undefined;
	try {
		text = readText(path);
	} catch (error) {
		if (!isChoreError(error)) throw error;
		return { id, file: path, why: error.message, newer: false };
	}
	if (text === undefined) return undefined;
	if (text.trim() === "") return { id, file: path, why: "it is empty", newer: false };
	try {
		const value: unknown = JSON.parse(text);
		if (isObject(value)) {
			const format = value["format"];
			if (typeof format === "number" && format > newest) {
				return { id, file: path, why: `a newer version of chore wrote it (format ${format})`, newer: true };
			}
			const record = typeof format === "number" && format >= 1 ? parse(value) : undefined;
			if (record !== undefined) return record;
		}
	} catch {}
	return { id, file: path, why: "it is damaged", newer: false };
}

/** Content and time of last change of the same open file. */
function readStamped(path: string): { readonly text: string; readonly modifiedAtMs: number } | undefined {
	let file: number;
	try {
		file = openSync(path, READ_FILE);
	} catch (error) {
		if (isAbsence(error)) return undefined;
		return refuse(path, error);
	}
	try {
		const text = readSettled(file);
		const found = fstatSync(file);
		return found.isFile() ? { text, modifiedAtMs: Math.floor(found.mtimeMs) } : refuse(path, notRegular());
	} catch (error) {
		return refuse(path, error);
	} finally {
		closeSync(file);
	}
}

/** The result, or undefined if the file cannot be read: one bad file must not make a command fail for all jobs. */
function unlessUnreadable<T>(read: () => T): T | undefined {
	try {
		return read();
	} catch (error) {
		if (isChoreError(error)) return undefined;
		throw error;
	}
}

/** @throws ChoreError JOB_UNREADABLE */
export function refuseUnreadable(job: Unreadable): never {
	throw new ChoreError("JOB_UNREADABLE", `cannot read job ${job.id}: ${job.file}: ${job.why}`, {
		hint: job.newer ? "use the version of chore that made it" : `\`chore rm -f ${job.id}\` forgets it`,
	});
}

/**
 * For a run that cannot be read. @param run its number, if it was asked for by that
 * @throws ChoreError JOB_UNREADABLE; INVALID_ARGUMENT for another number than that of the latest run
 */
export function refuseRun(session: Session, unreadable: Unreadable, run: number | undefined): never {
	const { id } = unreadable;
	const latest = latestRun(session, id);
	if (run === undefined || run === latest) return refuseUnreadable(unreadable);
	throw new ChoreError("INVALID_ARGUMENT", `job ${shortId(id)} has no run ${run} that can be read`, {
		hint: `its latest is run ${latest}`,
	});
}
