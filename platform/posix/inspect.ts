/** What is known of runs at this moment. A live run costs some reads of small files; the processes are not looked at. */
import type { Handle, Observation } from "../contract.ts";
import { errnoOf, isChoreError } from "../errors.ts";
import { liveness } from "./liveness.ts";
import { abandonedMembers } from "./members.ts";
import type { Process, ProcessTable } from "./processes.ts";
import { exitRecord, isStopRequested, mainPid, type Run, runOf, shimPid } from "./run-folder.ts";

/** Judges each handle, in the order given. */
export function inspect(handles: readonly Handle[], table: ProcessTable): readonly Observation[] {
	const seen = handles.map((handle) => observe(handle, table));
	// Only what may live on without its shim is worth a look at the processes: one look for all of them.
	const abandoned = seen.filter((one) => one.kind === "abandoned").map(({ run }) => run);
	const left = new Map(abandonedMembers(abandoned, table).map((members, index) => [abandoned[index], members]));
	return seen.map((one) => (one.kind === "abandoned" ? judgeAbandoned(left.get(one.run) ?? []) : one));
}

interface Abandoned {
	readonly kind: "abandoned";
	readonly run: Run;
}

function observe(handle: Handle, table: ProcessTable): Observation | Abandoned {
	try {
		const run = runOf(handle);
		const life = liveness(run.runFolder);
		// The record is read after the look at the FIFO: it is written before that closes.
		const isOver = exitRecord(run) !== "blank";
		if (life === "alive") return isOver || isStopRequested(run) ? { kind: "stopping" } : { kind: "running", paused: isPaused(run, table) };
		return life === "missing" || isOver ? { kind: "absent" } : { kind: "abandoned", run };
	} catch (error) {
		if (!isChoreError(error) && errnoOf(error) === undefined) throw error;
		return { kind: "unreachable", reason: (error as Error).message };
	}
}

/** Judged by the main process, and only where that costs next to nothing. */
function isPaused(run: Run, table: ProcessTable): boolean {
	const main = table.isCheap ? mainPid(run) : undefined;
	const process = main === undefined ? undefined : table.find(main);
	if (process === undefined || process.parentPid !== shimPid(run)) return false;
	// A child stopped between vfork(2) and exec holds up its parent: that gets its own SIGSTOP only afterwards.
	return process.stopped || (process.blocked && table.all().some(({ parentPid, stopped }) => stopped && parentPid === process.pid));
}

function judgeAbandoned(members: readonly Process[]): Observation {
	return members.length === 0 ? { kind: "absent" } : { kind: "unsupervised", pids: members.map(({ pid }) => pid) };
}
