/** Decides whether a request is made again after the connection was lost, and waits a little before that. */
import { setTimeout as delay } from "node:timers/promises";
import type { Connection } from "./connection.ts";
import { ConnectionLost } from "./failure.ts";

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;

export class Patience {
	readonly #connection: Connection;
	readonly #patienceMs: number;
	#lostAtMs: number | undefined;
	#answeredAtMs = 0;
	#pauseMs = FIRST_PAUSE_MS;

	/** @param patienceMs how long a server that was there may be away */
	constructor(connection: Connection, patienceMs: number) {
		this.#connection = connection;
		this.#patienceMs = patienceMs;
	}

	/** The server has begun to answer: if it goes on for a while, it is there again. */
	answered(): void {
		this.#answeredAtMs = performance.now();
	}

	/** The server has told something. */
	renew(): void {
		this.#lostAtMs = undefined;
		this.#pauseMs = FIRST_PAUSE_MS;
	}

	/** Returns when it is time to try again, or when the signal is raised. @throws the error, where to try again is of no use */
	async after(error: unknown, signal: AbortSignal | undefined): Promise<void> {
		if (!(error instanceof ConnectionLost) || !this.#connection.wasReached) throw error;
		const now = performance.now();
		if (this.#answeredAtMs > 0 && now - this.#answeredAtMs > LONGEST_PAUSE_MS) this.renew();
		this.#answeredAtMs = 0;
		this.#lostAtMs ??= now;
		if (now - this.#lostAtMs >= this.#patienceMs) throw error;
		await delay(this.#pauseMs, undefined, { signal }).catch(() => {});
		this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
	}
}
