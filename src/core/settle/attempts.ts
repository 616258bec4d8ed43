/**
 * Judges what the record of one attempt means for its run, when a restart policy allows several attempts. The platform
 * starts the attempts; nothing here does.
 */
import type { RestartPolicy } from "../../../platform/contract.ts";
import { type ExitRecord, parseExitRecord } from "../../../platform/exit-record.ts";
import { readTail } from "../disk/files.ts";
import { type Evidence, readEvidence, type StoredRun } from "../disk/store.ts";

/** Whether the platform may start another attempt after this one. If so, only the platform knows whether it will. */
export function mayRestart({ policy, max }: RestartPolicy, record: ExitRecord): boolean {
	if (policy === "no" || record.result === "session-ended") return false;
	return !isLast(max, record) && wantsRestart(policy, record);
}

/** Whether another attempt was only forbidden by the number of restarts. */
export function hitStartLimit({ policy, max }: RestartPolicy, record: ExitRecord): boolean {
	return policy !== "no" && isLast(max, record) && wantsRestart("on-failure", record);
}

/** Whether an attempt has begun after the one in the exit record. */
export function laterHasBegun({ policy }: RestartPolicy, { exit, started }: Evidence): boolean {
	if (policy === "no" || typeof exit !== "object" || started === null) return false;
	// After an attempt whose start script never began, `started` is still that of the attempt before.
	const isOlder =
		exit.pid === null && exit.uptimeSeconds !== null && started.uptimeSeconds !== null && started.uptimeSeconds <= exit.uptimeSeconds;
	return started.pid !== exit.pid && !isOlder;
}

/** Whether the start script of the present attempt has begun. */
export function hasBegun(restart: RestartPolicy, evidence: Evidence): boolean {
	return evidence.started !== null && (typeof evidence.exit !== "object" || laterHasBegun(restart, evidence));
}

/** The recorded ends of a run's latest attempts, oldest first. Of a long history only the last ATTEMPTS_BYTES. */
export function readAttempts({ job, folder }: StoredRun): readonly ExitRecord[] {
	if (job.restart.policy === "no") return [];
	const noted = readTail(`${folder}/attempts`, ATTEMPTS_BYTES)
		.split("\n")
		.map(parseExitRecord)
		.filter((record) => typeof record === "object");
	// The last end may be in the exit record only: on a full disk `attempts` cannot grow.
	const { exit } = readEvidence(folder);
	return typeof exit !== "object" || noted.at(-1)?.attempt === exit.attempt ? noted : [...noted, exit];
}

/** Several hundred lines. */
const ATTEMPTS_BYTES = 64 * 1024;

function isLast(max: number | null, { attempt }: ExitRecord): boolean {
	return max !== null && attempt > max;
}

/** The platform's policy, applied to this end. A time limit or lack of memory is a failure even with exit code 0. */
function wantsRestart(policy: "on-failure" | "always", { status, result }: ExitRecord): boolean {
	return policy === "always" || !("code" in status) || status.code !== 0 || result !== "success";
}
