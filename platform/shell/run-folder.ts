/** Reads the files of one run that the shim, the core and the platform share, and makes the handle that says where they are. */
import { statSync } from "node:fs";
import { basename } from "node:path";
import type { Handle, RunSpec } from "../contract.ts";
import { ChoreError, errnoOf } from "../errors.ts";
import { type ExitRecord, parseExitRecord } from "../exit-record.ts";
import type { MarkedRun } from "../run-mark.ts";
import { readSettledAt } from "../settled-read.ts";

/** Where the files of a run are, and the mark of its processes. */
export interface Run extends MarkedRun {
	readonly jobFolder: string;
	readonly runFolder: string;
}

const HANDLE_VERSION = 1;

/** The handle of a run. Uses no I/O: called before anything of the run exists. */
export function handleOf(platform: string, run: RunSpec): Handle {
	const { jobId, jobFolder, runFolder } = run;
	return { platform, version: HANDLE_VERSION, data: { jobId, jobFolder, runFolder } };
}

/** Reads a handle. @throws ChoreError JOB_UNREADABLE when it is of another version or form */
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

/** The pid of the main process; undefined until the start script has begun. Once that process has ended, the pid may be another's. */
export function mainPid(run: Run): number | undefined {
	return firstNumber(`${run.runFolder}/started`);
}

/** The pid of the main process that `pause` stopped, if noted. Counts only while it is the main process. */
export function heldPid(run: Run): number | undefined {
	return firstNumber(heldFile(run));
}

/** The file of that note. */
export function heldFile(run: Run): string {
	return `${run.runFolder}/held`;
}

/** Whether the shim of the run has begun. It may have ended since. */
export function hasBegun(run: Run): boolean {
	return shimPid(run) !== undefined || exitRecord(run) !== "blank";
}

/** The exit record, or why there is none. */
export function exitRecord(run: Run): ExitRecord | "blank" | "corrupt" | "newer" | "missing" {
	const text = contentOf(`${run.runFolder}/exit`);
	return text === undefined ? "missing" : parseExitRecord(text);
}

/**
 * How far a run has come by its files: the last attempt has no record yet ("running"); it has one, and the shim will make
 * another attempt ("waiting") or not ("over"). Says nothing about whether the shim lives.
 */
export type Stage = "running" | "waiting" | "over";

/** The stage of a run. Reads the record before `pid`: the shim writes them in the opposite order. */
export function stageOf(run: Run): Stage {
	const record = exitRecord(run);
	if (record === "blank") return "running";
	if (typeof record === "string") return "over";
	const [, begun = 1, next = begun] = (contentOf(pidFile(run))?.split("\n", 1)[0] ?? "").trim().split(" ").map(Number);
	if (begun > record.attempt) return "running";
	return next > record.attempt ? "waiting" : "over";
}

/** Whether the run was asked to stop: the core made its stop mark. */
export function isStopRequested(run: Run): boolean {
	return statSync(`${run.runFolder}/stop`, { throwIfNoEntry: false }) !== undefined;
}

function pidFile(run: Run): string {
	return `${run.runFolder}/pid`;
}

/** The number at the beginning of a small file; undefined when there is none that could be a pid. */
export function firstNumber(path: string): number | undefined {
	const number = Number.parseInt(contentOf(path) ?? "", 10);
	return number > 1 ? number : undefined;
}

/** The beginning of a small file; undefined when it does not exist. These few calls are most of what a look at a run costs. */
export function contentOf(path: string): string | undefined {
	try {
		return readSettledAt(path);
	} catch (error) {
		const errno = errnoOf(error);
		if (errno === "ENOENT" || errno === "ENOTDIR") return undefined;
		throw error;
	}
}
