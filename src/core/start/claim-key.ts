/** Takes a request key for a job that is being started, or finds the job that was started with it. */
import * as crypto from "node:crypto";
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { ChoreError } from "../../../platform/errors.ts";
import { throwIfAborted } from "../abort.ts";
import type { Context } from "../context.ts";
import { take } from "../disk/claims.ts";
import { readText } from "../disk/files.ts";
import { claimMark } from "../disk/mark.ts";
import { isCreatorAlive } from "../disk/place.ts";
import { holderOfKey, keyFile, keyToReplace, type RequestKey, readKey } from "../disk/request-keys.ts";
import { jobFolder, markOf } from "../disk/session.ts";
import { refuseUnreadable } from "../disk/store.ts";
import { type Job, shortId } from "../job.ts";
import type { RequestOptions } from "../prepare/request.ts";
import { checkPrintable, type RunOptions } from "../prepare/spec.ts";
import { examine } from "../settle/settle.ts";

/** How often another start with the same key is looked at until it is over. */
const LOOK_EVERY_MS = 20;

/** The key of these options; undefined if they have none. @throws ChoreError INVALID_ARGUMENT */
export function requestKeyOf(options: RunOptions | RequestOptions): RequestKey | undefined {
	// The variables are those of wherever the caller runs, and another process may ask again.
	const { requestKey, environment, signal, onWarning, onFound, ...asked } = options;
	if (requestKey === undefined) return undefined;
	return { key: digest(checkPrintable("request key", requestKey, 64)), options: digest(canonical(asked)) };
}

/**
 * The job that has the key, once no process is starting it any more.
 * @returns undefined if there is none: none was started, it was refused, never begun by a process that died, or removed
 * @throws ChoreError KEY_REUSED, JOB_UNREADABLE; ABORTED by the signal
 */
export async function jobOfKey(context: Context, key: RequestKey, signal: AbortSignal | undefined): Promise<Job | undefined> {
	const holder = holderOfKey(context.session, key);
	return holder === undefined ? undefined : startedBy(context, key, holder, signal);
}

/**
 * Takes the key for a job whose active mark exists already.
 * @returns undefined on success, else the job that has it, as `jobOfKey`
 */
export async function claimKey(context: Context, key: RequestKey, id: string, signal: AbortSignal | undefined): Promise<Job | undefined> {
	for (;;) {
		const claim = keyToReplace(context.session, key);
		const job = claim.holder === undefined ? undefined : await startedBy(context, key, claim.holder, signal);
		if (job !== undefined) return job;
		// Again, since the other start may have taken longer than a mark counts.
		if (claim.holder !== undefined) claimMark(context.session, id);
		if (take(claim, id)) return undefined;
	}
}

async function startedBy(context: Context, key: RequestKey, id: string, signal: AbortSignal | undefined): Promise<Job | undefined> {
	const { session } = context;
	while (isCreatorAlive(readText(markOf(session, id))) && holderOfKey(session, key) === id) {
		throwIfAborted(signal, "the start");
		await delay(LOOK_EVERY_MS);
	}
	const folder = jobFolder(session, id);
	if (!existsSync(folder)) return undefined;
	const [job] = await examine(context, [id]);
	if (job === undefined || (job.state === "lost" && job.startedAt === null)) return undefined;
	const before = readKey(folder);
	if (before === undefined) return refuseUnreadable({ id, file: keyFile(folder), why: "it is damaged", newer: false });
	if (before.options === key.options) return job;
	throw new ChoreError("KEY_REUSED", `with this request key ${job.name} (${shortId(id)}) was started, and other options`, {
		hint: "take a new key for each job, and the same one only to ask again",
	});
}

/** The same text for the same options, in whatever order they are given. */
function canonical(options: Omit<RunOptions, "command"> | Omit<RequestOptions, "kind" | "url">): string {
	const data =
		"data" in options && options.data instanceof Uint8Array ? { base64: Buffer.from(options.data).toString("base64") } : undefined;
	return JSON.stringify(data === undefined ? options : { ...options, data }, (_, value: unknown) =>
		typeof value === "object" && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort()) : value,
	);
}

function digest(text: string): string {
	return crypto.createHash("sha256").update(text).digest("hex");
}
