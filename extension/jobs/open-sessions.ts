/** The sessions that a window has open under one set of settings: each is opened once, however many ask for it at a time. */
import type { SessionJobs } from "./session-jobs.ts";

export class OpenSessions {
	readonly #open: (name: string) => Promise<SessionJobs>;
	readonly #asked = new Map<string, Promise<SessionJobs>>();
	readonly #there = new Map<string, SessionJobs>();
	#isClosed = false;

	constructor(open: (name: string) => Promise<SessionJobs>) {
		this.#open = open;
	}

	/** Those that are open and have their jobs. */
	get there(): ReadonlyMap<string, SessionJobs> {
		return this.#there;
	}

	/** The session of that name. One that cannot be opened is tried again by the next who asks. */
	get(name: string): Promise<SessionJobs> {
		let asked = this.#asked.get(name);
		if (asked === undefined) {
			asked = this.#add(name);
			this.#asked.set(name, asked);
		}
		return asked;
	}

	/** Closes all of them, also those that are only being opened. */
	async close(): Promise<void> {
		this.#isClosed = true;
		this.#there.clear();
		const opened = await Promise.allSettled(this.#asked.values());
		for (const one of opened) if (one.status === "fulfilled") await one.value.close();
	}

	async #add(name: string): Promise<SessionJobs> {
		try {
			const session = await this.#open(name);
			if (this.#isClosed) await session.close();
			else this.#there.set(name, session);
			return session;
		} catch (error) {
			this.#asked.delete(name);
			throw error;
		}
	}
}
