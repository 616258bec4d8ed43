/** Tells when there was no connection for a while, so that a server that is started by its socket can end. */
export class Idle implements Disposable {
	readonly #idleMs: number;
	readonly #expired: () => void;
	#timer: NodeJS.Timeout | undefined;

	/**
	 * Begins at once: a server that nobody connects to ends, too.
	 * @param idleMs Infinity for never
	 * @param expired is called once
	 */
	constructor(idleMs: number, expired: () => void) {
		this.#idleMs = idleMs;
		this.#expired = expired;
		this.count(0);
	}

	/** To be called whenever the number of connections has changed. */
	count(connections: number): void {
		clearTimeout(this.#timer);
		if (connections === 0 && this.#idleMs <= LONGEST_TIMER_MS) this.#timer = setTimeout(this.#expired, this.#idleMs);
	}

	[Symbol.dispose](): void {
		clearTimeout(this.#timer);
	}
}

/** What is longer is never, for setTimeout(): 24 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
