/** Observes runs (Platform.inspect). A live run costs a few reads of small files; all processes are listed only for runs whose shim was killed. */
import type { Handle, Observation } from "../contract.ts";
import { errnoOf, isChoreError } from "../errors.ts";
import { liveness } from "./liveness.ts";
import { abandonedMembers } from "./members.ts";
import { isHeld, type Process, type ProcessTable } from "./processes.ts";
import { heldPid, isStopRequested, mainPid, type Run, runOf, type Stage, shimPid, stageOf } from "./run-folder.ts";

/** @returns one observation for each handle, in the same order */
export function inspect(handles: readonly Handle[], table: ProcessTable): readonly Observation[] {
	const seen = handles.map((handle) => observe(handle, table));
	// Processes may live on where the shim was killed. One listing serves all of these runs.
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
		// In this order: the shim writes the record before its end of the FIFO closes.
		const stage = stageOf(run);
		if (life === "alive") return isStopRequested(run) ? { kind: "stopping" } : observeLive(run, stage, table);
		return life === "dead" && stage === "running" ? { kind: "abandoned", run } : { kind: "absent" };
	} catch (error) {
		if (!isChoreError(error) && errnoOf(error) === undefined) throw error;
		return { kind: "unreachable", reason: (error as Error).message };
	}
}

function observeLive(run: Run, stage: Stage, table: ProcessTable): Observation {
	switch (stage) {
		case "running":
			return { kind: "running", paused: isPaused(run, table) };
		case "waiting":
			return { kind: "queued" };
		case "over":
			return { kind: "stopping" };
	}
}

/** Whether the main process is stopped. Where looking it up means running ps(1), the note that `pause` made is used instead. */
function isPaused(run: Run, table: ProcessTable): boolean {
	const main = mainPid(run);
	if (main === undefined) return false;
	if (!table.isCheap) return heldPid(run) === main;
	const process = table.find(main);
	return process !== undefined && process.parentPid === shimPid(run) && isHeld(process, () => table.all());
}

function judgeAbandoned(members: readonly Process[]): Observation {
	return members.length === 0 ? { kind: "absent" } : { kind: "unsupervised", pids: members.map(({ pid }) => pid) };
}
