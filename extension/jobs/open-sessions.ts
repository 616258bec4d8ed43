/** The sessions that a window has open under one set of settings. Each is opened once, also when several callers ask at a time. */
import type { SessionJobs } from "./session-jobs.ts";

export class OpenSessions {
	readonly #open: (name: string) => Promise<SessionJobs>;
	readonly #asked = new Map<string, Promise<SessionJobs>>();
	readonly #there = new Map<string, SessionJobs>();
	#isClosed = false;

	constructor(open: (name: string) => Promise<SessionJobs>) {
		this.#open = open;
	}

	/** The sessions that are open and have read their jobs, by name. */
	get there(): ReadonlyMap<string, SessionJobs> {
		return this.#there;
	}

	/** Opens the session, or gives the one that is open. One that could not be opened is tried again by the next call. */
	get(name: string): Promise<SessionJobs> {
		let asked = this.#asked.get(name);
		if (asked === undefined) {
			asked = this.#add(name);
			this.#asked.set(name, asked);
		}
		return asked;
	}

	/** Closes all sessions; those that are still being opened, as soon as they are open. */
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
			else {
				this.#there.set(session.name, session);
				// A server's client that asks for no session by name has one all the same.
				if (!this.#asked.has(session.name)) this.#asked.set(session.name, Promise.resolve(session));
			}
			return session;
		} catch (error) {
			this.#asked.delete(name);
			throw error;
		}
	}
}
