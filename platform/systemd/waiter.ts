/** Waits for the end of one run: asks the manager again at each of its signals. */
import type { Observation } from "../contract.ts";
import { LONGEST_TIMER_MS } from "../silence.ts";

/** For processes without a unit: no signal of the manager tells when they end. */
const POLL_MS = 50;

export class Waiter {
	readonly #observe: () => Promise<Observation>;
	#hinted = false;
	#wake: () => void = () => {};

	/** @param observe asks the manager; rejects when that is not possible */
	constructor(observe: () => Promise<Observation>) {
		this.#observe = observe;
	}

	/** Call it when the run may have changed. */
	readonly hint = (): void => {
		this.#hinted = true;
		this.#wake();
	};

	/**
	 * Waits until the run is over, for `withinMs` at most.
	 *
	 * @param attempt is called first and after every change, until it resolves true
	 * @returns whether the run is over
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
			const timer = setTimeout(resolve, Math.min(withinMs, LONGEST_TIMER_MS));
			this.#wake = () => {
				clearTimeout(timer);
				resolve();
			};
		});
	}
}
