/** The jobs of one session as they are now: read once, then kept true by the events of the library. */
import { type Chore, type ChoreOptions, hasEnded, isChoreError, type Job, type LedgerEvent, openChore } from "../../src/index.ts";

/** Who is told what happens in a session. */
export interface SessionListener {
	/** Some jobs are not as they were. */
	changed(): void;
	/** A run ended while somebody looked. */
	ended(job: Job): void;
	removed(id: string): void;
	/** Nothing more will be told. */
	failed(error: unknown): void;
}

/** A program begins within milliseconds; one that waits to be started again, after any time. */
const FIRST_LOOK_MS = 50;
const LAST_LOOK_MS = 10_000;

export class LiveSession {
	readonly chore: Chore;
	readonly jobs = new Map<string, Job>();
	readonly #listener: SessionListener;
	readonly #closing = new AbortController();
	readonly #stale = new Map<string, LedgerEvent>();
	readonly #openedAtMs = Date.now();
	readonly #beginning = new Map<string, NodeJS.Timeout>();
	#following: Promise<void> | undefined;
	#refreshing: Promise<void> | undefined;

	/** @throws ChoreError STATE_UNUSABLE, INVALID_ARGUMENT */
	static async open(options: ChoreOptions, listener: SessionListener): Promise<LiveSession> {
		const session = new LiveSession(await openChore(options), listener);
		try {
			await session.#load();
		} catch (error) {
			await session.close();
			throw error;
		}
		return session;
	}

	private constructor(chore: Chore, listener: SessionListener) {
		this.chore = chore;
		this.#listener = listener;
	}

	/** Looks at one job again, after something was done to it from here. */
	async look(id: string): Promise<Job | undefined> {
		const before = this.jobs.get(id);
		let job: Job;
		try {
			job = await this.chore.get(id);
		} catch (error) {
			if (!isChoreError(error)) throw error;
			if (error.code !== "JOB_NOT_FOUND") return before;
			if (this.jobs.delete(id)) this.#listener.removed(id);
			this.#listener.changed();
			return undefined;
		}
		this.jobs.set(id, job);
		this.#expectBeginning(job);
		this.#listener.changed();
		return job;
	}

	/** Detaches: no job is touched. */
	async close(): Promise<void> {
		this.#closing.abort();
		for (const timer of this.#beginning.values()) clearTimeout(timer);
		await this.#following;
		await this.#refreshing;
		await this.chore.close();
	}

	/** Of a start there is no event when the program itself begins: it is looked at again, ever more rarely. */
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
		// The events first, and from this moment on: what happens while the jobs are read is looked at again.
		this.#following = this.#follow();
		for (const job of await this.chore.list({ all: true })) {
			this.jobs.set(job.id, job);
			this.#expectBeginning(job);
		}
		await this.#refreshing;
	}

	async #follow(): Promise<void> {
		try {
			const events = this.chore.events({ since: new Date(this.#openedAtMs), follow: true, signal: this.#closing.signal });
			for await (const event of events) {
				// Of several events of a job the last end counts: it must be told.
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
				// A batch: a start is two lines of the ledger, and a hundred starts are one change of a view.
				await new Promise((resume) => setImmediate(resume));
				const events = [...this.#stale.values()];
				this.#stale.clear();
				if (events.length === 0 || this.#closing.signal.aborted) return;
				for (const { id, event } of events) {
					const job = await this.look(id);
					const isNews = (event === "exited" || event === "lost") && job !== undefined && hasEnded(job);
					// Of a run that ended before we looked, the end may be written down only now, by us: that is no news.
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
