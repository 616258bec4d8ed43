/** Makes the record of a run, with the platform's handle, and what the platform is told of it. Starts nothing. */
import type { Platform, RunSpec } from "../../../platform/contract.ts";
import { here, uptimeSeconds } from "../disk/place.ts";
import { jobFolder, runFolder, type Session, settingsFolder } from "../disk/session.ts";
import type { JobRecord, RunRecord, StoredRun } from "../disk/store.ts";
import { type Job, shortId } from "../job.ts";

/** The record of a run before its start. @throws ChoreError for an option that the platform refuses */
export function planRun(session: Session, platform: Platform, job: JobRecord, run: number, acknowledge: boolean): RunRecord {
	return {
		format: 1,
		run,
		...(job.settings === undefined ? {} : { settings: job.settings }),
		createdAtMs: Date.now(),
		createdUptimeSeconds: uptimeSeconds(),
		place: here(),
		handle: platform.plan(runSpec(session, job, run, acknowledge)),
	};
}

/** What the platform is told of a run. */
export function runSpec(session: Session, job: JobRecord, run: number, acknowledge: boolean): RunSpec {
	return {
		jobId: job.id,
		run,
		label: `${job.name}-${shortId(job.id)}`,
		description: job.description ?? `chore job ${job.name}`,
		jobFolder: jobFolder(session, job.id),
		start: `${settingsFolder(session, job.id, job.settings ?? 1)}/start`,
		runFolder: runFolder(session, job.id, run),
		limits: job.limits,
		restart: job.restart,
		stopping: job.stopping,
		native: job.native,
		acknowledge,
	};
}

/** The fields that every event of a run has. */
export function eventOf({ job, run }: StoredRun): Pick<Job, "id" | "run" | "name"> {
	return { id: job.id, run: run.run, name: job.name };
}
