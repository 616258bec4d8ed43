/** Follows events across several connections, so that each is given once. Pure. */
import type { EventOptions, LedgerEvent } from "../index.ts";

/** Events are asked for again from so long before the last one: several processes write them, and not in the order of their time. */
const OVERLAP_MS = 1000;

/** How many of the last events are known again. */
const MOST_KNOWN = 4096;

export class ResumedEvents {
	#since: Date | "now" | undefined;
	/** Events before this moment are not wanted. */
	#leastMs: number;
	readonly #known = new Set<string>();

	constructor(since: EventOptions["since"]) {
		this.#since = since;
		this.#leastMs = since instanceof Date ? since.getTime() : Number.NEGATIVE_INFINITY;
	}

	/** From when on to ask the server for events. */
	get since(): Date | "now" | undefined {
		return this.#since;
	}

	/** The server has answered. @param date its clock, as in the header Date: from "now" on means from then on */
	begin(date: string | undefined): void {
		const ms = Date.parse(date ?? "");
		if (this.#since !== "now" || Number.isNaN(ms)) return;
		this.#leastMs = ms;
		this.#since = new Date(ms);
	}

	/** Whether this event was not given before. */
	isNew(event: LedgerEvent): boolean {
		const key = [event.at, event.id, event.run, event.event].join(" ");
		if (this.#known.has(key)) return false;
		this.#known.add(key);
		for (const oldest of this.#known) {
			if (this.#known.size <= MOST_KNOWN) break;
			this.#known.delete(oldest);
		}
		const ms = Date.parse(event.at);
		if (!Number.isNaN(ms)) this.#since = new Date(Math.max(this.#leastMs, ms - OVERLAP_MS));
		return true;
	}
}
