/** The files of one run, as the shim, the core and this platform share them; and the handle, which says where they are. */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import type { Handle, RunSpec } from "../contract.ts";
import { ChoreError, errnoOf } from "../errors.ts";
import { EXIT_RECORD_BYTES, type ExitRecord, parseExitRecord } from "../exit-record.ts";

/** Where a run is, and by what its processes are known. */
export interface Run {
	readonly jobId: string;
	readonly jobFolder: string;
	readonly runFolder: string;
}

const HANDLE_VERSION = 1;

const buffer = Buffer.alloc(EXIT_RECORD_BYTES);

/** The handle of a run, known before anything of it exists. */
export function handleOf(run: RunSpec): Handle {
	const { jobId, jobFolder, runFolder } = run;
	return { platform: "posix", version: HANDLE_VERSION, data: { jobId, jobFolder, runFolder } };
}

/** @throws ChoreError JOB_UNREADABLE when the handle is of a later version, or none of this platform's */
export function runOf(handle: Handle): Run {
	const { jobId, jobFolder, runFolder } = handle.data;
	if (handle.version !== HANDLE_VERSION || typeof jobId !== "string" || typeof jobFolder !== "string" || typeof runFolder !== "string") {
		throw new ChoreError("JOB_UNREADABLE", `the posix platform cannot read a handle of version ${handle.version}`, {
			hint: "a newer chore started this job: use that one",
		});
	}
	return { jobId, jobFolder, runFolder };
}

/** The shim's pid, which is also its process group and session; undefined until it can be signalled. */
export function shimPid(run: Run): number | undefined {
	return firstNumber(pidFile(run));
}

/** The pid of the main process; undefined until the start script has begun. Worth nothing once the run is over. */
export function mainPid(run: Run): number | undefined {
	return firstNumber(`${run.runFolder}/started`);
}

/** The main process that was held, where that is noted; worth nothing once there is another. */
export function heldPid(run: Run): number | undefined {
	return firstNumber(heldFile(run));
}

/** Where it is noted. */
export function heldFile(run: Run): string {
	return `${run.runFolder}/held`;
}

/** The exit record, or why there is none. */
export function exitRecord(run: Run): ExitRecord | "blank" | "corrupt" | "newer" | "missing" {
	const text = contentOf(`${run.runFolder}/exit`);
	return text === undefined ? "missing" : parseExitRecord(text);
}

/**
 * How far a run has come, as its files tell: the attempt begun last has no record yet, or it has one and another is to
 * come, or there will be none. That its shim lives is not said with it.
 */
export type Stage = "running" | "waiting" | "over";

/** The stage of a run. Asks for its record first, and only if there is one for what the shim means to do. */
export function stageOf(run: Run): Stage {
	const record = exitRecord(run);
	if (record === "blank") return "running";
	if (typeof record === "string") return "over";
	const [line = ""] = (contentOf(pidFile(run)) ?? "").split("\n", 1);
	const [, begun = 1, next = begun] = line.trim().split(" ").map(Number);
	if (begun > record.attempt) return "running";
	return next > record.attempt ? "waiting" : "over";
}

/** Whether somebody asked for the run to be stopped. */
export function isStopRequested(run: Run): boolean {
	return statSync(`${run.runFolder}/stop`, { throwIfNoEntry: false }) !== undefined;
}

function pidFile(run: Run): string {
	return `${run.runFolder}/pid`;
}

function firstNumber(path: string): number | undefined {
	const number = Number.parseInt(contentOf(path) ?? "", 10);
	return number > 1 ? number : undefined;
}

/** The beginning of a small file. Three calls and one buffer for all: this is most of what a look at a run costs. */
function contentOf(path: string): string | undefined {
	let descriptor: number;
	try {
		descriptor = openSync(path, "r");
	} catch (error) {
		const errno = errnoOf(error);
		if (errno === "ENOENT" || errno === "ENOTDIR") return undefined;
		throw error;
	}
	try {
		return buffer.toString("latin1", 0, readSync(descriptor, buffer, 0, buffer.length, 0));
	} finally {
		closeSync(descriptor);
	}
}
