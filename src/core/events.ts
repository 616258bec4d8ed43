/** The history of a session as it is made: what the ledger holds, then each event once as it is written. */
import { isChoreError } from "../../platform/errors.ts";
import { Bell } from "./bell.ts";
import type { Context } from "./context.ts";
import { allEvents, type LedgerEvent, newEvents } from "./ledger.ts";
import { LedgerReader } from "./ledger-files.ts";
import { activeIds, makeSession } from "./session.ts";
import { latestRun } from "./store.ts";
import { waitForEnd, watchQuietly } from "./wait.ts";

export interface EventOptions {
	/**
	 * Of what the ledger holds already, only the events from this moment on, or none. Default: all. What is written down
	 * later is told whatever time it carries: clocks are set back.
	 */
	readonly since?: Date | "now" | undefined;
	/** Go on with events as they happen. */
	readonly follow?: boolean | undefined;
	/** Ends the iteration; no error. */
	readonly signal?: AbortSignal | undefined;
}

/** Where no event comes (network file systems): how often the ledger is looked at. */
const LOOK_EVERY_MS = 1000;

/** How often is looked for active jobs whose start nobody wrote down, or that could not be asked after. */
const SURVEY_EVERY_MS = 10_000;

/** @see Chore.events in chore.ts */
export async function* events(context: Context, options: EventOptions = {}): AsyncGenerator<LedgerEvent, void, void> {
	if (options.follow) return yield* followed(context, options);
	for await (const some of allEvents(context.session)) {
		if (options.signal?.aborted) return;
		for (const event of some) if (isFrom(options.since, event)) yield event;
	}
}

async function* followed(context: Context, { since, signal }: EventOptions): AsyncGenerator<LedgerEvent, void, void> {
	const { session } = context;
	makeSession(session);
	const bell = new Bell();
	const stopped = new AbortController();
	const stop = (): void => {
		stopped.abort();
		bell.ring();
	};
	signal?.addEventListener("abort", stop);
	// The folder, not the file: the ledger may be made only later, and is renamed when it is full.
	const watcher = watchQuietly(session.folder, bell.ring);
	// Somebody has to see the ends for them to be written down: while events are followed, that is us.
	const witness = new Witness(context, stopped.signal);
	const seen = new Set<string>();
	let surveyedAtMs = Number.NEGATIVE_INFINITY;
	using reader = new LedgerReader(session);
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
			if (performance.now() - surveyedAtMs >= SURVEY_EVERY_MS) {
				for (const id of activeIds(session)) witness.watch(id, latestRun(session, id));
				surveyedAtMs = performance.now();
			}
			if (!isPast) await bell.rung(LOOK_EVERY_MS);
		}
	} finally {
		signal?.removeEventListener("abort", stop);
		watcher?.close();
		stopped.abort();
		await witness.done();
	}
}

function isFrom(since: EventOptions["since"], { at }: LedgerEvent): boolean {
	return since === undefined || (since !== "now" && Date.parse(at) >= since.getTime());
}

/** Waits for the ends of runs, for the settling that comes with it. */
class Witness {
	readonly #context: Context;
	readonly #signal: AbortSignal;
	readonly #watched = new Map<string, Promise<void>>();

	constructor(context: Context, signal: AbortSignal) {
		this.#context = context;
		this.#signal = signal;
	}

	watch(id: string, run: number): void {
		const key = `${id} ${run}`;
		if (this.#watched.has(key) || this.#signal.aborted) return;
		this.#watched.set(key, this.#wait(id, key));
	}

	async done(): Promise<void> {
		await Promise.all(this.#watched.values());
	}

	async #wait(id: string, key: string): Promise<void> {
		try {
			await waitForEnd(this.#context, id, { signal: this.#signal });
		} catch (error) {
			if (!isChoreError(error)) throw error; // removed, or out of reach: others may see its end
		} finally {
			this.#watched.delete(key);
		}
	}
}
