/** Whether a run is held, told by its own processes and not by the manager, who knows nothing of it. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { ChoreError, errnoOf } from "../errors.ts";
import { isStopped } from "./processes.ts";

/** Notes that a run is about to be held: only runs with this note are looked at more closely. @throws ChoreError STATE_UNUSABLE */
export function noteHeld(runFolder: string): void {
	try {
		writeFileSync(noteIn(runFolder), "", { mode: 0o600 });
	} catch (error) {
		throw new ChoreError("STATE_UNUSABLE", `cannot write ${noteIn(runFolder)}: ${errnoOf(error)}`, { cause: error });
	}
}

export function dropNote(runFolder: string): void {
	try {
		rmSync(noteIn(runFolder), { force: true });
	} catch {
		// It only costs a closer look: whether the run is held is seen by its main process.
	}
}

/** Whether the run was held at some time and not let go since. */
export function hasNote(runFolder: string): boolean {
	return existsSync(noteIn(runFolder));
}

/** Whether the main process of a run is held at this moment. */
export function isHeld(runFolder: string): boolean {
	if (!hasNote(runFolder)) return false;
	const pid = mainPid(runFolder);
	return pid !== undefined && isStopped(pid);
}

function noteIn(runFolder: string): string {
	return `${runFolder}/paused`;
}

/** As the start script wrote it down. */
function mainPid(runFolder: string): number | undefined {
	try {
		const found = /^[0-9]+/.exec(readFileSync(`${runFolder}/started`, "latin1"));
		return found === null ? undefined : Number(found[0]);
	} catch {
		return undefined;
	}
}
