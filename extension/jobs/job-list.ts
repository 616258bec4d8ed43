/** The jobs that a window shows: those of the chosen session, or of all sessions where the views are grouped by them. */
import * as vscode from "vscode";
import { ChoreError, hasEnded, isChoreError, type Job, type Jobs } from "../../src/index.ts";
import { describe, type Trouble } from "../failure.ts";
import { hostWords } from "../words.ts";
import { DEFAULT_SESSION, isHere, openJobs, type PlaceOptions, sessionsOf } from "./open-jobs.ts";
import { OpenSessions } from "./open-sessions.ts";
import { SessionJobs, type SessionListener } from "./session-jobs.ts";

export interface JobListOptions extends PlaceOptions {
	readonly allSessions: boolean;
}

/** When a server that is out of reach is asked again: after this, then after twice as long each time, up to the longest. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

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
	readonly #openJobs: typeof openJobs;
	readonly #toldEnds = new Set<string>();
	#sessions: OpenSessions;
	/** Of the settings that #sessions are opened with. */
	#host: string | undefined;
	/** The session where new jobs go; "" until a server has said which. */
	#own: string;
	#retrying: NodeJS.Timeout | undefined;
	#pauseMs = FIRST_PAUSE_MS;
	#isOutOfReach = false;
	#sorted: readonly Job[] | undefined;
	#failure: Trouble | undefined;
	#loading: Promise<void> | undefined;
	/** Raised when other sessions need not be looked for any more. */
	#looking = new AbortController();
	#isTelling = false;
	#isDisposed = false;

	/** @param open `openJobs`, unless a test has another */
	constructor(options: () => JobListOptions, open: typeof openJobs = openJobs) {
		this.#options = options;
		this.#openJobs = open;
		this.#host = options().host;
		this.#own = ownOf(options());
		this.#sessions = this.#newSessions();
	}

	/** The other machine whose jobs are shown, as in the settings; undefined for this one. */
	get host(): string | undefined {
		return this.#host;
	}

	/** Whether the server does not answer. The jobs are those that it told of last. */
	get isOutOfReach(): boolean {
		return this.#isOutOfReach;
	}

	/** Whether the server lets this client see the jobs, and do nothing with them. */
	get isReadOnly(): boolean {
		return [...this.#sessions.there.values()].some(({ isReadOnly }) => isReadOnly);
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
		this.#pauseMs = FIRST_PAUSE_MS;
		this.#host = this.#options().host;
		this.#own = ownOf(this.#options());
		await this.#show(this.#newSessions());
	}

	/** Reads everything anew. While a server stays out of reach, what it told of last is still shown. */
	again(): Promise<void> {
		return this.#isOutOfReach ? this.#reach() : this.refresh();
	}

	/**
	 * Calls `act` with the library on the session of a job. The library is not closed before `act` is done, even if the
	 * settings change meanwhile.
	 * @throws ChoreError when the session cannot be opened, and what `act` throws
	 */
	use<T>(job: Pick<Job, "session">, act: (chore: Jobs) => Promise<T>): Promise<T> {
		return this.#use(job.session, act);
	}

	/** The same on the session where new jobs go. */
	useForNew<T>(act: (chore: Jobs) => Promise<T>): Promise<T> {
		return this.#use(undefined, act);
	}

	/** Asks after a job at once. Called after a command on it, which then need not wait for the event. */
	async look(job: Pick<Job, "id" | "session">): Promise<void> {
		await this.#sessions.there.get(job.session)?.look(job.id);
	}

	async dispose(): Promise<void> {
		this.#isDisposed = true;
		this.#looking.abort();
		clearTimeout(this.#retrying);
		await this.#sessions.close();
		for (const emitter of [this.#changed, this.#ended, this.#removed]) emitter.dispose();
	}

	async #use<T>(wanted: string | undefined, act: (chore: Jobs) => Promise<T>): Promise<T> {
		for (;;) {
			await this.ready();
			if (this.#isDisposed) throw new ChoreError("ABORTED", "the window is being closed");
			const sessions = this.#sessions;
			const name = wanted ?? this.#own;
			const isNew = !sessions.there.has(name);
			const session = await sessions.get(name);
			// If the settings changed while it was being opened, it is closed again: ask the sessions of the new settings.
			if (sessions !== this.#sessions || this.#isDisposed) continue;
			if (name === this.#own) this.#own = session.name;
			if (isNew) {
				this.#isWell();
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
				this.#openJobs,
			),
		);
		return sessions;
	}

	/** Shows these sessions instead of the ones before. */
	async #show(sessions: OpenSessions): Promise<void> {
		clearTimeout(this.#retrying);
		const before = this.#sessions;
		this.#looking.abort();
		this.#looking = new AbortController();
		this.#sessions = sessions;
		this.#loading = this.#load();
		await before.close();
		await this.#loading;
	}

	/** Asks a server that was out of reach again. */
	async #reach(): Promise<void> {
		clearTimeout(this.#retrying);
		const before = this.#sessions;
		const sessions = this.#newSessions();
		try {
			await sessions.get(this.#own);
		} catch (error) {
			await sessions.close();
			if (before === this.#sessions && !this.#isDisposed) this.#fail(error);
			return;
		}
		if (before === this.#sessions && !this.#isDisposed) await this.#show(sessions);
		else await sessions.close();
	}

	#isWell(): void {
		this.#failure = undefined;
		this.#isOutOfReach = false;
		clearTimeout(this.#retrying);
	}

	async #load(): Promise<void> {
		const sessions = this.#sessions;
		const options = this.#options();
		this.#isWell();
		let title = NOT_SHOWN;
		try {
			const session = await sessions.get(this.#own);
			if (sessions !== this.#sessions) return;
			this.#own = session.name;
			this.#pauseMs = FIRST_PAUSE_MS;
			await session.use(async (chore) => {
				if (options.allSessions) {
					for (const name of await sessionsOf(chore)) await sessions.get(name);
					void this.#openOthers(session, sessions);
				}
				// Jobs can be shown even where none can be started: without a bus, or with a platform that this machine does not have.
				title = NOT_STARTED;
				await chore.capabilities();
			});
		} catch (error) {
			if (sessions === this.#sessions) this.#fail(error, title);
		}
		if (sessions === this.#sessions) this.#tell();
	}

	/** Opens sessions as they are made here, until other ones are shown. @param own the session through which they are found */
	async #openOthers(own: SessionJobs, sessions: OpenSessions): Promise<void> {
		const { signal } = this.#looking;
		try {
			await own.use(async (chore) => {
				if (!isHere(chore)) return;
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

	/** Has the failure shown as a row. A server that is out of reach is asked again until it answers. */
	#fail(error: unknown, title: string = NOT_SHOWN): void {
		this.#isOutOfReach = this.#host !== undefined && isChoreError(error) && error.code === "SERVER_UNREACHABLE";
		this.#failure = { title: this.#isOutOfReach ? `${hostWords(this.#host ?? "")} is out of reach` : title, ...describe(error) };
		clearTimeout(this.#retrying);
		if (this.#isOutOfReach && !this.#isDisposed) {
			this.#retrying = setTimeout(() => void this.#reach(), this.#pauseMs);
			this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
		}
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

/** The session that the settings ask for. A server knows which is its client's own. */
function ownOf({ session, host }: JobListOptions): string {
	return session ?? (host === undefined ? DEFAULT_SESSION : "");
}

function inOrder(one: Job, other: Job): number {
	const over = Number(hasEnded(one)) - Number(hasEnded(other));
	if (over !== 0) return over;
	const key = (job: Job): string => (hasEnded(job) ? (job.endedAt ?? job.createdAt) : job.createdAt);
	const [first, second] = [key(one), key(other)];
	return first === second ? (other.id < one.id ? -1 : 1) : second < first ? -1 : 1;
}
