/** Sees to it that the ends of jobs are written to the ledger while somebody follows it: once for all who do in this process. */
import { setMaxListeners } from "node:events";
import { isChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { waitForEnd } from "../control/wait.ts";
import { FolderWatch } from "../disk/file-watch.ts";
import { activeIds } from "../disk/session.ts";
import { latestRun } from "../disk/store.ts";
import { hasEnded, type Job } from "../job.ts";

/** Somebody who follows a session. */
export interface Follower {
	/** Called when `survey` is due, and perhaps more often. */
	readonly ring: () => void;
	/** Called with each active job, and again when it is in a new state or attempt. */
	readonly changed: (job: Job) => void;
}

/** How often the ledger and the active jobs are looked at where the file system does not report all changes. */
export const LOOK_EVERY_MS = 10_000;

const present = new WeakMap<Context, Witness>();

/** The witness of a session, made for the first who follows it. To be left with `leave`. */
export function witnessFor(context: Context, follower: Follower): Witness {
	const witness = present.get(context) ?? new Witness(context);
	present.set(context, witness);
	witness.join(follower);
	return witness;
}

/** Waits for the end of every active run, so that it is settled and its event written. */
export class Witness {
	readonly #context: Context;
	readonly #stopped = new AbortController();
	readonly #followers = new Set<Follower>();
	readonly #marks: FolderWatch;
	readonly #watched = new Map<string, Promise<void>>();
	/** Each job that is watched, as it was told last. */
	readonly #told = new Map<string, Job>();
	#surveyedAtMs = Number.NEGATIVE_INFINITY;
	/** Whether active jobs may exist that are not watched: their start is not in the ledger, or they were out of reach. */
	#isSurveyDue = true;

	constructor(context: Context) {
		this.#context = context;
		this.#marks = new FolderWatch(context.session.active, () => this.#haveSurvey());
		setMaxListeners(0, this.#stopped.signal); // one listener for each job that is waited for
	}

	join(follower: Follower): void {
		this.#followers.add(follower);
		for (const job of this.#told.values()) follower.changed(job);
	}

	/** Once the last follower has left, nothing is waited for any more. */
	async leave(follower: Follower): Promise<void> {
		this.#followers.delete(follower);
		if (this.#followers.size > 0) return;
		present.delete(this.#context);
		this.#stopped.abort();
		this.#marks[Symbol.dispose]();
		await Promise.all(this.#watched.values());
	}

	watch(id: string, run: number): void {
		const key = `${id} ${run}`;
		if (this.#watched.has(key) || this.#stopped.signal.aborted) return;
		this.#watched.set(key, this.#wait(id, key));
	}

	/** Watches active jobs that are not watched yet, every LOOK_EVERY_MS at most. @returns milliseconds until the next call is needed */
	survey(): number {
		const { session } = this.#context;
		const isDue = this.#isSurveyDue || !this.#marks.isReliable;
		const restMs = this.#surveyedAtMs + LOOK_EVERY_MS - performance.now();
		if (!isDue || restMs > 0) return isDue ? restMs : Number.POSITIVE_INFINITY;
		this.#isSurveyDue = false;
		this.#surveyedAtMs = performance.now();
		for (const id of activeIds(session)) this.watch(id, latestRun(session, id));
		return this.#marks.isReliable ? Number.POSITIVE_INFINITY : LOOK_EVERY_MS;
	}

	#haveSurvey(): void {
		if (this.#isSurveyDue) return;
		this.#isSurveyDue = true;
		for (const { ring } of this.#followers) ring();
	}

	async #wait(id: string, key: string): Promise<void> {
		const looked = (job: Job): void => {
			const last = this.#told.get(key);
			if (hasEnded(job) || (job.state === last?.state && job.attempt === last.attempt)) return;
			this.#told.set(key, job);
			for (const { changed } of this.#followers) changed(job);
		};
		try {
			await waitForEnd(this.#context, id, { signal: this.#stopped.signal, looked });
		} catch (error) {
			if (!isChoreError(error)) throw error;
			// Out of reach: try again at the next survey.
			if (error.code !== "JOB_NOT_FOUND") this.#haveSurvey();
		} finally {
			this.#watched.delete(key);
			this.#told.delete(key);
		}
	}
}
