/**
 * Holds a run where it is, by SIGSTOP to each of its processes. Not by the manager's own freezing (FreezeUnit): that would
 * hold the hook as well, and so a job that is killed or meets its time limit meanwhile would end without a record (seen with
 * systemd 252, which kills the hook at last). Stopped processes the manager wakes up by itself when it ends them.
 */
import { setTimeout as delay } from "node:timers/promises";
import { signalNumber } from "../exit-record.ts";
import { dropNote, noteHeld } from "./held.ts";
import { withStrays } from "./inspect.ts";
import { isAlive, isStopped, processesOf } from "./processes.ts";
import type { Systemd } from "./requests.ts";
import { findOwn, signalRun } from "./stop.ts";
import type { PlannedUnit } from "./unit.ts";

/** A job that starts processes faster than they can be held is left to that. */
const HOLDING_MS = 2_000;
const LOOK_EVERY_MS = 10;

/** @see Platform.pause */
export async function pauseRun(systemd: Systemd, run: PlannedUnit): Promise<boolean> {
	noteHeld(run.runFolder);
	const deadlineMs = performance.now() + HOLDING_MS;
	// A process that was just being forked may have been missed: again, until all are seen to be held.
	while (await signalRun(systemd, run, ["SIGSTOP"], "all")) {
		const pids = await runningPids(systemd, run);
		if (pids === "over") break;
		if (pids.every((pid) => isStopped(pid) || !isAlive(pid)) || performance.now() > deadlineMs) return true;
		await delay(LOOK_EVERY_MS);
	}
	dropNote(run.runFolder);
	return false;
}

/** @see Platform.resume */
export async function resumeRun(systemd: Systemd, run: PlannedUnit): Promise<boolean> {
	const goesOn = await signalRun(systemd, run, ["SIGCONT"], "all");
	dropNote(run.runFolder);
	return goesOn;
}

/** The processes of a run that is not about to end. Of one that is, the signal may have hit the hook: that one goes on. */
async function runningPids(systemd: Systemd, run: PlannedUnit): Promise<readonly number[] | "over"> {
	const unit = await findOwn(systemd, run);
	if (unit === undefined) return withStrays(systemd, run, (pids) => (pids.length === 0 ? "over" : pids));
	if (unit.subState === "running" || unit.subState === "start") return processesOf(unit.controlGroup, run).map(({ pid }) => pid);
	await systemd.kill(unit, "all", signalNumber("SIGCONT") ?? 0);
	return "over";
}
