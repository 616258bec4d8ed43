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
	/** How many use the library at this moment. */
	#users = 0;
	/** Nothing of this session uses the library any more. */
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

	/** Does something with the library on this session, which stays open for as long as that takes. */
	async use<T>(act: (chore: Chore) => Promise<T>): Promise<T> {
		this.#users++;
		try {
			return await act(this.#chore);
		} finally {
			this.#users--;
			if (this.#isDetached && this.#users === 0) await this.#chore.close();
		}
	}

	/** Looks at one job again, after something was done to it from here. @returns the job as it is known then */
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

	/** Detaches: no job is touched. The library is closed by the last who uses it, for whom this does not wait. */
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

	/** @param job undefined for one that was forgotten */
	#know(id: string, job: Job | undefined): void {
		if (job !== undefined) this.jobs.set(id, job);
		else if (this.jobs.delete(id)) this.#listener.removed(id);
		if (job !== undefined) this.#expectBeginning(job);
		this.#listener.changed();
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

/** Of two questions about one job, what the later one found counts, in whichever order the answers come. */
class AnswersInOrder {
	readonly #counted = new Map<string, number>();
	#asked = 0;
	#pending = 0;

	/** @returns the number of the question */
	ask(): number {
		this.#pending++;
		return ++this.#asked;
	}

	/** Whether the answer to this question counts for that job: from then on no earlier one does. */
	counts(question: number, id: string): boolean {
		if ((this.#counted.get(id) ?? 0) > question) return false;
		this.#counted.set(id, question);
		return true;
	}

	/** To be called once for each question. */
	over(): void {
		if (--this.#pending === 0) this.#counted.clear();
	}
}

function unlessGone(error: unknown): undefined {
	if (isChoreError(error) && error.code === "JOB_NOT_FOUND") return undefined;
	throw error;
}
