/** Which processes belong to a run, and how they are signalled without ever reaching another's. */
import { errnoOf } from "../errors.ts";
import { whose } from "../run-mark.ts";
import { liveness } from "./liveness.ts";
import type { Process, ProcessTable } from "./processes.ts";
import { mainPid, type Run, shimPid, stageOf } from "./run-folder.ts";

/** The processes of one run at one moment. */
export interface Members {
	/**
	 * The shim's pid, and with it the process group, which is ours as long as the shim lives: a pid is not given out
	 * again while it is the pid or the group of a living process. Undefined once the shim is gone.
	 */
	readonly shim: number | undefined;
	/** In the group, or started by the shim; without the shim and its own small processes. */
	readonly group: readonly Process[];
	/** Outside of the group, known by their mark alone; without a shim: all that is left. */
	readonly escaped: readonly Process[];
	/** The clock of a time limit, and what the shim itself runs to clear up and to wait for the next attempt. */
	readonly ownProcesses: readonly Process[];
}

/** The pid of no process. */
const NOBODY = 0;

/** All processes of a run, sorted out. */
export function membersOf(run: Run, table: ProcessTable): Members {
	return sortOut(run, table.all(), liveness(run.runFolder) === "alive" ? shimPid(run) : undefined);
}

/** For several runs whose shim is gone: what is left of each, in the order given. The processes are looked up once. */
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
 * Signals these processes, as `membersOf` has just found them, one by one: each only if it is still that one, and of this
 * run. Where ps(1) would have to be run to find one, the look that found all of them counts: a tree that grows would outrun
 * one look a process.
 *
 * @param number 1 to 64, or whatever the system has
 */
export function signalEach(run: Run, processes: readonly Process[], number: number, table: ProcessTable): void {
	for (const found of processes) {
		const { pid, startedAt } = found;
		const now = table.isCheap ? table.find(pid) : found;
		if (now === undefined || now.startedAt !== startedAt) continue;
		const group = shimPid(run);
		const owner = whose(now.environment(), run);
		// The same process may meanwhile have become the shim of another run: it carries that one's mark then.
		const isOurs = liveness(run.runFolder) === "alive" ? now.groupId === group || now.parentPid === group : false;
		if (isOurs || owner === "this run's" || (owner === "unmarked" && now.groupId === group)) send(pid, number);
	}
}

/** Signals the process group of a live shim at one stroke. Only for signals that the shim survives. */
export function signalGroup(run: Run, shim: number, number: number): void {
	if (liveness(run.runFolder) === "alive") send(-shim, number);
}

function sortOut(run: Run, processes: readonly Process[], shim: number | undefined): Members {
	if (shim === undefined) return leftBehind(run, processes);
	const group = processes.filter(({ pid, groupId, parentPid }) => pid !== shim && (groupId === shim || parentPid === shim));
	// What has ended as main process is no child of the shim any more: whatever else is one is the shim's own.
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

/** Without a shim only the mark tells; but one marked process in the group proves that the group is still ours. */
function leftBehind(run: Run, processes: readonly Process[]): Members {
	const group = shimPid(run);
	const marked = new Set(processes.filter((process) => isMarked(run, process)).map(({ pid }) => pid));
	const isGroupOurs = processes.some(({ pid, groupId }) => groupId === group && marked.has(pid));
	const left = processes.filter(({ pid, groupId }) => marked.has(pid) || (isGroupOurs && groupId === group));
	// The clock of a time limit is a copy of the shim, with its command line.
	const shimWords = `${run.runFolder} ${run.jobFolder}/start `;
	const clocks = new Set(left.filter((process) => process.command().includes(shimWords)).map(({ pid }) => pid));
	const isOwn = ({ pid, parentPid }: Process) => clocks.has(pid) || clocks.has(parentPid);
	return { shim: undefined, group: [], escaped: left.filter((process) => !isOwn(process)), ownProcesses: left.filter(isOwn) };
}

function isMarked(run: Run, process: Process): boolean {
	return whose(process.environment(), run) === "this run's";
}

function send(target: number, number: number): void {
	try {
		process.kill(target, number);
	} catch (error) {
		// Gone meanwhile, or another user's by now (a set-user-ID program): the caller sees who is left.
		if (!["ESRCH", "EPERM"].includes(errnoOf(error) ?? "")) throw error;
	}
}
