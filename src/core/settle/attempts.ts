/**
 * Attempts: the executions of one run, where a restart policy makes it more than one. The platform starts them; here is
 * judged what the record of one means for the run.
 */
import type { RestartPolicy } from "../../../platform/contract.ts";
import { type ExitRecord, parseExitRecord } from "../../../platform/exit-record.ts";
import { readTail } from "../disk/files.ts";
import { type Evidence, readEvidence, type StoredRun } from "../disk/store.ts";

/** Whether the platform may start another attempt after this one. Where it may, only the platform knows whether it will. */
export function mayRestart({ policy, max }: RestartPolicy, record: ExitRecord): boolean {
	if (policy === "no" || record.result === "session-ended") return false;
	return !isLast(max, record) && wantsRestart(policy, record);
}

/** Whether it was only the number of restarts that forbade another. */
export function hitStartLimit({ policy, max }: RestartPolicy, record: ExitRecord): boolean {
	return policy !== "no" && isLast(max, record) && wantsRestart("on-failure", record);
}

/** Whether an attempt has begun that the exit record knows nothing of. */
export function laterHasBegun({ policy }: RestartPolicy, { exit, started }: Evidence): boolean {
	if (policy === "no" || typeof exit !== "object" || started === null) return false;
	// An attempt that never came to its main process left the sign of the one before it.
	const isOlder =
		exit.pid === null && exit.uptimeSeconds !== null && started.uptimeSeconds !== null && started.uptimeSeconds <= exit.uptimeSeconds;
	return started.pid !== exit.pid && !isOlder;
}

/** Whether the attempt that is not over has come to its start script. */
export function hasBegun(restart: RestartPolicy, evidence: Evidence): boolean {
	return evidence.started !== null && (typeof evidence.exit !== "object" || laterHasBegun(restart, evidence));
}

/** The latest attempts of a run whose ends were noted, oldest first: of a long history only the end. */
export function readAttempts({ job, folder }: StoredRun): readonly ExitRecord[] {
	if (job.restart.policy === "no") return [];
	const noted = readTail(`${folder}/attempts`, ATTEMPTS_BYTES)
		.split("\n")
		.map(parseExitRecord)
		.filter((record) => typeof record === "object");
	// The last end stands in the exit record first, and on a full disk nowhere else.
	const { exit } = readEvidence(folder);
	return typeof exit !== "object" || noted.at(-1)?.attempt === exit.attempt ? noted : [...noted, exit];
}

/** Some hundred lines. */
const ATTEMPTS_BYTES = 64 * 1024;

function isLast(max: number | null, { attempt }: ExitRecord): boolean {
	return max !== null && attempt > max;
}

/** systemd calls an end by the time limit or for want of memory a failure also where the exit code is 0. */
function wantsRestart(policy: "on-failure" | "always", { status, result }: ExitRecord): boolean {
	return policy === "always" || !("code" in status) || status.code !== 0 || result !== "success";
}
