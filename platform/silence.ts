/**
 * How long somebody has been silent, as far as this process could have heard. A process that was busy at one stroke, or
 * held (Ctrl-Z), finds its timers overdue before it reads what came meanwhile: a timer alone would take its own absence
 * for the silence of the other.
 */

/** The patience is spent in so many parts; what is missed at one stroke costs one. */
const PARTS = 10;

export class Silence implements Disposable {
	readonly #over: () => void;
	readonly #timer: NodeJS.Timeout;
	#parts = 0;
	#state: "counting" | "listening" | "over" | "disposed" = "counting";

	/**
	 * Begins to count.
	 *
	 * @param patienceMs milliseconds of silence that are endured
	 * @param over called once, when they are over; not after the disposal
	 */
	constructor(patienceMs: number, over: () => void = () => {}) {
		this.#over = over;
		this.#timer = setTimeout(() => this.#listen(), patienceMs / PARTS);
	}

	/** For who looks again and again. */
	get isOver(): boolean {
		return this.#state === "over";
	}

	/** Begins to count anew. */
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

	/** Node reads what has come after it has run the timers, and before this. */
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
