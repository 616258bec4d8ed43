/**
 * The processes of a run: by the kernel's own book of its cgroup, also where no manager knows the unit any more.
 * Whatever disappears while it is being read has ended: every read here may find nothing.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import type { JobProcess } from "../contract.ts";
import { type MarkedRun, whose } from "../run-mark.ts";

/** What tells a run's processes from all others when its unit is unknown to the manager. */
export interface ProcessMark extends MarkedRun {
	readonly unit: string;
	/** Whether another run has a unit of that name now. Then the cgroup is shared, and only the mark tells. */
	readonly unitTaken: boolean;
}

/** Where the hierarchy is mounted that systemd keeps its units in: pure cgroup v2, hybrid, or cgroup v1. */
const TREES = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup", "/sys/fs/cgroup/systemd"] as const;

/** In the masks of proc(5), /proc/pid/status. */
const SIGSTOP_BIT = 1n << BigInt(constants.signals.SIGSTOP - 1);

/** The folder of a cgroup, or undefined where there is none (any more). */
export function cgroupFolder(controlGroup: string): string | undefined {
	return TREES.map((tree) => tree + controlGroup).find((folder) => controlGroup !== "" && existsSync(`${folder}/cgroup.procs`));
}

/** The living processes of a run's cgroup and of those below it: but for those of another run that has it by now. */
export function processesOf(controlGroup: string, run: MarkedRun): readonly JobProcess[] {
	const folder = cgroupFolder(controlGroup);
	const pids = folder === undefined ? [] : pidsBelow(folder).filter((pid) => ownerOf(pid, run) !== "another's");
	return pids.flatMap((pid) => describeProcess(pid) ?? []);
}

/**
 * The living processes of runs whose units are unknown, in the order of the marks. Looks at every process once.
 *
 * @param managerGroup the manager's own cgroup: units of other managers may have the same names
 */
export function findProcesses(marks: readonly ProcessMark[], managerGroup: string): readonly (readonly number[])[] {
	const found = marks.map((): number[] => []);
	if (marks.length === 0) return found;
	for (const name of readdirSync("/proc")) {
		const pid = Number(name);
		if (!Number.isInteger(pid)) continue;
		const units = unitsOf(pid, managerGroup);
		if (units.length === 0) continue;
		for (const [index, mark] of marks.entries())
			if (units.includes(mark.unit) && isMarked(pid, mark) && isAlive(pid)) found[index]?.push(pid);
	}
	return found;
}

/** When the process was started, in clock ticks since boot, or undefined when it is over. */
export function startTicks(pid: number): number | undefined {
	const ticks = statFields(pid)?.[19];
	return ticks === undefined ? undefined : Number(ticks);
}

function pidsBelow(folder: string): readonly number[] {
	const own = (read(`${folder}/cgroup.procs`) ?? "").split("\n").filter((line) => line !== "");
	return [...own.map(Number), ...foldersIn(folder).flatMap((name) => pidsBelow(`${folder}/${name}`))];
}

function foldersIn(folder: string): readonly string[] {
	try {
		return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
	} catch {
		return [];
	}
}

/** The parts of the process's cgroup below the manager's: among them its unit. */
function unitsOf(pid: number, managerGroup: string): readonly string[] {
	const lines = (read(`/proc/${pid}/cgroup`) ?? "").split("\n");
	const line = lines.find((text) => text.startsWith("0::/") && text !== "0::/") ?? lines.find((text) => text.includes(":name=systemd:"));
	const path = line?.slice(line.indexOf(":", line.indexOf(":") + 1) + 1) ?? "";
	const root = managerGroup === "/" ? "" : managerGroup;
	if (!path.startsWith(`${root}/`)) return [];
	// A name that looks like a file of the kernel's ("memory.service") has "_" in front of it there.
	return path
		.slice(root.length + 1)
		.split("/")
		.map((part) => part.replace(/^_/, ""));
}

/** A process may have dropped its mark, or hide its environment. */
function isMarked(pid: number, mark: ProcessMark): boolean {
	const owner = ownerOf(pid, mark);
	return owner === "unmarked" ? !mark.unitTaken : owner === "this run's";
}

function ownerOf(pid: number, run: MarkedRun): ReturnType<typeof whose> {
	const environment = read(`/proc/${pid}/environ`) ?? "";
	return whose((name) => new RegExp(`(?:^|\\0)${name}=([^\\0]*)`).exec(environment)?.[1], run);
}

/**
 * Whether a process is held by SIGSTOP, or will be as soon as it leaves the kernel: such as a parent that waits there for
 * the exec of the child that it made by vfork(2), which is held itself.
 */
export function isStopped(pid: number): boolean {
	const state = statFields(pid)?.[0];
	if (state === "T" || state === "t") return true;
	const pending = [...(read(`/proc/${pid}/status`) ?? "").matchAll(/^(?:SigPnd|ShdPnd):\t([0-9a-f]+)$/gm)];
	return pending.some(([, mask]) => (BigInt(`0x${mask}`) & SIGSTOP_BIT) !== 0n);
}

/** A zombie has ended, even where nobody collects it. */
export function isAlive(pid: number): boolean {
	const state = statFields(pid)?.[0];
	return state !== undefined && state !== "Z" && state !== "X";
}

function describeProcess(pid: number): JobProcess | undefined {
	const fields = statFields(pid);
	if (fields === undefined || fields[0] === "Z") return undefined;
	const command = (read(`/proc/${pid}/cmdline`) ?? "").replaceAll("\0", " ").trim();
	return { pid, parentPid: Number(fields[1]), command: command || (read(`/proc/${pid}/comm`) ?? "").trim(), escaped: false };
}

/** The fields of proc(5), /proc/pid/stat, from the third, `state`: the second may hold blanks and parentheses. */
function statFields(pid: number): readonly string[] | undefined {
	const text = read(`/proc/${pid}/stat`);
	return text?.slice(text.lastIndexOf(")") + 2).split(" ");
}

function read(path: string): string | undefined {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return undefined;
	}
}
