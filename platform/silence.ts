/**
 * A time limit for an answer that counts only the time in which this process could have read it. After Ctrl-Z or a long
 * computation Node runs overdue timers before it reads its sockets, so a plain timer would report a silence although the
 * answer has arrived.
 */

/** The number of parts in which the limit is counted. An interruption of this process, however long, costs one part only. */
const PARTS = 10;

/** The longest time that setTimeout takes, in milliseconds. It waits only 1 ms when asked for more, and users may ask for more. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1;

export class Silence implements Disposable {
	readonly #over: () => void;
	readonly #timer: NodeJS.Timeout;
	#parts = 0;
	#state: "counting" | "listening" | "over" | "disposed" = "counting";

	/**
	 * Begins to count.
	 *
	 * @param patienceMs the limit, in milliseconds
	 * @param over called once, when the limit is reached; never after disposal
	 */
	constructor(patienceMs: number, over: () => void = () => {}) {
		this.#over = over;
		this.#timer = setTimeout(() => this.#listen(), Math.min(patienceMs / PARTS, LONGEST_TIMER_MS));
	}

	/** Whether the limit was reached. For loops that poll. */
	get isOver(): boolean {
		return this.#state === "over";
	}

	/** Call it at every sign of life: begins to count anew. */
	heard(): void {
		if (this.#state === "over" || this.#state === "disposed") return;
		this.#state = "counting";
		this.#parts = 0;
		this.#timer.refresh();
	}

	[Symbol.dispose](): void {
		this.#state = "disposed";
		clearTimeout(this.#timer);
	}

	/** Ends one part. Node reads its sockets between a timer and setImmediate: an answer that has arrived calls `heard` first. */
	#listen(): void {
		this.#state = "listening";
		setImmediate(() => {
			if (this.#state !== "listening") return;
			this.#parts += 1;
			if (this.#parts < PARTS) {
				this.#state = "counting";
				this.#timer.refresh();
				return;
			}
			this.#state = "over";
			this.#over();
		});
	}
}
