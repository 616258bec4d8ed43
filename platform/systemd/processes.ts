/**
 * Finds the processes of a run by its cgroup, also when the manager has lost the unit. Processes may end while they are
 * being read: every read here may find nothing and must never throw for that.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import type { JobProcess } from "../contract.ts";
import { liveFolder, startTicksIn, statFields, variableIn } from "../proc.ts";
import { type MarkedRun, whose } from "../run-mark.ts";

/** What tells a run's processes from all others when the manager does not have its unit. */
export interface ProcessMark extends MarkedRun {
	readonly unit: string;
	/** Whether another run has a unit of that name now. Then both share the cgroup, and only processes with the mark count. */
	readonly unitTaken: boolean;
}

/** Where systemd's own cgroup hierarchy may be mounted: hybrid, pure cgroup v2, cgroup v1. */
const TREES = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup", "/sys/fs/cgroup/systemd"] as const;

/** The bit of SIGSTOP in the signal masks of /proc/PID/status (proc(5)). */
const SIGSTOP_BIT = 1n << BigInt(constants.signals.SIGSTOP - 1);

/** The folder of a cgroup, or undefined where there is none (any more). */
export function cgroupFolder(controlGroup: string): string | undefined {
	return TREES.map((tree) => tree + controlGroup).find((folder) => controlGroup !== "" && existsSync(`${folder}/cgroup.procs`));
}

/** The processes in a run's cgroup and below it, without those that carry the mark of another run. */
export function processesOf(controlGroup: string, run: MarkedRun): readonly JobProcess[] {
	return pidsIn(controlGroup, run).flatMap((pid) => describeProcess(pid) ?? []);
}

/** Their pids at one moment. Some may have ended since. */
export function pidsIn(controlGroup: string, run: MarkedRun): readonly number[] {
	const folder = cgroupFolder(controlGroup);
	return folder === undefined ? [] : pidsBelow(folder).filter((pid) => ownerOf(pid, run) !== "another's");
}

/**
 * The pids of runs whose units the manager does not have, in the order of the marks. Reads /proc once.
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

/**
 * The processes of a run that moved from its unit to a scope (systemd.scope(5)), as `systemd-run --scope`, flatpak and snap
 * have a program do. Found by their mark; reads all of /proc. Only those in scopes: the processes of another service have
 * the mark if a job has told the manager its environment (`systemctl import-environment`), and are not the job's.
 */
export function processesApart(run: MarkedRun & { readonly unit: string }): readonly JobProcess[] {
	const pids = readdirSync("/proc").map(Number).filter(Number.isInteger);
	return pids
		.filter((pid) => pid !== process.pid && ownerOf(pid, run) === "this run's" && isInScope(pid, run.unit))
		.flatMap((pid) => describeProcess(pid, true) ?? []);
}

/** When the process was started, in clock ticks since boot, or undefined when it is over. */
export function startTicks(pid: number): number | undefined {
	const ticks = startTicksIn(statFields(pid));
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

/** Whether the process is in a scope, and not in one below this unit. */
function isInScope(pid: number, unit: string): boolean {
	const units = unitsOf(pid, "/");
	return units.findLast((name) => /\.(scope|service)$/.test(name))?.endsWith(".scope") === true && !units.includes(unit);
}

/** The parts of the path of a process's cgroup below the manager's. One of them is the name of its unit. */
function unitsOf(pid: number, managerGroup: string): readonly string[] {
	const lines = (read(`/proc/${pid}/cgroup`) ?? "").split("\n");
	const line = lines.find((text) => text.startsWith("0::/") && text !== "0::/") ?? lines.find((text) => text.includes(":name=systemd:"));
	const path = line?.slice(line.indexOf(":", line.indexOf(":") + 1) + 1) ?? "";
	const root = managerGroup === "/" ? "" : managerGroup;
	if (!path.startsWith(`${root}/`)) return [];
	// systemd puts "_" in front of a name that looks like a file of the kernel's ("memory.service").
	return path
		.slice(root.length + 1)
		.split("/")
		.map((part) => part.replace(/^_/, ""));
}

/** A process without a readable mark counts as this run's, unless another run shares the cgroup. */
function isMarked(pid: number, mark: ProcessMark): boolean {
	const owner = ownerOf(pid, mark);
	return owner === "unmarked" ? !mark.unitTaken : owner === "this run's";
}

function ownerOf(pid: number, run: MarkedRun): ReturnType<typeof whose> {
	const environment = read(`${liveFolder(pid)}/environ`) ?? "";
	return whose((name) => variableIn(environment, name), run);
}

/** Whether a process is stopped, or will be as soon as it takes the signal, which is pending. */
export function isStopped(pid: number): boolean {
	return stateOf(pid) !== undefined;
}

/**
 * Whether a process is stopped and will do nothing before SIGCONT. A parent after vfork(2) takes its SIGSTOP only after the
 * exec of its child, and that child may be stopped itself. One that runs with the signal pending may be in a fork(2).
 */
export function isHeld(pid: number): boolean {
	return stateOf(pid) === "held";
}

function stateOf(pid: number): "held" | "signalled" | undefined {
	const folder = liveFolder(pid);
	if (folder === undefined) return undefined;
	const state = statFields(folder)?.[0];
	if (state === "T" || state === "t") return "held";
	const pending = [...(read(`${folder}/status`) ?? "").matchAll(/^(?:SigPnd|ShdPnd):\t([0-9a-f]+)$/gm)];
	if (!pending.some(([, mask]) => (BigInt(`0x${mask}`) & SIGSTOP_BIT) !== 0n)) return undefined;
	return state === "D" ? "held" : "signalled";
}

/** Whether a process exists. A zombie counts as ended, unless a thread of it works on. */
export function isAlive(pid: number): boolean {
	return liveFolder(pid) !== undefined;
}

function describeProcess(pid: number, escaped = false): JobProcess | undefined {
	const folder = liveFolder(pid);
	const fields = folder === undefined ? undefined : statFields(folder);
	if (fields === undefined) return undefined;
	const command = (read(`${folder}/cmdline`) ?? "").replaceAll("\0", " ").trim();
	return { pid, parentPid: Number(fields[1]), command: command || (read(`/proc/${pid}/comm`) ?? "").trim(), escaped };
}

function read(path: string): string | undefined {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return undefined;
	}
}
