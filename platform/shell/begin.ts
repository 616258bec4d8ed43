/** Waits until a run that has just been started can be signalled: for its shim, and for its main process. */
import { setTimeout as delay } from "node:timers/promises";
import { Silence } from "../silence.ts";
import { liveness } from "./liveness.ts";
import { mainProcess } from "./members.ts";
import type { Process, ProcessTable } from "./processes.ts";
import { type Run, shimPid, stageOf } from "./run-folder.ts";

/** Between two looks at what comes up within milliseconds. */
const LOOK_MS = 2;
/** A shim that has been started but not begun is ready within milliseconds, unless its creator is held. */
const SHIM_MS = 5_000;
/** A main process, too, unless the machine is overloaded or the shim is held. */
const MAIN_MS = 20_000;

/** The shim's pid once it can be signalled; undefined when the run is over. */
export async function signallableShim(run: Run): Promise<number | undefined> {
	using silence = new Silence(SHIM_MS);
	while (liveness(run.runFolder) === "alive" && !silence.isOver) {
		const shim = shimPid(run);
		if (shim !== undefined) return shim;
		await delay(LOOK_MS);
	}
	return undefined;
}

/** The main process of the attempt that is under way, once it has begun; undefined when there is none. */
export async function begunMain(run: Run, table: ProcessTable): Promise<Process | undefined> {
	if ((await signallableShim(run)) === undefined) return undefined;
	using silence = new Silence(MAIN_MS);
	while (liveness(run.runFolder) === "alive" && stageOf(run) === "running" && !silence.isOver) {
		const main = mainProcess(run, table);
		if (main !== undefined) return main;
		await delay(LOOK_MS);
	}
	return undefined;
}
