/**
 * Pauses a run by SIGSTOP to each of its processes. Never uses the manager's FreezeUnit: that freezes the hook as well, and
 * a job that is killed or reaches its time limit while frozen would end without a record (seen with systemd 252, which
 * finally kills the hook). Stopped processes need no care: the manager sends SIGCONT when it ends them.
 */
import { setTimeout as delay } from "node:timers/promises";
import { signalNumber } from "../exit-record.ts";
import { dropNote, noteHeld } from "./held.ts";
import { withStrays } from "./inspect.ts";
import { isAlive, isStopped, processesOf } from "./processes.ts";
import type { Systemd } from "./requests.ts";
import { findOwn, signalRun } from "./stop.ts";
import type { PlannedUnit } from "./unit.ts";

/** After this time a job that starts processes faster than they are stopped counts as paused. */
const HOLDING_MS = 2_000;
const LOOK_EVERY_MS = 10;

/** See Platform.pause. */
export async function pauseRun(systemd: Systemd, run: PlannedUnit): Promise<boolean> {
	noteHeld(run.runFolder);
	const deadlineMs = performance.now() + HOLDING_MS;
	// The signal may miss a process that is just being forked, so repeat it until all are stopped.
	while (await signalRun(systemd, run, ["SIGSTOP"], "all")) {
		const pids = await runningPids(systemd, run);
		if (pids === "over") break;
		if (pids.every((pid) => isStopped(pid) || !isAlive(pid)) || performance.now() > deadlineMs) return true;
		await delay(LOOK_EVERY_MS);
	}
	dropNote(run.runFolder);
	return false;
}

/** See Platform.resume. */
export async function resumeRun(systemd: Systemd, run: PlannedUnit): Promise<boolean> {
	const goesOn = await signalRun(systemd, run, ["SIGCONT"], "all");
	dropNote(run.runFolder);
	return goesOn;
}

/** The processes of a run; "over" when it is ending. Then SIGSTOP may have hit the hook, which gets SIGCONT. */
async function runningPids(systemd: Systemd, run: PlannedUnit): Promise<readonly number[] | "over"> {
	const unit = await findOwn(systemd, run);
	if (unit === undefined) return withStrays(systemd, run, (pids) => (pids.length === 0 ? "over" : pids));
	if (unit.subState === "running" || unit.subState === "start") return processesOf(unit.controlGroup, run).map(({ pid }) => pid);
	await systemd.kill(unit, "all", signalNumber("SIGCONT") ?? 0);
	return "over";
}
