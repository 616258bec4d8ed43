/**
 * Holds a run where it is by SIGSTOP to each of its processes, and lets it go on by SIGCONT. The shim is spared, and so
 * is the clock of a time limit: a limit that comes up meanwhile ends the attempt like any other.
 */
import { rmSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { ChoreError } from "../errors.ts";
import { signalNumber } from "../exit-record.ts";
import { Silence } from "../silence.ts";
import { begunMain, signallableShim } from "./begin.ts";
import { mainProcess, membersOf, signalEach, signalGroup } from "./members.ts";
import { isHeld, type ProcessTable } from "./processes.ts";
import { heldFile, type Run, stageOf } from "./run-folder.ts";

/** Between two looks at processes that are about to stop. */
const LOOK_MS = 2;
/** A process that is in the kernel for longer than this stops when it comes back: nothing more can be done about it. */
const HOLD_MS = 5000;

const SIGSTOP = signalNumber("SIGSTOP") as number;
const SIGCONT = signalNumber("SIGCONT") as number;

/** Holds the run; see Platform.pause. */
export async function pause(run: Run, table: ProcessTable): Promise<boolean> {
	// What has not begun could not be seen to be held.
	const main = await begunMain(run, table);
	if (main === undefined) return false;
	noteHeld(run, table, main.pid);
	await holdAll(run, table);
	if (mainProcess(run, table)?.pid === main.pid) return true;
	// It ended just before it could be held. What it left shall hear the signals that end it; and of the next attempt, if
	// that has begun, nobody asked for a pause.
	letGo(run, table);
	return false;
}

/** Lets the run go on; see Platform.resume. */
export async function resume(run: Run, table: ProcessTable): Promise<boolean> {
	if ((await signallableShim(run)) === undefined || stageOf(run) !== "running") return false;
	letGo(run, table);
	return true;
}

/** Writes down what a look at the main process would tell, where that costs too much. @throws ChoreError PLATFORM_FAILED */
function noteHeld(run: Run, { isCheap }: ProcessTable, main: number): void {
	if (isCheap) return;
	try {
		writeFileSync(heldFile(run), `${main}\n`, { mode: 0o600 });
	} catch (error) {
		throw new ChoreError("PLATFORM_FAILED", `cannot note that the job is paused: ${(error as Error).message}`, {
			hint: "nothing was paused; without the note nobody could see that it is",
			cause: error,
		});
	}
}

/** Takes back what was written down by `pause`. */
export function noteLetGo(run: Run, { isCheap }: ProcessTable): void {
	if (!isCheap) rmSync(heldFile(run), { force: true });
}

function letGo(run: Run, table: ProcessTable): void {
	noteLetGo(run, table);
	const { shim, group, escaped } = membersOf(run, table);
	if (shim !== undefined) signalGroup(run, shim, SIGCONT);
	signalEach(run, [...group.filter(({ groupId }) => groupId !== shim), ...escaped], SIGCONT, table);
}

/** A process may be started behind the back of one look by another that is then found held: hence two that find all held. */
async function holdAll(run: Run, table: ProcessTable): Promise<void> {
	using silence = new Silence(HOLD_MS);
	let looksWithoutOne = 0;
	while (looksWithoutOne < 2 && !silence.isOver) {
		const { group, escaped } = membersOf(run, table);
		const members = [...group, ...escaped];
		const moving = members.filter((process) => !isHeld(process, () => members));
		looksWithoutOne = moving.length === 0 ? looksWithoutOne + 1 : 0;
		signalEach(run, moving, SIGSTOP, table);
		if (moving.length > 0) await delay(LOOK_MS);
	}
}
