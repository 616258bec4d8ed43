/** The files of a new job: made all at once, and deleted again if the job could not be started. */
import { renameSync } from "node:fs";
import type { Platform } from "../../../platform/contract.ts";
import { makeFolder, refuse, removeQuietly, writeNew } from "../disk/files.ts";
import { forgetName } from "../disk/names.ts";
import { forgetKey, keyFile, keyText, type RequestKey } from "../disk/request-keys.ts";
import { jobFolder, markOf, runFolder, type Session } from "../disk/session.ts";
import type { JobRecord, StoredRun } from "../disk/store.ts";
import type { PreparedRequest } from "../prepare/request.ts";
import type { Spec } from "../prepare/spec.ts";
import { writeRun } from "./lay-out.ts";
import { planRun } from "./plan.ts";

/** What a new job is made of. */
export interface Draft {
	readonly spec: Spec;
	readonly id: string;
	readonly name: string;
	readonly program: string;
	readonly script: Buffer;
	readonly acknowledge: boolean;
	readonly request: PreparedRequest | undefined;
	readonly key: RequestKey | undefined;
}

/** Makes a job and its first run. */
export function writeJob(session: Session, platform: Platform, draft: Draft): StoredRun {
	const job = jobRecord(draft);
	const run = planRun(session, platform, job, 1, draft.acknowledge);
	placeJob(session, job, draft, (aside) => {
		makeFolder(`${aside}/runs/1`);
		writeRun(`${aside}/runs/1`, job, run);
	});
	return { job, run, folder: runFolder(session, job.id, 1) };
}

export function jobRecord({ spec, id, name, program, request }: Omit<Draft, "key">): JobRecord {
	return {
		format: 2,
		id,
		name,
		createdAtMs: Date.now(),
		command: spec.command,
		program,
		directory: spec.directory,
		description: spec.description,
		tag: spec.tag,
		...(spec.origin === undefined ? {} : { origin: spec.origin }),
		output: spec.output,
		...(spec.relay ? { relay: true } : {}),
		stdin: spec.stdin,
		limits: spec.limits,
		restart: spec.restart,
		stopping: spec.stopping,
		native: spec.native,
		...(request === undefined ? {} : { request: request.record }),
	};
}

/**
 * Makes the files of the job in the trash and renames the folder into place, so that no reader sees half of it.
 * @param more makes those beside the record and the script, in that folder
 */
export function placeJob(session: Session, job: JobRecord, { script, request, key }: Draft, more: (aside: string) => void): void {
	const aside = `${session.trash}/new-${job.id}`;
	makeFolder(aside);
	makeFolder(`${aside}/runs`);
	writeNew(`${aside}/job.json`, `${JSON.stringify(job)}\n`);
	writeNew(`${aside}/start`, script);
	const words = tellWords(job);
	if (words !== undefined) writeNew(`${aside}/tell`, words);
	if (key !== undefined) writeNew(keyFile(aside), keyText(key));
	for (const [file, content] of Object.entries(request?.files ?? {})) writeNew(`${aside}/${file}`, content);
	more(aside);
	try {
		renameSync(aside, jobFolder(session, job.id));
	} catch (error) {
		refuse(jobFolder(session, job.id), error);
	}
}

/** All that a shell counts with has to be less than this. */
const MOST = 2 ** 31;

/** What whoever records an end needs to tell it in the ledger; see platform/tell.sh. Undefined if only the core is to tell it. */
function tellWords({ name, restart, limits, relay }: JobRecord): string | undefined {
	const max = restart.policy === "no" ? null : restart.max;
	const numbers = [max, limits.timeoutMs === null ? null : Math.round(limits.timeoutMs)];
	if (relay || numbers.some((number) => number !== null && number >= MOST)) return undefined;
	return `${[name, ...numbers.map((number) => number ?? "-")].join(" ")}\n`;
}

/**
 * Deletes everything of a job that was not started. Ignores errors: the reason of the failed start is reported.
 * @param name undefined if the job has none yet
 * @param key undefined if it was asked for without one
 */
export function discard(session: Session, id: string, name: string | undefined, key: RequestKey | undefined): void {
	const folder = jobFolder(session, id);
	try {
		renameSync(folder, `${session.trash}/${id}`);
	} catch {}
	try {
		if (name !== undefined) forgetName(session, name, id);
		if (key !== undefined) forgetKey(session, key, id);
	} catch {} // the next start that wants the name or the key finds that its holder is gone
	for (const leftover of [`${session.trash}/${id}`, `${session.trash}/new-${id}`, markOf(session, id)]) removeQuietly(leftover);
}
