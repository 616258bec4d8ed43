/** Reads the events of a session from its ledger and, when asked to follow, goes on with each new event. */
import { setMaxListeners } from "node:events";
import { isChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { waitForEnd } from "../control/wait.ts";
import { Bell } from "../disk/bell.ts";
import { FolderWatch } from "../disk/file-watch.ts";
import { allEvents, type LedgerEvent, newEvents } from "../disk/ledger.ts";
import { LedgerReader, readLedgerTail } from "../disk/ledger-files.ts";
import { activeIds } from "../disk/session.ts";
import { latestRun } from "../disk/store.ts";
import { hasEnded, type Job } from "../job.ts";

export interface EventOptions {
	/**
	 * Of the events that the ledger holds already, only those from this moment on; "now": none. Default: all. Later events
	 * are all given, whatever their time, since clocks may be set back.
	 */
	readonly since?: Date | "now" | undefined;
	/** Go on with events as they happen. */
	readonly follow?: boolean | undefined;
	/**
	 * Called while following with each active job, and again when it is seen in another state or attempt: also where no event
	 * tells of that, since its program has begun, or ended and waits to be started again.
	 */
	readonly onChange?: ((job: Job) => void) | undefined;
	/** Ends the iteration without an error. */
	readonly signal?: AbortSignal | undefined;
}

/** How often the ledger and the active jobs are looked at where the file system does not report all changes. */
const LOOK_EVERY_MS = 10_000;

/** How much of the ledger before "now" is read. */
const OVERLAP_BYTES = 16 * 1024;

/** @see Chore.events in chore.ts */
export async function* events(context: Context, options: EventOptions = {}): AsyncGenerator<LedgerEvent, void, void> {
	if (options.follow) return yield* followed(context, options);
	for await (const some of allEvents(context.session)) {
		if (options.signal?.aborted) return;
		for (const event of some) if (isFrom(options.since, event)) yield event;
	}
}

async function* followed(context: Context, { since, onChange, signal }: EventOptions): AsyncGenerator<LedgerEvent, void, void> {
	const { session } = context;
	const bell = new Bell();
	const stopped = new AbortController();
	setMaxListeners(0, stopped.signal); // one listener for each job that is waited for
	const stop = (): void => {
		stopped.abort();
		bell.ring();
	};
	signal?.addEventListener("abort", stop);
	// The folder, not the file: the ledger may be made only later, and is renamed when it is full. Following makes nothing.
	using ledger = new FolderWatch(session.folder, bell.ring);
	// Ends are written to the ledger by the command that finds them, so this one waits for all active jobs.
	const witness = new Witness(context, stopped.signal, bell.ring, onChange);
	const seen = new Set<string>();
	// An event that was just written may be written once more, by another process.
	if (since === "now") newEvents(readLedgerTail(session, OVERLAP_BYTES).split("\n"), seen);
	using reader = new LedgerReader(session, since === "now" ? "end" : "beginning");
	try {
		for (let isPast = true; !signal?.aborted; isPast = false) {
			bell.arm();
			for (const lines of reader.read()) {
				for (const event of newEvents(lines, seen)) {
					if (signal?.aborted) return;
					if (event.event === "started" && !isPast) witness.watch(event.id, event.run);
					if (!isPast || isFrom(since, event)) yield event;
				}
				await new Promise((resume) => setImmediate(resume));
			}
			const surveyMs = witness.survey();
			if (!isPast) await bell.rung(ledger.isReliable ? surveyMs : Math.min(surveyMs, LOOK_EVERY_MS));
		}
	} finally {
		signal?.removeEventListener("abort", stop);
		stopped.abort();
		await witness.done();
	}
}

function isFrom(since: EventOptions["since"], { at }: LedgerEvent): boolean {
	return since === undefined || (since !== "now" && Date.parse(at) >= since.getTime());
}

/** Waits for the end of every active run, so that it is settled and its event written. */
class Witness {
	readonly #context: Context;
	readonly #signal: AbortSignal;
	readonly #ring: () => void;
	readonly #changed: ((job: Job) => void) | undefined;
	readonly #marks: FolderWatch;
	readonly #watched = new Map<string, Promise<void>>();
	#surveyedAtMs = Number.NEGATIVE_INFINITY;
	/** Whether active jobs may exist that are not watched: their start is not in the ledger, or they were out of reach. */
	#isSurveyDue = true;

	constructor(context: Context, signal: AbortSignal, ring: () => void, changed: EventOptions["onChange"]) {
		this.#context = context;
		this.#signal = signal;
		this.#ring = ring;
		this.#changed = changed;
		this.#marks = new FolderWatch(context.session.active, () => this.#haveSurvey());
	}

	watch(id: string, run: number): void {
		const key = `${id} ${run}`;
		if (this.#watched.has(key) || this.#signal.aborted) return;
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

	async done(): Promise<void> {
		this.#marks[Symbol.dispose]();
		await Promise.all(this.#watched.values());
	}

	#haveSurvey(): void {
		if (this.#isSurveyDue) return;
		this.#isSurveyDue = true;
		this.#ring();
	}

	async #wait(id: string, key: string): Promise<void> {
		let last = "";
		const looked = (job: Job): void => {
			const now = `${job.state} ${job.attempt}`;
			if (now !== last && !hasEnded(job) && !this.#signal.aborted) this.#changed?.(job);
			last = now;
		};
		try {
			await waitForEnd(this.#context, id, { signal: this.#signal, looked });
		} catch (error) {
			if (!isChoreError(error)) throw error;
			// Out of reach: try again at the next survey.
			if (error.code !== "JOB_NOT_FOUND") this.#haveSurvey();
		} finally {
			this.#watched.delete(key);
		}
	}
}
