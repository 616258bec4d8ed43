import { setTimeout as delay } from "node:timers/promises";
import { v7 as uuid } from "uuid";
import type { Platform } from "../../../platform/contract.ts";
import { ChoreError, isChoreError } from "../../../platform/errors.ts";
import { throwIfAborted, untilAborted } from "../abort.ts";
import type { Context } from "../context.ts";
import { stop } from "../control/stop.ts";
import { readText } from "../disk/files.ts";
import { note, recordCreation } from "../disk/ledger.ts";
import { claimMark } from "../disk/mark.ts";
import { isCreatorAlive } from "../disk/place.ts";
import { randomBytes } from "../disk/random.ts";
import { holderOfKey } from "../disk/request-keys.ts";
import { makeSession, markOf } from "../disk/session.ts";
import type { StoredRun } from "../disk/store.ts";
import { hasEnded, type Job, shortId } from "../job.ts";
import { checkSize } from "../prepare/argument-size.ts";
import { findCurl } from "../prepare/curl.ts";
import { jobEnvironment, ownEnvironment } from "../prepare/environment.ts";
import { checkIdentity, environmentAs, findIdentity } from "../prepare/identity.ts";
import { checkDirectory, checkInput, findProgram } from "../prepare/precheck.ts";
import { isRequest, prepareRequest, type RequestOptions } from "../prepare/request.ts";
import { callerLimits } from "../prepare/resource-limits.ts";
import { checkCapabilities, normalise, type RunOptions, type Spec } from "../prepare/spec.ts";
import { startScript } from "../prepare/start-script.ts";
import { endSchedule } from "../settle/scheduled.ts";
import { examine } from "../settle/settle.ts";
import { claimKey, jobOfKey, requestKeyOf } from "./claim-key.ts";
import { claimFreeName, claimName } from "./claim-name.ts";
import { launch } from "./launch.ts";
import { type Draft, discard, writeJob } from "./new-job.ts";
import { eventOf } from "./plan.ts";
import { checkRoom } from "./room.ts";
import { arrange } from "./schedule.ts";

/** In messages. */
const START = "the start";

/** Makes the files of a job of which no run is started, and what starts its runs. After an error it is unmarked and deleted. */
export type Place = (platform: Platform, draft: Draft) => Promise<Job>;

/** @see Chore.run in chore.ts */
export async function run(context: Context, asked: RunOptions | RequestOptions, place?: Place): Promise<Job> {
	const { session } = context;
	const key = requestKeyOf(asked);
	const found = key && (await jobOfKey(context, key, asked.signal));
	if (found !== undefined) {
		asked.onFound?.();
		return found;
	}
	const request = isRequest(asked) ? prepareRequest(asked) : undefined;
	const options = request?.options ?? (asked as RunOptions);
	const { signal } = options;
	const spec = normalise(options, context);
	const platform = await context.platforms.choose(context);
	await checkCapabilities(spec, options, platform);
	platform.check(spec);
	checkDirectory(spec.directory);
	if (typeof spec.stdin === "object") checkInput(spec.stdin.file);
	const identity = findIdentity(options.user, options.group);
	const { environment: given } = options;
	const callers = given === undefined ? ownEnvironment() : { variables: Object.entries(given), unknown: [] };
	const { environment, dropped } = jobEnvironment({
		from: identity === undefined ? callers : environmentAs(identity, callers),
		clean: options.cleanEnvironment ?? false,
		set: options.setEnvironment ?? {},
	});
	if (dropped.length > 0) options.onWarning?.(`left out, since their values may not be valid UTF-8: ${dropped.join(", ")}`);
	const path = environment.get("PATH");
	const program = request === undefined ? findProgram(spec.command[0], spec.directory, path) : await findCurl(spec.directory, path);
	const limits = callerLimits();
	// The platform's own options may set another limit of the stack.
	const stack = Object.keys(spec.native).length === 0 ? limits.find(({ flags }) => flags.includes("-s"))?.soft : undefined;
	checkSize(spec.command, environment, stack);
	if (identity !== undefined) checkIdentity(identity, program);
	throwIfAborted(signal, START);
	makeSession(session);
	await checkRoom(context);

	const id = uuid({ random: randomBytes(16) });
	const acknowledge = options.acknowledge ?? true;
	claimMark(session, id);
	let name: string | undefined;
	let stored: StoredRun;
	try {
		const present = key && (await claimKey(context, key, id, signal));
		if (present !== undefined) options.onFound?.();
		const taken = present ?? (await takeName(context, spec, options, id));
		if (typeof taken === "object") {
			discard(session, id, undefined, key);
			return taken;
		}
		name = taken;
		// From here to the request nothing else gets a turn.
		throwIfAborted(signal, START);
		if (key !== undefined && holderOfKey(session, key) !== id) {
			// This process was held up for so long that another one has taken the key.
			discard(session, id, name, key);
			return run(context, asked, place);
		}
		const script = startScript({
			...spec,
			jobId: id,
			program,
			arguments: request?.words ?? spec.command.slice(1),
			script: request?.script,
			environment,
			limits,
			become: identity?.command ?? [],
			stopSignal: spec.stopping.signal,
		});
		const draft: Draft = { spec, id, name, program, script, acknowledge, request, key };
		if (place !== undefined) return await place(platform, draft);
		if (spec.schedule !== undefined) return await arrange(context, platform, draft, spec.schedule, options);
		stored = writeJob(session, platform, draft);
		recordCreation(session, stored.job, 1);
	} catch (error) {
		if (place !== undefined || spec.schedule !== undefined) await endSchedule(context, id);
		discard(session, id, name, key);
		throw error;
	}
	const launched = launch(context, platform, stored, options, (refusal) => {
		discard(session, id, name, key);
		note(session, eventOf(stored), "removed", { reason: refusal instanceof Error ? refusal.message.slice(0, 500) : null });
	});
	return untilAborted(context, signal, START, launched);
}

/** How long to wait for a process that is at work on an ended job with the same name, and how often to look. */
const LET_GO_MS = 5_000;
const LOOK_EVERY_MS = 10;

/** How often a name may be lost to other processes before the start gives up. */
const ROUNDS = 10;

/** Takes the name of the new job. @returns the name; or the active job that holds it, with `ifRunning: "skip"` */
async function takeName(context: Context, spec: Spec, options: RunOptions, id: string): Promise<string | Job> {
	if (spec.name === undefined) return claimFreeName(context.session, spec.defaultName, id);
	let deadlineMs: number | undefined;
	let taken = 0; // how often another process took the free name first
	for (;;) {
		throwIfAborted(options.signal, START);
		const holder = await claimName(context, spec.name, id);
		if (holder === undefined) return spec.name;
		const [found] = await examine(context, [holder]);
		const mark = readText(markOf(context.session, holder));
		const isOver = found === undefined ? mark === undefined : hasEnded(found);
		if (isOver && !isCreatorAlive(mark) && ++taken < ROUNDS) continue; // it ended meanwhile, and the name is free
		// It has ended, and another process is settling it or starting it again. That does not take long.
		deadlineMs ??= performance.now() + LET_GO_MS;
		if (isOver && performance.now() < deadlineMs) {
			await delay(LOOK_EVERY_MS);
			continue;
		}
		const job = isOver ? undefined : found;
		if (job !== undefined && job.schedule !== null && options.ifRunning !== "skip") refuseScheduled(job);
		if (options.ifRunning === "skip" && job !== undefined && job.state !== "unknown") return job;
		if (options.ifRunning !== "replace" && job?.state === "unknown") refuseUnknown(job);
		if (options.ifRunning !== "replace" || job === undefined || ++taken > ROUNDS) {
			throw new ChoreError(
				"NAME_IN_USE",
				`the name "${spec.name}" is in use by a job that is ${job?.state ?? "being started"} (${shortId(holder)})`,
				{
					hint: `take another name, stop it with \`chore stop ${spec.name}\`, or say what to do: --if-running skip|replace|attach`,
				},
			);
		}
		await stopUnlessGone(context, holder, options.signal);
		deadlineMs = undefined;
		claimMark(context.session, id); // again, since the stop may have taken longer than a mark counts
	}
}

/** For a name whose holder may run or not. @throws ChoreError NAME_IN_USE */
function refuseUnknown({ id, name, reason }: Job): never {
	throw new ChoreError("NAME_IN_USE", `the name "${name}" is in use by a job that is unknown (${shortId(id)}): ${reason}`, {
		hint: `take another name; or, if that job is gone for good, \`chore rm -f ${shortId(id)}\` forgets it`,
	});
}

/** For a name whose holder is run by a schedule, which a stop does not end. @throws ChoreError NAME_IN_USE */
function refuseScheduled({ id, name }: Job): never {
	throw new ChoreError("NAME_IN_USE", `the name "${name}" is in use by a job with a schedule (${shortId(id)})`, {
		hint: `take another name, or end that schedule: chore rm ${name}`,
	});
}

/** Stops a job. One that was removed meanwhile is not an error: its name is free, too. */
async function stopUnlessGone(context: Context, id: string, signal: AbortSignal | undefined): Promise<void> {
	try {
		await stop(context, id, { signal });
	} catch (error) {
		if (!isChoreError(error) || error.code !== "JOB_NOT_FOUND") throw error;
	}
}
