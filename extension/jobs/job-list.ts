/** The one model of a window: the jobs of the chosen session, or of all sessions where the views are grouped by them. */
import * as vscode from "vscode";
import { type Chore, type ChoreOptions, hasEnded, type Job } from "../../src/index.ts";
import { describe, type Trouble } from "../failure.ts";
import { LiveSession, type SessionListener } from "./session-jobs.ts";

export interface SourceOptions extends ChoreOptions {
	readonly allSessions: boolean;
}

const DEFAULT_SESSION = "default";

const NOT_SHOWN = "Jobs cannot be shown";
const NOT_STARTED = "Jobs cannot be started";

export class JobSource implements vscode.Disposable {
	readonly #changed = new vscode.EventEmitter<void>();
	readonly #ended = new vscode.EventEmitter<Job>();
	readonly #removed = new vscode.EventEmitter<string>();
	readonly onDidChange: vscode.Event<void> = this.#changed.event;
	/** A run ended while this window looked on; once a run. */
	readonly onDidEnd: vscode.Event<Job> = this.#ended.event;
	/** A job is forgotten: its id. */
	readonly onDidRemove: vscode.Event<string> = this.#removed.event;
	readonly #options: () => SourceOptions;
	readonly #told = new Set<string>();
	#sessions = new Map<string, LiveSession>();
	#failure: Trouble | undefined;
	#opening: Promise<void> | undefined;
	#generation = 0;
	#changing = false;

	constructor(options: () => SourceOptions) {
		this.#options = options;
	}

	/** Why there are no jobs, or not all, or why none can be started. */
	get failure(): Trouble | undefined {
		return this.#failure;
	}

	/** The active jobs, the newest on top, then the ended ones, the last end on top. */
	get jobs(): readonly Job[] {
		return [...this.#sessions.values()].flatMap(({ jobs }) => [...jobs.values()]).sort(inOrder);
	}

	job(id: string): Job | undefined {
		for (const { jobs } of this.#sessions.values()) {
			const job = jobs.get(id);
			if (job !== undefined) return job;
		}
		return undefined;
	}

	/** Resolves when the jobs are there, or why they are not. */
	ready(): Promise<void> {
		this.#opening ??= this.#open();
		return this.#opening;
	}

	/** Begins anew: after a failure, or with other settings. */
	async refresh(): Promise<void> {
		const before = this.#sessions;
		this.#sessions = new Map();
		this.#opening = this.#open();
		for (const session of before.values()) await session.close();
		await this.#opening;
	}

	/** The library for a job. @throws ChoreError when its session cannot be opened */
	async choreOf(job: Pick<Job, "session">): Promise<Chore> {
		return (await this.#session(job.session)).chore;
	}

	/** The library for new jobs. @throws ChoreError when the session cannot be opened */
	async chore(): Promise<Chore> {
		return (await this.#session(this.#options().session ?? DEFAULT_SESSION)).chore;
	}

	/** Looks at a job again: what was done from here need not wait for its event. */
	async look(job: Pick<Job, "id" | "session">): Promise<void> {
		await this.#sessions.get(job.session)?.look(job.id);
	}

	async dispose(): Promise<void> {
		this.#generation++;
		const sessions = [...this.#sessions.values()];
		this.#sessions = new Map();
		for (const session of sessions) await session.close();
		for (const emitter of [this.#changed, this.#ended, this.#removed]) emitter.dispose();
	}

	async #session(name: string): Promise<LiveSession> {
		await this.ready();
		const open = this.#sessions.get(name);
		if (open !== undefined) return open;
		const session = await LiveSession.open({ ...this.#options(), session: name }, this.#listener(this.#generation));
		this.#sessions.set(name, session);
		this.#failure = undefined;
		this.#tell();
		return session;
	}

	async #open(): Promise<void> {
		const generation = ++this.#generation;
		this.#failure = undefined;
		try {
			const options = this.#options();
			const own = options.session ?? DEFAULT_SESSION;
			await this.#add(generation, own, options);
			if (options.allSessions) {
				for (const name of this.#sessions.get(own)?.chore.sessions() ?? []) await this.#add(generation, name, options);
			}
		} catch (error) {
			if (generation === this.#generation) this.#failure = { title: NOT_SHOWN, ...describe(error) };
		}
		await this.#askPlatform(generation);
		this.#tell();
	}

	/** Jobs that are there can be seen where none can be started: a bus that is gone, a platform that is not of this machine. */
	async #askPlatform(generation: number): Promise<void> {
		const own = this.#sessions.get(this.#options().session ?? DEFAULT_SESSION);
		if (own === undefined || this.#failure !== undefined) return;
		try {
			await own.chore.capabilities();
		} catch (error) {
			if (generation === this.#generation) this.#failure = { title: NOT_STARTED, ...describe(error) };
		}
	}

	async #add(generation: number, name: string, options: ChoreOptions): Promise<void> {
		if (this.#sessions.has(name)) return;
		const session = await LiveSession.open({ ...options, session: name }, this.#listener(generation));
		if (generation === this.#generation) this.#sessions.set(name, session);
		else await session.close();
	}

	#listener(generation: number): SessionListener {
		return {
			changed: () => this.#tell(),
			ended: (job) => {
				const run = `${job.id} ${job.run}`;
				if (!this.#told.has(run)) this.#ended.fire(job);
				this.#told.add(run);
			},
			removed: (id) => this.#removed.fire(id),
			failed: (error) => {
				if (generation !== this.#generation) return;
				this.#failure = { title: NOT_SHOWN, ...describe(error) };
				this.#tell();
			},
		};
	}

	/** Many changes at once are one. */
	#tell(): void {
		if (this.#changing) return;
		this.#changing = true;
		setImmediate(() => {
			this.#changing = false;
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
