/** The jobs of one session as they are now: read once, then kept true by the events of the library. */
import { type Chore, type ChoreOptions, hasEnded, isChoreError, type Job, type LedgerEvent, openChore } from "../../src/index.ts";
import { AnswersInOrder } from "./answers-in-order.ts";

/** What a session calls when something happens in it. */
export interface SessionListener {
	/** A job was added, changed or forgotten. */
	changed(): void;
	/** A run ended after the session was opened. May be called twice for one run. */
	ended(job: Job): void;
	removed(id: string): void;
	/** The events cannot be followed any more: from now on the jobs may be out of date. */
	failed(error: unknown): void;
}

/** When a job that has not begun is looked at again: most begin within milliseconds, but one may wait hours for a restart. */
const FIRST_LOOK_MS = 50;
const LAST_LOOK_MS = 10_000;

export class SessionJobs {
	readonly jobs = new Map<string, Job>();
	readonly #chore: Chore;
	readonly #listener: SessionListener;
	readonly #closing = new AbortController();
	readonly #stale = new Map<string, LedgerEvent>();
	readonly #openedAtMs = Date.now();
	readonly #beginning = new Map<string, NodeJS.Timeout>();
	readonly #answers = new AnswersInOrder();
	#following: Promise<void> | undefined;
	#refreshing: Promise<void> | undefined;
	#closed: Promise<void> | undefined;
	/** How many calls of `use` are under way. */
	#users = 0;
	/** Set by `close` when the session itself needs the library no longer: from then on the last user closes it. */
	#isDetached = false;

	/** @throws ChoreError STATE_UNUSABLE, INVALID_ARGUMENT */
	static async open(options: ChoreOptions, listener: SessionListener, open: typeof openChore = openChore): Promise<SessionJobs> {
		const session = new SessionJobs(await open(options), listener);
		try {
			await session.#load();
		} catch (error) {
			await session.close();
			throw error;
		}
		return session;
	}

	private constructor(chore: Chore, listener: SessionListener) {
		this.#chore = chore;
		this.#listener = listener;
	}

	/** Calls `act` with the library on this session, which is not closed before `act` is done. */
	async use<T>(act: (chore: Chore) => Promise<T>): Promise<T> {
		this.#users++;
		try {
			return await act(this.#chore);
		} finally {
			this.#users--;
			if (this.#isDetached && this.#users === 0) await this.#chore.close();
		}
	}

	/** Asks after one job: on an event, or after a command on it. @returns the job as it is known then */
	async look(id: string): Promise<Job | undefined> {
		if (this.#closing.signal.aborted) return this.jobs.get(id);
		const question = this.#answers.ask();
		try {
			const job = await this.use((chore) => chore.get(id)).catch(unlessGone);
			if (this.#answers.counts(question, id)) this.#know(id, job);
		} catch (error) {
			if (!isChoreError(error)) throw error;
		} finally {
			this.#answers.over();
		}
		return this.jobs.get(id);
	}

	/** Ends the following; no job is touched. Does not wait for calls of `use`: the last of them closes the library. */
	close(): Promise<void> {
		this.#closed ??= this.#close();
		return this.#closed;
	}

	async #close(): Promise<void> {
		this.#closing.abort();
		for (const timer of this.#beginning.values()) clearTimeout(timer);
		await this.#following;
		await this.#refreshing;
		this.#isDetached = true;
		if (this.#users === 0) await this.#chore.close();
	}

	/** Takes the answer to a question about a job. @param job undefined for one that was forgotten */
	#know(id: string, job: Job | undefined): void {
		if (job !== undefined) this.jobs.set(id, job);
		else if (this.jobs.delete(id)) this.#listener.removed(id);
		if (job !== undefined) this.#expectBeginning(job);
		this.#listener.changed();
	}

	/** Looks again at a job that has not begun, at growing intervals: no event tells when its program begins. */
	#expectBeginning({ id, state }: Job, afterMs: number = FIRST_LOOK_MS): void {
		clearTimeout(this.#beginning.get(id));
		this.#beginning.delete(id);
		if ((state !== "starting" && state !== "queued") || this.#closing.signal.aborted) return;
		const timer = setTimeout(async () => {
			try {
				const job = await this.look(id);
				if (job !== undefined) this.#expectBeginning(job, Math.min(2 * afterMs, LAST_LOOK_MS));
			} catch (error) {
				this.#listener.failed(error);
			}
		}, afterMs);
		this.#beginning.set(id, timer);
	}

	async #load(): Promise<void> {
		// Events are followed before the jobs are read: a job that changes meanwhile is looked at again.
		this.#following = this.#follow();
		const question = this.#answers.ask();
		try {
			for (const job of await this.use((chore) => chore.list({ all: true }))) {
				if (this.#answers.counts(question, job.id)) this.#know(job.id, job);
			}
		} finally {
			this.#answers.over();
		}
		await this.#refreshing;
	}

	async #follow(): Promise<void> {
		try {
			const events = this.#chore.events({ since: new Date(this.#openedAtMs), follow: true, signal: this.#closing.signal });
			for await (const event of events) {
				// One event a job is kept for the batch. An end replaces others, because it must be told.
				if (event.event === "exited" || event.event === "lost" || !this.#stale.has(event.id)) this.#stale.set(event.id, event);
				this.#refreshing ??= this.#refresh();
			}
		} catch (error) {
			if (!this.#closing.signal.aborted) this.#listener.failed(error);
		}
	}

	async #refresh(): Promise<void> {
		try {
			for (;;) {
				// Wait for events of the same turn: a start is two lines of the ledger, and a hundred starts are one change of a view.
				await new Promise((resume) => setImmediate(resume));
				const events = [...this.#stale.values()];
				this.#stale.clear();
				if (events.length === 0 || this.#closing.signal.aborted) return;
				for (const { id, event } of events) {
					const job = await this.look(id);
					const isNews = (event === "exited" || event === "lost") && job !== undefined && hasEnded(job);
					// A run that ended before the window was opened may be recorded only now, by this very look: that is no news.
					if (isNews && Date.parse(job.endedAt ?? job.createdAt) >= this.#openedAtMs - 1000) this.#listener.ended(job);
				}
			}
		} catch (error) {
			this.#listener.failed(error);
		} finally {
			this.#refreshing = undefined;
		}
	}
}

function unlessGone(error: unknown): undefined {
	if (isChoreError(error) && error.code === "JOB_NOT_FOUND") return undefined;
	throw error;
}
