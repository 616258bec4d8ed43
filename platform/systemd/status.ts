/** Translates what systemd says of units into observations and ends of runs. Pure. */
import type { ExitStatus, Observation, ObservedEnd, PlatformResult } from "../contract.ts";
import { signalName } from "../exit-record.ts";

/** One row of ListUnitsByNames (org.freedesktop.systemd1(5)). */
export interface UnitRow {
	readonly name: string;
	readonly description: string;
	readonly activeState: string;
	readonly subState: string;
	readonly path: string;
	/** The manager job that is queued for the unit; 0 if there is none. */
	readonly managerJobId: number;
}

/** What a row says: an observation, or that the run has no unit, or that the properties of its failed unit must be read. */
export type RowVerdict = Exclude<Observation, { readonly kind: "absent" | "ended" }> | "gone" | "failed";

/** systemd's exit codes for a program that it could not execute (systemd.exec(5), "Process Exit Codes"). */
const LEAST_SYSTEMD_CODE = 200;
const GREATEST_SYSTEMD_CODE = 243;

/** The status of a run for which the manager could not make a process: the exit code of chore's own errors. */
const NEVER_RAN: ExitStatus = { code: 125 };

/** @see waitid(2), `si_code`, which is what ExecMainCode holds */
const CLD_EXITED = 1;
const CLD_KILLED = 2;
const CLD_DUMPED = 3;

/** Reads the answer of ListUnitsByNames or ListUnitsByPatterns. */
export function parseRows(answer: unknown): readonly UnitRow[] {
	return (answer as readonly (readonly unknown[])[]).map((row) => ({
		name: String(row[0]),
		description: String(row[1]),
		activeState: String(row[3]),
		subState: String(row[4]),
		path: String(row[6]),
		managerJobId: Number(row[7]),
	}));
}

/**
 * Judges the run with this token by the row of its unit.
 *
 * @returns "gone" when there is no unit, or it is another run's; "failed" when `readEnd` must read the properties
 */
export function judgeRow(row: UnitRow | undefined, token: string): RowVerdict {
	if (row === undefined || !row.description.endsWith(token)) return "gone";
	switch (row.activeState) {
		case "active":
		case "reloading":
		case "refreshing":
			return { kind: "running", paused: false };
		case "activating":
			return isWaiting(row) ? { kind: "queued" } : { kind: "running", paused: false };
		case "deactivating":
			return { kind: "stopping" };
		case "inactive":
			return row.managerJobId === 0 ? "gone" : { kind: "queued" };
		case "failed":
			return row.managerJobId === 0 ? "failed" : { kind: "queued" };
		default:
			return { kind: "stopping" };
	}
}

/** Whether the unit is between two attempts. */
export function isWaiting({ subState }: Pick<UnitRow, "subState">): boolean {
	return subState.startsWith("auto-restart");
}

/** Whether the hook is running: do not signal it. Processes that the run left may be there as well. */
export function isRecording(subState: string): boolean {
	return subState.startsWith("stop-post");
}

/**
 * How the run of a failed unit ended.
 *
 * @param properties of the interfaces Unit and Service
 * @param started whether the start script began; see hasStarted
 */
export function readEnd(properties: Readonly<Record<string, unknown>>, started: boolean): ObservedEnd {
	const status = exitStatus(Number(properties["ExecMainCode"]), Number(properties["ExecMainStatus"]));
	const exitedAtUs = properties["ExecMainExitTimestamp"];
	const endedAtMs = typeof exitedAtUs === "bigint" && exitedAtUs > 0n ? Number(exitedAtUs / 1000n) : null;
	if (status === undefined) return { status: NEVER_RAN, result: "start-failed", endedAtMs };
	return {
		status,
		result: isExecFailure(status) && !started ? "start-failed" : endResult(String(properties["Result"]), status),
		endedAtMs,
	};
}

function isExecFailure(status: ExitStatus): boolean {
	return "code" in status && status.code >= LEAST_SYSTEMD_CODE && status.code <= GREATEST_SYSTEMD_CODE;
}

function exitStatus(code: number, status: number): ExitStatus | undefined {
	if (code === CLD_EXITED) return { code: status };
	if (code !== CLD_KILLED && code !== CLD_DUMPED) return undefined;
	return { signal: signalName(status) ?? `SIG${status}` };
}

/** Result= may be about the hook instead of the main process, so only words that a status cannot cause are taken from it. */
function endResult(word: string, status: ExitStatus): PlatformResult {
	switch (word) {
		case "timeout":
		case "watchdog":
			return "timeout";
		case "oom-kill":
			return "oom-kill";
		case "start-limit-hit":
			return "start-limit";
		default:
			if ("signal" in status) return "signal";
			return status.code === 0 ? "success" : "exit-code";
	}
}
