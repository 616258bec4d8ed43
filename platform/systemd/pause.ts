/**
 * Pauses a run by SIGSTOP to each of its processes. Never uses the manager's FreezeUnit: that freezes the hook as well, and
 * a job that is killed or reaches its time limit while frozen would end without a record (seen with systemd 252, which
 * finally kills the hook). Stopped processes need no care: the manager sends SIGCONT when it ends them.
 */
import { setTimeout as delay } from "node:timers/promises";
import { signalNumber } from "../exit-record.ts";
import { Silence } from "../silence.ts";
import { dropNote, mainPid, noteHeld } from "./held.ts";
import { withStrays } from "./inspect.ts";
import { isAlive, isHeld, pidsIn, processesApart } from "./processes.ts";
import type { Systemd } from "./requests.ts";
import { findOwn, signalRun } from "./stop.ts";
import type { PlannedUnit } from "./unit.ts";

/** After this time a job that starts processes faster than they are stopped counts as paused. */
const HOLDING_MS = 5_000;
const LOOK_EVERY_MS = 10;

/** See Platform.pause. */
export async function pauseRun(systemd: Systemd, run: PlannedUnit): Promise<boolean> {
	noteHeld(run.runFolder);
	using silence = new Silence(HOLDING_MS);
	while (await signalRun(systemd, run, ["SIGSTOP"], "all")) {
		const held = await pidsOf(systemd, run);
		if (held === "over") break;
		// The signal misses a process that is just being forked, and so does the list, even if its parent has stopped or ended by
		// now. Those of the list do nothing more: if there are no others afterwards, they are all.
		const isStill = held.every((pid) => isHeld(pid) || !isAlive(pid));
		const later = isStill ? await pidsOf(systemd, run) : held;
		if (later === "over") break;
		if ((isStill && later.every((pid) => held.includes(pid))) || silence.isOver) {
			const main = mainPid(run.runFolder);
			if (main !== undefined && later.includes(main)) return true;
			// `inspect` tells a pause from the main process. The start script has not said yet which that is, so it goes on.
			await signalRun(systemd, run, ["SIGCONT"], "all");
			if (silence.isOver) break;
		}
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
async function pidsOf(systemd: Systemd, run: PlannedUnit): Promise<readonly number[] | "over"> {
	const unit = await findOwn(systemd, run);
	if (unit === undefined) return withStrays(systemd, run, (pids) => (pids.length === 0 ? "over" : pids));
	if (unit.subState === "running" || unit.subState === "start")
		return [...pidsIn(unit.controlGroup, run), ...processesApart(run).map(({ pid }) => pid)];
	await systemd.kill(unit, "all", signalNumber("SIGCONT") ?? 0);
	return "over";
}
