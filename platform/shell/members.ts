/** Finds the processes of a run and signals them. Never signals a process of another run. */
import { errnoOf } from "../errors.ts";
import { whose } from "../run-mark.ts";
import { liveness } from "./liveness.ts";
import type { Process, ProcessTable } from "./processes.ts";
import { mainPid, type Run, shimPid, stageOf } from "./run-folder.ts";

/** The processes of one run at one moment. */
export interface Members {
	/**
	 * The shim's pid, which is also its process group. The group is this run's as long as the shim lives: the kernel reuses no
	 * number that is the pid or the group of a living process. Undefined once the shim is gone.
	 */
	readonly shim: number | undefined;
	/** The process group of the job, where it has one of its own and its main process, which leads that, lives. */
	readonly job: number | undefined;
	/** Processes in these groups and children of the shim; without the shim and `ownProcesses`. */
	readonly group: readonly Process[];
	/**
	 * Processes outside of the groups, found by their mark or as descendants of others. Once the shim is gone: all that are
	 * left.
	 */
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
		const groups = [shimPid(run), mainPid(run)];
		const owner = whose(now.environment(), run);
		// A job may itself start jobs: its process may have become the shim of another run, and then has that run's mark.
		const isInGroup = liveness(run.runFolder) === "alive" && (groups.includes(now.groupId) || now.parentPid === groups[0]);
		if (isInGroup || owner !== "another's") send(pid, number);
	}
}

/** Signals the process groups of a live run, each in one kill(2). Only for signals that the shim survives. */
export function signalGroups(run: Run, { shim, job }: Members, number: number): void {
	if (shim === undefined || liveness(run.runFolder) !== "alive") return;
	send(-shim, number);
	if (job !== undefined) send(-job, number);
}

/** Signals the job's process group, if it has one of its own. The kernel misses no process in it that is just being forked. */
export function signalJobGroup(run: Run, { job }: Members, number: number): void {
	if (job !== undefined && liveness(run.runFolder) === "alive") send(-job, number);
}

/** The members that `signalGroups` does not reach. */
export function outsideOfGroups({ shim, job, group, escaped }: Members): readonly Process[] {
	return [...group.filter(({ groupId }) => groupId !== shim && groupId !== job), ...escaped];
}

function sortOut(run: Run, processes: readonly Process[], shim: number | undefined): Members {
	if (shim === undefined) return leftBehind(run, processes);
	const main = stageOf(run) === "running" ? mainPid(run) : NOBODY;
	const job = processes.find(({ pid, parentPid, groupId }) => pid === main && parentPid === shim && groupId === pid)?.pid;
	const groups = [shim, job ?? groupOfMain(run, processes)];
	const group = processes.filter(({ pid, groupId, parentPid }) => pid !== shim && (groups.includes(groupId) || parentPid === shim));
	// The shim has one child that is not its own: the main process, while that lives.
	const own = new Set(group.filter(({ pid, parentPid }) => main !== undefined && parentPid === shim && pid !== main).map(({ pid }) => pid));
	const isOwn = ({ pid, parentPid }: Process) => own.has(pid) || own.has(parentPid);
	const inGroup = group.filter((process) => !isOwn(process));
	const known = new Set([shim, ...group.map(({ pid }) => pid)]);
	const marked = processes.filter((process) => !known.has(process.pid) && isMarked(run, process));
	return {
		...{ shim, job },
		group: inGroup,
		escaped: withDescendants(run, [...inGroup, ...marked], processes).slice(inGroup.length),
		ownProcesses: group.filter(isOwn),
	};
}

/**
 * The processes of a run whose shim is gone. The numbers of its groups may be in use by others now, so only the mark counts;
 * but one marked process in a group proves that the whole group is still this run's.
 */
function leftBehind(run: Run, processes: readonly Process[]): Members {
	const groups = [shimPid(run), mainPid(run)].filter((group) => isMarkedGroup(run, group, processes));
	const found = processes.filter((process) => groups.includes(process.groupId) || isMarked(run, process));
	const left = withDescendants(run, found, processes);
	const own = new Set(left.filter((process) => isOwnOfDead(run, process)).map(({ pid }) => pid));
	const isOwn = ({ pid, parentPid }: Process) => own.has(pid) || own.has(parentPid);
	return {
		...{ shim: undefined, job: undefined, group: [] },
		escaped: left.filter((process) => !isOwn(process)),
		ownProcesses: left.filter(isOwn),
	};
}

/** The group that the main process led before it ended, while a process in it proves that it is still this run's. */
function groupOfMain(run: Run, processes: readonly Process[]): number | undefined {
	const main = mainPid(run);
	return isMarkedGroup(run, main, processes) ? main : undefined;
}

function isMarkedGroup(run: Run, group: number | undefined, processes: readonly Process[]): boolean {
	return group !== undefined && processes.some((process) => process.groupId === group && isMarked(run, process));
}

/** These processes and then all that they have started, as far as the parents live; without those of other runs. */
function withDescendants(run: Run, found: readonly Process[], processes: readonly Process[]): readonly Process[] {
	const all = [...found];
	const pids = new Set(all.map(({ pid }) => pid));
	for (const { pid } of all) {
		for (const child of processes) {
			if (child.parentPid !== pid || pids.has(child.pid) || whose(child.environment(), run) === "another's") continue;
			pids.add(child.pid);
			all.push(child); // this loop comes to it
		}
	}
	return all;
}

/** After the end of the shim: whether this process of the run belongs to chore and not to the job. */
function isOwnOfDead(run: Run, process: Process): boolean {
	const command = process.command();
	// The process that enforces the time limit is a subshell of the shim and has the shim's command line.
	const [, script = ""] = command.split(`${run.runFolder} ${run.jobFolder}`);
	if (/^\/([^ ]+\/)?start /.test(script)) return true;
	// The process that holds the job's input open is a subshell of the start script, which itself became the main process.
	const main = mainPid(run);
	return (
		main !== undefined && process.pid !== main && command.includes(` ${run.jobFolder}/`) && command.endsWith(`/start ${run.runFolder}`)
	);
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
