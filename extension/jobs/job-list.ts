/** The jobs that a window shows: those of the chosen session, or of all sessions where the views are grouped by them. */
import * as vscode from "vscode";
import { type Chore, ChoreError, type ChoreOptions, hasEnded, type Job, openChore } from "../../src/index.ts";
import { describe, type Trouble } from "../failure.ts";
import { OpenSessions } from "./open-sessions.ts";
import { SessionJobs, type SessionListener } from "./session-jobs.ts";

export interface JobListOptions extends ChoreOptions {
	readonly allSessions: boolean;
}

const DEFAULT_SESSION = "default";

const NOT_SHOWN = "Jobs cannot be shown";
const NOT_STARTED = "Jobs cannot be started";

export class JobList implements vscode.Disposable {
	readonly #changed = new vscode.EventEmitter<void>();
	readonly #ended = new vscode.EventEmitter<Job>();
	readonly #removed = new vscode.EventEmitter<string>();
	readonly onDidChange: vscode.Event<void> = this.#changed.event;
	/** A run ended while this window was open; fired once a run. */
	readonly onDidEnd: vscode.Event<Job> = this.#ended.event;
	/** A job was forgotten: its id. */
	readonly onDidRemove: vscode.Event<string> = this.#removed.event;
	readonly #options: () => JobListOptions;
	readonly #openChore: typeof openChore;
	readonly #toldEnds = new Set<string>();
	#sessions: OpenSessions;
	#sorted: readonly Job[] | undefined;
	#failure: Trouble | undefined;
	#loading: Promise<void> | undefined;
	/** Raised when other sessions need not be looked for any more. */
	#looking = new AbortController();
	#isTelling = false;
	#isDisposed = false;

	/** @param open the library's `openChore`, unless a test has another */
	constructor(options: () => JobListOptions, open: typeof openChore = openChore) {
		this.#options = options;
		this.#openChore = open;
		this.#sessions = this.#newSessions();
	}

	/** Why jobs cannot be shown or started; undefined if they can. */
	get failure(): Trouble | undefined {
		return this.#failure;
	}

	/** The active jobs, the newest on top, then the ended ones, the last end on top. Sorted once after each change. */
	get all(): readonly Job[] {
		this.#sorted ??= [...this.#sessions.there.values()].flatMap(({ jobs }) => [...jobs.values()]).sort(inOrder);
		return this.#sorted;
	}

	get(id: string): Job | undefined {
		for (const { jobs } of this.#sessions.there.values()) {
			const job = jobs.get(id);
			if (job !== undefined) return job;
		}
		return undefined;
	}

	/** Resolves when the jobs have been read, or `failure` says why they cannot be. */
	ready(): Promise<void> {
		this.#loading ??= this.#load();
		return this.#loading;
	}

	/** Reads everything anew, with the settings as they are now. Calls of `use` that are under way go on as they began. */
	async refresh(): Promise<void> {
		const before = this.#sessions;
		this.#looking.abort();
		this.#looking = new AbortController();
		this.#sessions = this.#newSessions();
		this.#loading = this.#load();
		await before.close();
		await this.#loading;
	}

	/**
	 * Calls `act` with the library on the session of a job. The library is not closed before `act` is done, even if the
	 * settings change meanwhile.
	 * @throws ChoreError when the session cannot be opened, and what `act` throws
	 */
	use<T>(job: Pick<Job, "session">, act: (chore: Chore) => Promise<T>): Promise<T> {
		return this.#use(job.session, act);
	}

	/** The same on the session where new jobs go. */
	useForNew<T>(act: (chore: Chore) => Promise<T>): Promise<T> {
		return this.#use(this.#options().session ?? DEFAULT_SESSION, act);
	}

	/** Asks after a job at once. Called after a command on it, which then need not wait for the event. */
	async look(job: Pick<Job, "id" | "session">): Promise<void> {
		await this.#sessions.there.get(job.session)?.look(job.id);
	}

	async dispose(): Promise<void> {
		this.#isDisposed = true;
		this.#looking.abort();
		await this.#sessions.close();
		for (const emitter of [this.#changed, this.#ended, this.#removed]) emitter.dispose();
	}

	async #use<T>(name: string, act: (chore: Chore) => Promise<T>): Promise<T> {
		for (;;) {
			await this.ready();
			if (this.#isDisposed) throw new ChoreError("ABORTED", "the window is being closed");
			const sessions = this.#sessions;
			const isNew = !sessions.there.has(name);
			const session = await sessions.get(name);
			// If the settings changed while it was being opened, it is closed again: ask the sessions of the new settings.
			if (sessions !== this.#sessions || this.#isDisposed) continue;
			if (isNew) {
				this.#failure = undefined;
				this.#tell();
			}
			return session.use(act);
		}
	}

	#newSessions(): OpenSessions {
		const options = this.#options();
		const sessions: OpenSessions = new OpenSessions((name) =>
			SessionJobs.open(
				{ ...options, session: name },
				this.#listenerFor(() => sessions === this.#sessions),
				this.#openChore,
			),
		);
		return sessions;
	}

	async #load(): Promise<void> {
		const sessions = this.#sessions;
		const options = this.#options();
		const own = options.session ?? DEFAULT_SESSION;
		this.#failure = undefined;
		let title = NOT_SHOWN;
		try {
			const session = await sessions.get(own);
			if (sessions !== this.#sessions) return;
			await session.use(async (chore) => {
				if (options.allSessions) {
					for (const name of chore.sessions()) await sessions.get(name);
					void this.#openOthers(own, sessions);
				}
				// Jobs can be shown even where none can be started: without a bus, or with a platform that this machine does not have.
				title = NOT_STARTED;
				await chore.capabilities();
			});
		} catch (error) {
			if (sessions === this.#sessions) this.#failure = { title, ...describe(error) };
		}
		if (sessions === this.#sessions) this.#tell();
	}

	/** Opens sessions as they are made, until other ones are shown. @param own the session through which they are found */
	async #openOthers(own: string, sessions: OpenSessions): Promise<void> {
		const { signal } = this.#looking;
		try {
			const session = await sessions.get(own);
			await session.use(async (chore) => {
				for await (const name of chore.followSessions({ signal })) {
					if (sessions.there.has(name)) continue;
					await sessions.get(name);
					if (sessions === this.#sessions) this.#tell();
				}
			});
		} catch (error) {
			if (sessions === this.#sessions && !signal.aborted) this.#fail(error);
		}
	}

	#fail(error: unknown): void {
		this.#failure = { title: NOT_SHOWN, ...describe(error) };
		this.#tell();
	}

	/** @param isCurrent whether the session is still one of those that are shown */
	#listenerFor(isCurrent: () => boolean): SessionListener {
		return {
			changed: () => {
				if (isCurrent()) this.#tell();
			},
			ended: (job) => {
				const run = `${job.id} ${job.run}`;
				if (!this.#toldEnds.has(run)) this.#ended.fire(job);
				this.#toldEnds.add(run);
			},
			removed: (id) => this.#removed.fire(id),
			failed: (error) => {
				if (isCurrent()) this.#fail(error);
			},
		};
	}

	/** Fires onDidChange once for all changes of this turn of the event loop. */
	#tell(): void {
		this.#sorted = undefined;
		if (this.#isTelling) return;
		this.#isTelling = true;
		setImmediate(() => {
			this.#isTelling = false;
			this.#changed.fire();
		});
	}
}

function inOrder(one: Job, other: Job): number {
	const over = Number(hasEnded(one)) - Number(hasEnded(other));
	if (over !== 0) return over;
	const key = (job: Job): string => (hasEnded(job) ? (job.endedAt ?? job.createdAt) : job.createdAt);
	const [first, second] = [key(one), key(other)];
	return first === second ? (other.id < one.id ? -1 : 1) : second < first ? -1 : 1;
}
