/** The history of a session as it is made: what the ledger holds, then each event once as it is written. */

import { isChoreError } from "../../platform/errors.ts";
import type { Context } from "./context.ts";
import { follow } from "./follow.ts";
import { identityOf, type LedgerEvent, parseLine } from "./ledger.ts";
import { activeIds, makeSession } from "./session.ts";
import { waitForEnd } from "./wait.ts";

export interface EventOptions {
	/** Only events from this moment on. Default: all that the ledger holds. */
	readonly since?: Date | undefined;
	/** Go on with events as they happen. */
	readonly follow?: boolean | undefined;
	/** Ends the iteration; no error. */
	readonly signal?: AbortSignal | undefined;
}

/** @see Chore.events in chore.ts */
export async function* events(context: Context, options: EventOptions = {}): AsyncGenerator<LedgerEvent, void, void> {
	const { session } = context;
	const stopped = new AbortController();
	const signal = options.signal === undefined ? stopped.signal : AbortSignal.any([options.signal, stopped.signal]);
	const since = options.since?.toISOString();
	const seen = new Set<string>();
	// Somebody has to see the ends for them to be written down: while events are followed, that is us.
	const witness = new Witness(context, signal);
	if (options.follow) {
		makeSession(session);
		for (const id of activeIds(session)) witness.watch(id);
	}
	const decoder = new TextDecoder();
	let rest = "";
	try {
		for await (const { bytes, offset } of follow(session.ledger, { signal, until: options.follow ? never(signal) : undefined })) {
			if (offset === 0) rest = "";
			const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
			rest = lines.pop() ?? "";
			for (const line of lines) {
				const event = parseLine(line);
				if (event === undefined || seen.has(identityOf(event))) continue;
				seen.add(identityOf(event));
				if (options.follow && event.event === "started") witness.watch(event.id);
				if (since === undefined || event.at >= since) yield event;
			}
		}
	} finally {
		stopped.abort();
		await witness.done();
	}
}

/** Waits for the ends of jobs, for the settling that comes with it. */
class Witness {
	readonly #context: Context;
	readonly #signal: AbortSignal;
	readonly #watched = new Map<string, Promise<void>>();

	constructor(context: Context, signal: AbortSignal) {
		this.#context = context;
		this.#signal = signal;
	}

	watch(id: string): void {
		if (this.#watched.has(id) || this.#signal.aborted) return;
		this.#watched.set(id, this.#wait(id));
	}

	async done(): Promise<void> {
		await Promise.all(this.#watched.values());
	}

	async #wait(id: string): Promise<void> {
		try {
			await waitForEnd(this.#context, id, { signal: this.#signal });
		} catch (error) {
			if (!isChoreError(error)) throw error; // removed, or out of reach: others may see its end
		} finally {
			this.#watched.delete(id);
		}
	}
}

function never(signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
