/**
 * What is on disk of a job: records that are written whole and never changed, and the small files by which a run
 * tells of itself. `cat` is enough to read them.
 */
import { closeSync, existsSync, fstatSync, openSync } from "node:fs";
import type { Handle, Limits, NativeOptions, RestartPolicy, Stopping } from "../../../platform/contract.ts";
import { ChoreError, isChoreError } from "../../../platform/errors.ts";
import { type ExitRecord, parseExitRecord } from "../../../platform/exit-record.ts";
import { READ_FILE, readSettled } from "../../../platform/settled-read.ts";
import { hasEnded, type Job, type OutputMode } from "../job.ts";
import { isAbsence, notRegular, readLink, readNames, readText, refuse } from "./files.ts";
import { type Fields, fromFormat1 } from "./format-1.ts";
import type { Place } from "./place.ts";
import { isName, jobFolder, runFolder, type Session } from "./session.ts";

/**
 * The versions of the two records that this chore writes, and the highest that it reads. Each record has a version of its
 * own: when this chore starts a job of an older chore again, the older one can still read the new run.
 */
const JOB_FORMAT = 2;
const RUN_FORMAT = 1;

/** The latest moment that a Date can hold. */
export const LATEST_MS = 8.64e15;

/** Bytes laid out for `started`. */
export const STARTED_BYTES = 64;

/** Bytes laid out for `reader`: the pid of the main process whose input is open. */
export const READER_BYTES = 16;

/** `job.json`: what to run. Never rewritten. */
export interface JobRecord {
	readonly format: 2;
	readonly id: string;
	readonly name: string;
	readonly createdAtMs: number;
	readonly command: readonly string[];
	/** The absolute path of the program that the command names. */
	readonly program: string;
	readonly directory: string;
	readonly description: string | null;
	/** Absent in the records of before there were tags. */
	readonly tag?: string | null;
	readonly output: OutputMode;
	readonly stdin: "null" | "fifo" | { readonly file: string };
	readonly limits: Limits;
	readonly restart: RestartPolicy;
	readonly stopping: Stopping;
	/** As the user gave them: the platform reads them again at each start. */
	readonly native: NativeOptions;
}

/** `runs/<k>/run.json`: one start of the job, written before the platform is asked to make it true. */
export interface RunRecord {
	readonly format: 1;
	readonly run: number;
	readonly createdAtMs: number;
	readonly createdUptimeSeconds: number;
	/** Only from there can it be asked after and signalled. */
	readonly place: Place;
	readonly handle: Handle;
}

/** A run with the job that it is a start of. */
export interface StoredRun {
	readonly job: JobRecord;
	readonly run: RunRecord;
	readonly folder: string;
}

/** A job whose files cannot be understood: shown, never deleted by chore on its own, in nobody's way. */
export interface Unreadable {
	readonly id: string;
	readonly file: string;
	readonly why: string;
	/** Written by a later version: that one reads it. */
	readonly newer: boolean;
}

/** `stop`: the request, made before anything is signalled. */
export interface StopMark {
	readonly at: string;
	readonly uptimeSeconds: number;
	readonly by: string;
	readonly graceMs: number;
}

/** `started`: the first act of the start script. */
interface Started {
	/** The job's main process. */
	readonly pid: number;
	readonly uptimeSeconds: number | null;
	readonly atMs: number;
}

/** What the small files of a run say at this moment. */
export interface Evidence {
	readonly exit: ExitRecord | "blank" | "corrupt" | "newer";
	readonly exitAtMs: number;
	readonly started: Started | null;
	readonly stop: StopMark | null;
}

/** Reads a job's record and its latest run. @returns undefined for a job that is not there (any more) */
export function readStoredRun(session: Session, id: string, wantedRun?: number): StoredRun | Unreadable | undefined {
	const path = `${jobFolder(session, id)}/job.json`;
	const job = readRecord<JobRecord>(id, path, JOB_FORMAT, (value) => {
		const record = value["format"] === 1 ? fromFormat1(value) : value;
		return record["id"] === id && isJobRecord(record) ? record : undefined;
	});
	if (job === undefined) return existsSync(jobFolder(session, id)) ? { id, file: path, why: "it is missing", newer: false } : undefined;
	if ("why" in job) return job;
	const number = wantedRun ?? latestRun(session, id);
	const folder = runFolder(session, id, number);
	const run = readRecord<RunRecord>(id, `${folder}/run.json`, RUN_FORMAT, (value) =>
		value["run"] === number && isRunRecord(value) ? value : undefined,
	);
	// The job may have been removed between the one look and the other.
	if (run === undefined)
		return existsSync(jobFolder(session, id)) ? { id, file: `${folder}/run.json`, why: "it is missing", newer: false } : undefined;
	return "why" in run ? run : { job, run, folder };
}

export function isUnreadable(value: object): value is Unreadable {
	return "why" in value;
}

/** The highest number under `runs`; 1 for a job that has none yet, or none that can be seen. */
export function latestRun(session: Session, id: string): number {
	return latestRunIn(jobFolder(session, id));
}

/** The same of a job's folder, wherever it is. */
export function latestRunIn(folder: string): number {
	const names = unlessUnreadable(() => readNames(`${folder}/runs`)) ?? [];
	const top = Math.max(1, ...names.map((name) => (/^[1-9][0-9]*$/.test(name) ? Number(name) : 1)));
	// Whoever forgets a job takes the place of the run that would be next: that one is none.
	return top > 1 && unlessUnreadable(() => readLink(`${folder}/runs/${top}`)) !== undefined ? top - 1 : top;
}

/**
 * The snapshot that settling left of a run, or undefined while there is none (or none that this version can read).
 * Where it is now is where it was found: state folders are moved, restored and mounted elsewhere.
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
		return { ...job, tag: job.tag ?? null, session: session.name, output: { ...job.output, paths: outputPaths(folder, job.output.mode) } };
	} catch {
		return undefined; // settled again from the record, which is the truth
	}
}

/** The files of a run that hold its output: one, two, or none. */
export function outputPaths(folder: string, mode: OutputMode): readonly string[] {
	if (mode === "merged") return [`${folder}/output`];
	return mode === "split" ? [`${folder}/stdout`, `${folder}/stderr`] : [];
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

/** Whether the main process of the attempt that is under way has opened its input. */
export function hasOpenedInput(folder: string): boolean {
	const pid = Number.parseInt(unlessUnreadable(() => readText(`${folder}/reader`)) ?? "", 10);
	return pid > 0 && readStarted(folder)?.pid === pid;
}

function readStarted(folder: string): Started | null {
	const found = unlessUnreadable(() => readStamped(`${folder}/started`));
	const fields = found && /^([0-9]+) ?([0-9]+(?:\.[0-9]+)?)?\n/.exec(found.text);
	if (!fields) return null;
	return { pid: Number(fields[1]), uptimeSeconds: fields[2] ? Number(fields[2]) : null, atMs: found.modifiedAtMs };
}

function readStop(folder: string): StopMark | null {
	try {
		const text = readText(`${folder}/stop`);
		if (text === undefined) return null;
		const mark: unknown = JSON.parse(text);
		if (typeof mark === "object" && mark !== null && "uptimeSeconds" in mark) return mark as StopMark;
	} catch {}
	// The mark counts by being there; a full disk may have left it empty.
	return { at: "", uptimeSeconds: 0, by: "", graceMs: 0 };
}

/** Whether all is there that would be in the way if it were not. What a later version adds is nobody's business here. */
function isJobRecord(value: Fields): value is Fields & JobRecord {
	const { name, createdAtMs, command, program, directory, output, limits, restart, stopping, native } = value;
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
		Object.values(native).every((words) => [words].flat().every((word) => typeof word === "string"))
	);
}

function isRunRecord(value: Fields): value is Fields & RunRecord {
	const { createdAtMs, createdUptimeSeconds, place, handle } = value;
	return (
		isTime(createdAtMs) &&
		Number.isFinite(createdUptimeSeconds) &&
		isObject(place) &&
		isObject(handle) &&
		isWord(handle["platform"]) &&
		isObject(handle["data"])
	);
}

/** Of what is on disk, these go into messages and paths as they are. */
function isWord(value: unknown): value is string {
	return typeof value === "string" && isName(value);
}

function isObject(value: unknown): value is Fields {
	return typeof value === "object" && value !== null;
}

function isTime(value: unknown): boolean {
	return typeof value === "number" && value >= 0 && value <= LATEST_MS;
}

/** @param parse checks the fields and returns them as a record, or undefined */
function readRecord<T>(id: string, path: string, newest: number, parse: (value: Fields) => T | undefined): T | Unreadable | undefined {
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

/** Content and time of last change in one look, so that they belong together. */
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

/** One file that cannot be read is that job's trouble, not that of all the others. */
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
