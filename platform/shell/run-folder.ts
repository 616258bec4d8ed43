/** The files of one run, as the shim, the core and the platform share them; and the handle, which says where they are. */
import { closeSync, openSync, statSync } from "node:fs";
import { basename } from "node:path";
import type { Handle, RunSpec } from "../contract.ts";
import { ChoreError, errnoOf } from "../errors.ts";
import { type ExitRecord, parseExitRecord } from "../exit-record.ts";
import type { MarkedRun } from "../run-mark.ts";
import { readSettled } from "../settled-read.ts";

/** Where a run is, and by what its processes are known. */
export interface Run extends MarkedRun {
	readonly jobFolder: string;
	readonly runFolder: string;
}

const HANDLE_VERSION = 1;

/** The handle of a run, known before anything of it exists. */
export function handleOf(platform: string, run: RunSpec): Handle {
	const { jobId, jobFolder, runFolder } = run;
	return { platform, version: HANDLE_VERSION, data: { jobId, jobFolder, runFolder } };
}

/** @throws ChoreError JOB_UNREADABLE when the handle is of a later version, or none of this platform's */
export function runOf(handle: Handle): Run {
	const { jobId, jobFolder, runFolder } = handle.data;
	if (handle.version !== HANDLE_VERSION || typeof jobId !== "string" || typeof jobFolder !== "string" || typeof runFolder !== "string") {
		throw new ChoreError("JOB_UNREADABLE", `the ${handle.platform} platform cannot read a handle of version ${handle.version}`, {
			hint: "a newer chore started this job: use that one",
		});
	}
	return { jobId, run: Number(basename(runFolder)), jobFolder, runFolder };
}

/** The shim's pid, which is also its process group; undefined until it can be signalled. */
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

/** Whether the run has come to its shim, as its files tell: it may be over by now. */
export function hasBegun(run: Run): boolean {
	return shimPid(run) !== undefined || exitRecord(run) !== "blank";
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
	const [, begun = 1, next = begun] = (contentOf(pidFile(run))?.split("\n", 1)[0] ?? "").trim().split(" ").map(Number);
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

/** The number in front of a small file; undefined for one that is no pid. */
export function firstNumber(path: string): number | undefined {
	const number = Number.parseInt(contentOf(path) ?? "", 10);
	return number > 1 ? number : undefined;
}

/** The beginning of a small file. These few calls are most of what a look at a run costs. */
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
		return readSettled(descriptor);
	} finally {
		closeSync(descriptor);
	}
}
