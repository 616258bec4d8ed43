/**
 * Whether the manager may start the program of a run again: as long as its file `restarts` holds something, which is a
 * condition of the unit (see unit.ts). The hook empties it after the last attempt, `stop` before it signals. The manager's own
 * count and its own memory of a stop would not do: the first does not outlive daemon-reload (seen with systemd 252), and
 * the second knows only of a stop that was asked of the manager.
 */
import { statSync, truncateSync, writeFileSync } from "node:fs";
import type { RunSpec } from "../contract.ts";
import { ChoreError, errnoOf } from "../errors.ts";

/** The file, in the folder of the run: the policy and the greatest number of restarts, for the hook. */
export function restartsFile(runFolder: string): string {
	return `${runFolder}/restarts`;
}

/** Allows a run that is yet to be started what its policy says. @throws ChoreError STATE_UNUSABLE */
export function allowRestarts({ runFolder, restart: { policy, max } }: Pick<RunSpec, "runFolder" | "restart">): void {
	if (policy === "no") return;
	const path = restartsFile(runFolder);
	try {
		writeFileSync(path, `${policy} ${max ?? "unlimited"}\n`, { mode: 0o600 });
	} catch (error) {
		throw new ChoreError("STATE_UNUSABLE", `cannot write ${path}: ${errnoOf(error)}`, { cause: error });
	}
}

/** From here on no further attempt begins. @throws ChoreError STATE_UNUSABLE */
export function forbidRestarts(runFolder: string): void {
	const path = restartsFile(runFolder);
	try {
		truncateSync(path);
	} catch (error) {
		if (errnoOf(error) === "ENOENT") return; // there never was more than one attempt, or the job was removed
		throw new ChoreError("STATE_UNUSABLE", `cannot keep the job from being started again, by ${path}: ${errnoOf(error)}`, { cause: error });
	}
}

/** Whether another attempt may follow the present one. */
export function mayStartAgain(runFolder: string): boolean {
	return (statSync(restartsFile(runFolder), { throwIfNoEntry: false })?.size ?? 0) > 0;
}
