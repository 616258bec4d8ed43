/** The jobs of one session as they are now: read once, then kept true by the events of the library. */
import { isChoreError, isIdle, type Job, type LedgerEvent } from "../../src/index.ts";
import { AnswersInOrder } from "./answers-in-order.ts";
import { type Greeting, greet, type OpenJobs, openJobs, type PlaceOptions } from "./open-jobs.ts";

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

/** How long changes are gathered of jobs that are started again and again: each change has the views drawn. */
const GATHER_MS = 1000;

/** When a server is asked again that takes no more requests of this client for the moment. */
const TAKES_NONE_MS = 1000;

export class SessionJobs {
	readonly jobs = new Map<string, Job>();
	readonly name: string;
	/** Whether its jobs can be seen, and nothing else. */
	readonly isReadOnly: boolean;
	readonly #chore: OpenJobs;
	readonly #listener: SessionListener;
	readonly #closing = new AbortController();
	/** Jobs to look at again; with some the event that tells why. */
	readonly #stale = new Map<string, LedgerEvent | undefined>();
	/** Jobs that were seen to change before the list was read. It may hold them as they were before. */
	#early: Job[] | undefined = [];
	/** Jobs that have changed while #gathering runs. */
	readonly #restarted = new Set<string>();
	#gathering: NodeJS.Timeout | undefined;
	readonly #openedAtMs: number;
	readonly #answers = new AnswersInOrder();
	#following: Promise<void> | undefined;
	#refreshing: Promise<void> | undefined;
	#closed: Promise<void> | undefined;
	/** How many calls of `use` are under way. */
	#users = 0;
	/** Set by `close` when the session itself needs the library no longer: from then on the last user closes it. */
	#isDetached = false;

	/** @throws ChoreError STATE_UNUSABLE, INVALID_ARGUMENT, SERVER_UNREACHABLE */
	static async open(options: PlaceOptions, listener: SessionListener, open: typeof openJobs = openJobs): Promise<SessionJobs> {
		const chore = await open(options);
		const greeting = await greet(chore, options.session).catch(async (error: unknown) => {
			await chore.close();
			throw error;
		});
		const session = new SessionJobs(chore, greeting, listener);
		try {
			await session.#load();
		} catch (error) {
			await session.close();
			throw error;
		}
		return session;
	}

	private constructor(chore: OpenJobs, { session, atMs, isReadOnly }: Greeting, listener: SessionListener) {
		this.#chore = chore;
		this.name = session;
		this.isReadOnly = isReadOnly;
		this.#openedAtMs = atMs;
		this.#listener = listener;
	}

	/** Calls `act` with the library on this session, which is not closed before `act` is done. */
	async use<T>(act: (chore: OpenJobs) => Promise<T>): Promise<T> {
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
			if (error.code === "TOO_MANY_REQUESTS") {
				await new Promise((resume) => setTimeout(resume, TAKES_NONE_MS));
				return await this.look(id);
			}
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
		clearTimeout(this.#gathering);
		await this.#following;
		await this.#refreshing;
		this.#isDetached = true;
		if (this.#users === 0) await this.#chore.close();
	}

	/** Takes the answer to a question about a job. @param job undefined for one that was forgotten */
	#know(id: string, job: Job | undefined): void {
		if (job !== undefined) this.jobs.set(id, job);
		else if (this.jobs.delete(id)) this.#listener.removed(id);
		this.#listener.changed();
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
		const early = this.#early ?? [];
		this.#early = undefined;
		for (const job of early) this.#expect(job);
		await this.#refreshing;
	}

	/** Takes notice of an active job as the library has just seen it: it may have begun, or wait to be started again. */
	#expect(job: Job): void {
		if (this.#early !== undefined) {
			this.#early.push(job);
			return;
		}
		const known = this.jobs.get(job.id);
		if (known?.state === job.state && known.attempt === job.attempt && known.run === job.run) return;
		this.#restarted.add(job.id);
		if (job.attempt === 1 || this.#gathering === undefined) this.#lookAtRestarted();
	}

	#lookAtRestarted(): void {
		clearTimeout(this.#gathering);
		this.#gathering = this.#restarted.size === 0 ? undefined : setTimeout(() => this.#lookAtRestarted(), GATHER_MS);
		for (const id of this.#restarted) if (!this.#stale.has(id)) this.#stale.set(id, undefined);
		this.#restarted.clear();
		if (this.#stale.size > 0) this.#refreshing ??= this.#refresh();
	}

	async #follow(): Promise<void> {
		try {
			const { signal } = this.#closing;
			const onChange = (job: Job): void => this.#expect(job);
			for await (const event of this.#chore.events({ since: new Date(this.#openedAtMs), follow: true, onChange, signal })) {
				// One event a job is kept for the batch. An end replaces others, because it must be told.
				if (isEnd(event) || !this.#stale.get(event.id)) this.#stale.set(event.id, event);
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
				const stale = [...this.#stale];
				this.#stale.clear();
				if (stale.length === 0 || this.#closing.signal.aborted) return;
				for (const [id, event] of stale) {
					const job = await this.look(id);
					const isNews = isEnd(event) && job !== undefined && isIdle(job);
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

function isEnd(event: LedgerEvent | undefined): boolean {
	return event?.event === "exited" || event?.event === "lost";
}

function unlessGone(error: unknown): undefined {
	if (isChoreError(error) && error.code === "JOB_NOT_FOUND") return undefined;
	throw error;
}
