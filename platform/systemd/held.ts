/** Whether a run is paused: it has a note and its main process is stopped. The manager does not know. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { ChoreError, errnoOf } from "../errors.ts";
import { readSettledAt } from "../settled-read.ts";
import { isStopped } from "./processes.ts";

/** Notes that a run is about to be paused. Without the note it counts as not paused. @throws ChoreError STATE_UNUSABLE */
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
		// Harmless: with the note, the main process is looked at, and that is not stopped.
	}
}

/** Whether the run was paused and not resumed since. */
function hasNote(runFolder: string): boolean {
	return existsSync(noteIn(runFolder));
}

/** Whether the run has the note and its main process is stopped at this moment. */
export function isHeld(runFolder: string): boolean {
	if (!hasNote(runFolder)) return false;
	const pid = mainPid(runFolder);
	return pid !== undefined && isStopped(pid);
}

function noteIn(runFolder: string): string {
	return `${runFolder}/paused`;
}

/** The pid that the start script wrote into `started`; undefined before that. */
export function mainPid(runFolder: string): number | undefined {
	try {
		const found = /^[0-9]+/.exec(readSettledAt(`${runFolder}/started`));
		return found === null ? undefined : Number(found[0]);
	} catch {
		return undefined;
	}
}
