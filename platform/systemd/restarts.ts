/**
 * The file `restarts` of a run: the manager starts another attempt only while it is not empty, which is a condition of the
 * unit (see unit.ts). The hook empties it after the last attempt; `stop` empties it before it signals. The manager's own
 * count of starts is not used, since it is lost by daemon-reload (seen with systemd 252), nor its own record of a stop,
 * since it only knows of stops by StopUnit.
 */
import { statSync, truncateSync, writeFileSync } from "node:fs";
import type { RunSpec } from "../contract.ts";
import { ChoreError, errnoOf } from "../errors.ts";

/** The path of the file. It holds the policy and the greatest number of restarts, which the hook reads. */
export function restartsFile(runFolder: string): string {
	return `${runFolder}/restarts`;
}

/** Makes the file. Called before the start; does nothing for policy "no". @throws ChoreError STATE_UNUSABLE */
export function allowRestarts(run: Pick<RunSpec, "runFolder" | "restart">): void {
	const text = restartsText(run);
	if (text === undefined) return;
	const path = restartsFile(run.runFolder);
	try {
		writeFileSync(path, `${text}\n`, { mode: 0o600 });
	} catch (error) {
		throw new ChoreError("STATE_UNUSABLE", `cannot write ${path}: ${errnoOf(error)}`, { cause: error });
	}
}

/** Its line; undefined for policy "no". */
export function restartsText({ restart: { policy, max } }: Pick<RunSpec, "restart">): string | undefined {
	return policy === "no" ? undefined : `${policy} ${max ?? "unlimited"}`;
}

/** Empties the file: no further attempt begins after this. @throws ChoreError STATE_UNUSABLE */
export function forbidRestarts(runFolder: string): void {
	const path = restartsFile(runFolder);
	try {
		truncateSync(path);
	} catch (error) {
		if (errnoOf(error) === "ENOENT") return; // the policy is "no", or the job was removed
		throw new ChoreError("STATE_UNUSABLE", `cannot keep the job from being started again, by ${path}: ${errnoOf(error)}`, { cause: error });
	}
}

/** Whether another attempt may follow the present one. */
export function mayStartAgain(runFolder: string): boolean {
	return (statSync(restartsFile(runFolder), { throwIfNoEntry: false })?.size ?? 0) > 0;
}
