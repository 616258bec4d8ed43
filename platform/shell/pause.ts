/**
 * Pauses a run by SIGSTOP to each of its processes and resumes it by SIGCONT. Never stops the shim nor the process that
 * enforces the time limit: the limit goes on while the run is paused.
 */
import { rmSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { ChoreError } from "../errors.ts";
import { signalNumber } from "../exit-record.ts";
import { Silence } from "../silence.ts";
import { begunMain, signallableShim } from "./begin.ts";
import { mainProcess, membersOf, outsideOfGroups, signalEach, signalGroups, signalJobGroup } from "./members.ts";
import { isHeld, type ProcessTable } from "./processes.ts";
import { heldFile, type Run, stageOf } from "./run-folder.ts";

const LOOK_MS = 2;
/** A process that is in a system call for longer than this is not waited for: it stops when the call returns. */
const HOLD_MS = 5000;

const SIGSTOP = signalNumber("SIGSTOP") as number;
const SIGCONT = signalNumber("SIGCONT") as number;

/** See Platform.pause. */
export async function pause(run: Run, table: ProcessTable): Promise<boolean> {
	// `inspect` tells a pause from the main process, so that has to exist.
	const main = await begunMain(run, table);
	if (main === undefined) return false;
	noteHeld(run, table, main.pid);
	await holdAll(run, table);
	if (mainProcess(run, table)?.pid === main.pid) return true;
	// The main process ended before it could be stopped. What it left must be able to react to the shim's stop signal, and
	// the next attempt, which may have begun, must run.
	letGo(run, table);
	return false;
}

/** See Platform.resume. */
export async function resume(run: Run, table: ProcessTable): Promise<boolean> {
	if ((await signallableShim(run)) === undefined || stageOf(run) !== "running") return false;
	letGo(run, table);
	return true;
}

/** Notes which process is paused, for `inspect` where looking at a process means running ps(1). @throws ChoreError PLATFORM_FAILED */
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

/** Deletes that note. */
export function noteLetGo(run: Run, { isCheap }: ProcessTable): void {
	if (!isCheap) rmSync(heldFile(run), { force: true });
}

function letGo(run: Run, table: ProcessTable): void {
	noteLetGo(run, table);
	const members = membersOf(run, table);
	signalGroups(run, members, SIGCONT);
	signalEach(run, outsideOfGroups(members), SIGCONT, table);
}

/**
 * Repeats until two listings in a row find all processes stopped: one outside of the job's group that was just being started
 * may be missing in the first.
 */
async function holdAll(run: Run, table: ProcessTable): Promise<void> {
	using silence = new Silence(HOLD_MS);
	let looksWithAllHeld = 0;
	while (looksWithAllHeld < 2 && !silence.isOver) {
		const found = membersOf(run, table);
		signalJobGroup(run, found, SIGSTOP);
		const members = [...found.group, ...found.escaped];
		const moving = members.filter((process) => !isHeld(process, () => members));
		looksWithAllHeld = moving.length === 0 ? looksWithAllHeld + 1 : 0;
		signalEach(run, moving, SIGSTOP, table);
		if (moving.length > 0) await delay(LOOK_MS);
	}
}
