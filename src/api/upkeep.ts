/**
 * Has the sessions of a server prune now and then. A command prunes when it ends, but a server may go on for months. Each session
 * prunes for 20 ms at most, and only if it has started or looked at jobs since the last time.
 */
import type { Jobs } from "../index.ts";
import type { Sessions } from "./enter.ts";

const EVERY_MS = 60_000;

export class Upkeep implements Sessions, Disposable {
	readonly #sessions: Sessions;
	/** Those that were asked for. */
	readonly #opened = new Set<Jobs>();
	readonly #timer: NodeJS.Timeout;
	#isUnderWay = false;

	/** @param sessions closed by whoever gives them @param report takes an error that is a fault of the server */
	constructor(sessions: Sessions, report: (error: unknown) => void) {
		this.#sessions = sessions;
		this.#timer = setInterval(() => this.#prune().catch(report), EVERY_MS).unref();
	}

	session: Sessions["session"] = (name, bounds) => {
		const jobs = this.#sessions.session(name, bounds);
		this.#opened.add(jobs);
		return jobs;
	};

	[Symbol.dispose](): void {
		clearInterval(this.#timer);
	}

	/** One session after the other, with a turn for requests in between. */
	async #prune(): Promise<void> {
		if (this.#isUnderWay) return;
		this.#isUnderWay = true;
		try {
			for (const jobs of this.#opened) {
				await jobs.close(); // it prunes, and can be used again
				await new Promise((resume) => setImmediate(resume));
			}
		} finally {
			this.#isUnderWay = false;
		}
	}
}
