/** Waits for the end of a run. Wakes at writes to its exit record and callbacks of its platform; polls only where these may be missed. */
import { ChoreError, isChoreError } from "../../../platform/errors.ts";
import { LONGEST_TIMER_MS } from "../../../platform/silence.ts";
import type { Context } from "../context.ts";
import { FileWatch } from "../disk/file-watch.ts";
import { distanceOf } from "../disk/place.ts";
import { isUnreadable, readEvidence, readStoredRun, refuseRun, type StoredRun } from "../disk/store.ts";
import { hasEnded, type Job, type JobState, shortId } from "../job.ts";
import { byRecord, examine, precedesOutput } from "../settle/settle.ts";

/** Which run `Chore.wait` waits for, and for how long. */
export interface WaitOptions {
	/** The number of the run. Default: the latest at the time of the call. Runs that are started later are not waited for. */
	readonly run?: number | undefined;
	/** Gives up with TIMED_OUT after this many milliseconds; the job goes on. */
	readonly timeoutMs?: number | undefined;
	/** Gives up with ABORTED when this signal is raised. */
	readonly signal?: AbortSignal | undefined;
}

/** What only the core asks of a wait. */
interface Looking {
	/** Called with the run as its platform has just been seen to have it, whenever the platform was asked. */
	readonly looked?: (job: Job) => void;
}

/**
 * How often the record is read and the platform asked when events may be missed: the run is being started, the state folder
 * is on a network file system, or the platform cannot be watched.
 */
const READ_EVERY_MS = 2000;
const ASK_EVERY_MS = 10_000;

/** How often a run is looked at that causes no events: it is `unknown` or has lost its supervision. */
const UNWATCHED_MS = 500;

/** How long a platform may be out of reach before the wait ends with JOB_UNKNOWN. */
const PATIENCE_MS = 5000;

/** @see Chore.wait in chore.ts */
export async function waitForEnd(context: Context, id: string, options: WaitOptions & Looking = {}): Promise<Job> {
	const stored = readStoredRun(context.session, id, options.run);
	if (stored === undefined) return gone(id);
	if (isUnreadable(stored)) return refuseRun(context.session, stored, options.run);
	if (stored.run.run === 0)
		throw new ChoreError("JOB_NOT_ACTIVE", `${stored.job.name} (${shortId(id)}) has not run yet`, {
			hint: "`chore schedule` shows when it will",
		});
	await using hints = new Hints(context, stored);
	const deadlineMs = options.timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + options.timeoutMs;
	let askedAtMs = Number.NEGATIVE_INFINITY;
	let silentSinceMs: number | undefined;
	let isSteady = false;
	let asked = true; // ask the platform at first: the run may have ended without a record
	for (;;) {
		const recorded = precedesOutput(context.session, stored) ? undefined : await byRecord(context, stored);
		if (recorded === "removed") return gone(id);
		let job = recorded;
		const now = performance.now();
		if (job === undefined && (asked || now - askedAtMs >= ASK_EVERY_MS)) {
			[job] = await examine(context, [id]);
			if (job === undefined) return gone(id);
			// A later run exists, so this one has ended and its end is written down, if it could be.
			if (job.run !== stored.run.run) return endBefore(context, stored, job);
			askedAtMs = performance.now();
			isSteady = hasEvents(job);
			options.looked?.(job);
		}
		if (job !== undefined && hasEnded(job)) return job;
		if (job?.state === "unknown") {
			silentSinceMs ??= now;
			if (now - silentSinceMs >= PATIENCE_MS || !(await mayAnswer(context, stored))) {
				throw new ChoreError("JOB_UNKNOWN", `cannot wait for ${job.name} (${shortId(id)}): ${job.reason}`, {
					hint: "`chore doctor` shows what can be reached",
				});
			}
		} else if (job !== undefined) silentSinceMs = undefined;
		if (options.signal?.aborted) throw new ChoreError("ABORTED", "the wait was given up", { cause: options.signal.reason });
		const leftMs = deadlineMs - performance.now();
		if (leftMs <= 0) {
			throw new ChoreError("TIMED_OUT", `${stored.job.name} (${shortId(id)}) was not over after ${options.timeoutMs} ms`, {
				hint: "the job goes on",
			});
		}
		const unwatched = job !== undefined && isUnwatched(job);
		const lookMs = unwatched ? UNWATCHED_MS : isSteady && hints.areReliable ? Number.POSITIVE_INFINITY : READ_EVERY_MS;
		asked = (await hints.next(Math.min(leftMs, lookMs), options.signal)) === "platform" || unwatched;
	}
}

/** How a run ended after which a later one was started. @throws ChoreError JOB_UNKNOWN when its end was not written down */
async function endBefore(context: Context, stored: StoredRun, later: Job): Promise<Job> {
	const job = await byRecord(context, stored);
	if (job === "removed") return gone(later.id);
	if (job !== undefined && hasEnded(job)) return job;
	throw new ChoreError("JOB_UNKNOWN", `how run ${stored.run.run} of ${later.name} (${shortId(later.id)}) ended is not known`, {
		hint: `it was not written down; run ${later.run} has been started since`,
	});
}

/** States that a run leaves only with an event. */
const STEADY: ReadonlySet<JobState> = new Set<JobState>(["running", "paused", "stopping"]);

/** Whether an event tells how the run goes on. One that is queued with a reason waits for its next attempt. */
function hasEvents({ state, reason }: Job): boolean {
	return reason === null ? STEADY.has(state) : state === "queued";
}

/** Whether none does, and nobody knows for how long. */
function isUnwatched({ state, reason }: Job): boolean {
	return state === "unknown" || (reason !== null && state !== "queued");
}

/** Whether a platform that is out of reach may come back: false for a run that was started elsewhere, or whose record is damaged. */
async function mayAnswer(context: Context, stored: StoredRun): Promise<boolean> {
	return distanceOf(stored) === "here" && (await byRecord(context, stored)) === undefined;
}

function gone(id: string): never {
	throw new ChoreError("JOB_NOT_FOUND", `job ${id} was removed while it was waited for`);
}

/** Collects the hints that a run may have ended, or begun an attempt: writes to its files, and callbacks of its platform. */
class Hints implements AsyncDisposable {
	readonly #record: FileWatch;
	/** Written when an attempt begins. Not watched if none will. */
	readonly #begun: FileWatch | undefined;
	readonly #platform: Promise<AsyncDisposable | undefined>;
	#isPlatformWatched = false;
	#pending: "record" | "platform" | undefined;
	#wake: (() => void) | undefined;

	constructor(context: Context, stored: StoredRun) {
		const isRestarted = stored.job.restart.policy !== "no";
		const isLast = !isRestarted && readEvidence(stored.folder).started !== null;
		// The platform is asked after the end of an attempt, too, for another may follow.
		this.#record = new FileWatch(`${stored.folder}/exit`, () => this.#give(isRestarted ? "platform" : "record"));
		this.#begun = isLast ? undefined : new FileWatch(`${stored.folder}/started`, () => this.#give("platform"));
		this.#platform = this.#watchPlatform(context, stored);
	}

	/** Whether every end, and every beginning of an attempt, causes a hint. */
	get areReliable(): boolean {
		return this.#record.isReliable && this.#begun?.isReliable !== false && this.#isPlatformWatched;
	}

	/** Waits for the next hint; "time" when none came. Of two hints "platform" is returned. */
	async next(timeoutMs: number, signal: AbortSignal | undefined): Promise<"record" | "platform" | "time"> {
		if (this.#pending === undefined && !signal?.aborted) {
			const { promise, resolve } = later();
			this.#wake = resolve;
			const timer = timeoutMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(resolve, Math.min(timeoutMs, LONGEST_TIMER_MS));
			signal?.addEventListener("abort", resolve, { once: true });
			await promise;
			clearTimeout(timer);
			signal?.removeEventListener("abort", resolve);
			this.#wake = undefined;
		}
		const hint = this.#pending ?? "time";
		this.#pending = undefined;
		return hint;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.#record[Symbol.dispose]();
		this.#begun?.[Symbol.dispose]();
		await (await this.#platform)?.[Symbol.asyncDispose]();
	}

	#give(hint: "record" | "platform"): void {
		if (this.#pending !== "platform") this.#pending = hint;
		this.#wake?.();
	}

	async #watchPlatform(context: Context, stored: StoredRun): Promise<AsyncDisposable | undefined> {
		try {
			const platform = await context.platforms.get(stored.run.handle.platform);
			const watch = await platform.watch([stored.run.handle], () => this.#give("platform"));
			// A new watch calls back once in any case, so the waiter looks again and then sees that hints are reliable.
			this.#isPlatformWatched = true;
			return watch;
		} catch (error) {
			if (!isChoreError(error)) throw error;
			return undefined; // out of reach: the record is read every READ_EVERY_MS
		}
	}
}

function later(): { readonly promise: Promise<void>; readonly resolve: () => void } {
	let resolve = (): void => {};
	const promise = new Promise<void>((settle) => {
		resolve = () => settle();
	});
	return { promise, resolve };
}
