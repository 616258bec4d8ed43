/** Waits for the end of one run, woken by the manager's signals. */
import type { Observation } from "../contract.ts";

/** No signal tells when a process ends that has neither a unit nor us as its parent. */
const POLL_MS = 50;

export class Waiter {
	readonly #observe: () => Promise<Observation>;
	#hinted = false;
	#wake: () => void = () => {};

	/** @param observe asks the manager; rejects when that is not possible */
	constructor(observe: () => Promise<Observation>) {
		this.#observe = observe;
	}

	/** To be called when the run may have changed. */
	readonly hint = (): void => {
		this.#hinted = true;
		this.#wake();
	};

	/**
	 * Whether the run is over, or will be within this time.
	 *
	 * @param attempt is made while it is not over, at every change, until it succeeds
	 */
	async isOver(withinMs: number, attempt?: () => Promise<boolean>): Promise<boolean> {
		const deadlineMs = performance.now() + withinMs;
		let due = attempt;
		for (;;) {
			this.#hinted = false;
			const { kind } = await this.#observe();
			if (kind === "absent" || kind === "ended") return true;
			if (due !== undefined && (await due())) due = undefined;
			const leftMs = deadlineMs - performance.now();
			if (leftMs <= 0) return false;
			await this.#nextHint(kind === "unsupervised" ? Math.min(POLL_MS, leftMs) : leftMs);
		}
	}

	#nextHint(withinMs: number): Promise<void> {
		return new Promise((resolve) => {
			if (this.#hinted) return resolve();
			const timer = setTimeout(resolve, withinMs);
			this.#wake = () => {
				clearTimeout(timer);
				resolve();
			};
		});
	}
}
