/** Waits until a run that has just been started can be signalled: for its shim, and for its main process. */
import { setTimeout as delay } from "node:timers/promises";
import { Silence } from "../silence.ts";
import { liveness } from "./liveness.ts";
import { mainProcess } from "./members.ts";
import type { Process, ProcessTable } from "./processes.ts";
import { type Run, shimPid, stageOf } from "./run-folder.ts";

const LOOK_MS = 2;
/** A shim that was started can be signalled within milliseconds, unless the chore process that starts it is stopped. */
const SHIM_MS = 5_000;
/** The main process begins within milliseconds, too, unless the machine is overloaded or the shim is stopped. */
const MAIN_MS = 20_000;

/** Waits for the shim. @returns its pid; undefined when the run is over or the shim is not ready after SHIM_MS */
export async function signallableShim(run: Run): Promise<number | undefined> {
	using silence = new Silence(SHIM_MS);
	while (liveness(run.runFolder) === "alive" && !silence.isOver) {
		const shim = shimPid(run);
		if (shim !== undefined) return shim;
		await delay(LOOK_MS);
	}
	return undefined;
}

/** Waits for the main process of the present attempt. @returns undefined when there is none, or none after MAIN_MS */
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
