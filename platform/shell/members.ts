/** Finds the processes of a run and signals them. Never signals a process of another run. */
import { errnoOf } from "../errors.ts";
import { whose } from "../run-mark.ts";
import { liveness } from "./liveness.ts";
import type { Process, ProcessTable } from "./processes.ts";
import { mainPid, type Run, shimPid, stageOf } from "./run-folder.ts";

/** The processes of one run at one moment. */
export interface Members {
	/**
	 * The shim's pid, which is also the process group of the run. The group is this run's as long as the shim lives: the
	 * kernel reuses no number that is the pid or the group of a living process. Undefined once the shim is gone.
	 */
	readonly shim: number | undefined;
	/** Processes in the group and children of the shim; without the shim and `ownProcesses`. */
	readonly group: readonly Process[];
	/** Processes outside of the group, found by their mark. Once the shim is gone: all that are left. */
	readonly escaped: readonly Process[];
	/**
	 * The process that enforces the time limit, and the programs by which the shim clears up and waits for the next attempt.
	 * Once the shim is gone, also the process that holds the job's input open.
	 */
	readonly ownProcesses: readonly Process[];
}

/** A pid that no process has. */
const NOBODY = 0;

/** All processes of a run, live or abandoned. */
export function membersOf(run: Run, table: ProcessTable): Members {
	return sortOut(run, table.all(), liveness(run.runFolder) === "alive" ? shimPid(run) : undefined);
}

/** For runs whose shim is gone: the processes left of each, in the order given. All processes are listed once. */
export function abandonedMembers(runs: readonly Run[], table: ProcessTable): readonly (readonly Process[])[] {
	if (runs.length === 0) return [];
	const processes = table.all();
	return runs.map((run) => leftBehind(run, processes).escaped);
}

/** The main process of a live run, or undefined when it has ended, or has not begun. */
export function mainProcess(run: Run, table: ProcessTable): Process | undefined {
	if (liveness(run.runFolder) !== "alive" || stageOf(run) !== "running") return undefined;
	const pid = mainPid(run);
	const main = pid === undefined ? undefined : table.find(pid);
	return main !== undefined && main.parentPid === shimPid(run) ? main : undefined;
}

/**
 * Signals processes that `membersOf` has just found, one by one. Looks each up again first and skips it if its pid now
 * belongs to another process or another run. Where a look-up means running ps(1), the first listing must do: processes
 * that start others would be faster than one ps(1) for each.
 *
 * @param number of the signal
 */
export function signalEach(run: Run, processes: readonly Process[], number: number, table: ProcessTable): void {
	for (const found of processes) {
		const { pid, startedAt } = found;
		const now = table.isCheap ? table.find(pid) : found;
		if (now === undefined || now.startedAt !== startedAt) continue;
		const group = shimPid(run);
		const owner = whose(now.environment(), run);
		// A job may itself start jobs: its process may have become the shim of another run, and then has that run's mark.
		const isOurs = liveness(run.runFolder) === "alive" ? now.groupId === group || now.parentPid === group : false;
		if (isOurs || owner === "this run's" || (owner === "unmarked" && now.groupId === group)) send(pid, number);
	}
}

/** Signals the whole process group of a live shim, in one kill(2). Only for signals that the shim survives. */
export function signalGroup(run: Run, shim: number, number: number): void {
	if (liveness(run.runFolder) === "alive") send(-shim, number);
}

function sortOut(run: Run, processes: readonly Process[], shim: number | undefined): Members {
	if (shim === undefined) return leftBehind(run, processes);
	const group = processes.filter(({ pid, groupId, parentPid }) => pid !== shim && (groupId === shim || parentPid === shim));
	// The shim has one child that is not its own: the main process, while that lives.
	const main = stageOf(run) === "running" ? mainPid(run) : NOBODY;
	const own = new Set(group.filter(({ pid, parentPid }) => main !== undefined && parentPid === shim && pid !== main).map(({ pid }) => pid));
	const isOwn = ({ pid, parentPid }: Process) => own.has(pid) || own.has(parentPid);
	const inGroup = new Set(group.map(({ pid }) => pid));
	return {
		shim,
		group: group.filter((process) => !isOwn(process)),
		escaped: processes.filter((process) => process.pid !== shim && !inGroup.has(process.pid) && isMarked(run, process)),
		ownProcesses: group.filter(isOwn),
	};
}

/**
 * The processes of a run whose shim is gone. Its group number may be in use by others now, so only the mark counts; but
 * one marked process in the group proves that the whole group is still this run's.
 */
function leftBehind(run: Run, processes: readonly Process[]): Members {
	const group = shimPid(run);
	const marked = new Set(processes.filter((process) => isMarked(run, process)).map(({ pid }) => pid));
	const isGroupOurs = processes.some(({ pid, groupId }) => groupId === group && marked.has(pid));
	const left = processes.filter(({ pid, groupId }) => marked.has(pid) || (isGroupOurs && groupId === group));
	const own = new Set(left.filter((process) => isOwnOfDead(run, process)).map(({ pid }) => pid));
	const isOwn = ({ pid, parentPid }: Process) => own.has(pid) || own.has(parentPid);
	return { shim: undefined, group: [], escaped: left.filter((process) => !isOwn(process)), ownProcesses: left.filter(isOwn) };
}

/** After the end of the shim: whether this process of the run belongs to chore and not to the job. */
function isOwnOfDead(run: Run, process: Process): boolean {
	const command = process.command();
	// The process that enforces the time limit is a subshell of the shim and has the shim's command line.
	if (command.includes(`${run.runFolder} ${run.jobFolder}/start `)) return true;
	// The process that holds the job's input open is a subshell of the start script, which itself became the main process.
	const main = mainPid(run);
	return main !== undefined && process.pid !== main && command.endsWith(` ${run.jobFolder}/start ${run.runFolder}`);
}

function isMarked(run: Run, process: Process): boolean {
	return whose(process.environment(), run) === "this run's";
}

function send(target: number, number: number): void {
	try {
		process.kill(target, number);
	} catch (error) {
		// It has ended, or runs a set-user-ID program by now: the caller looks again and sees which processes are left.
		if (!["ESRCH", "EPERM"].includes(errnoOf(error) ?? "")) throw error;
	}
}
