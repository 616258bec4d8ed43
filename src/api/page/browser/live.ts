/** Keeps a view as the server has it: refreshes it at each event, and tries again while the server is away. */
import { ask, piecesOf, Refusal } from "./server.ts";
import type { View } from "./view.ts";

/** Between two refreshes at least, so that a burst of events is one. */
const PAUSE_MS = 500;
/** Also without an event, for what has none: sizes, and what nobody has looked at. */
const POLL_MS = 30_000;
const TICK_MS = 5000;
const LONGEST_WAIT_MS = 15_000;

/** What is wrong, in words; undefined when all is well again. */
type Tell = (trouble: string | undefined) => void;

export class Live {
	readonly #view: View;
	readonly #session: string | undefined;
	readonly #tell: Tell;
	readonly #over = new AbortController();
	readonly #timers: readonly ReturnType<typeof setInterval>[];
	#isBusy = false;
	#isWanted = false;
	#waitMs = PAUSE_MS;

	constructor(view: View, session: string | undefined, tell: Tell) {
		this.#view = view;
		this.#session = session;
		this.#tell = tell;
		this.#timers = [setInterval(() => this.refresh(), POLL_MS), setInterval(() => view.tick(), TICK_MS)];
		this.refresh();
		void this.#listen();
	}

	/** Ends all that is under way. */
	end(): void {
		this.#over.abort();
		for (const timer of this.#timers) clearInterval(timer);
		this.#view.rest();
	}

	refresh(): void {
		this.#isWanted = true;
		if (!this.#isBusy) void this.#refreshWhileWanted();
	}

	async #refreshWhileWanted(): Promise<void> {
		this.#isBusy = true;
		while (this.#isWanted && !this.#over.signal.aborted) {
			this.#isWanted = false;
			try {
				await this.#view.refresh(this.#over.signal);
				this.#waitMs = PAUSE_MS;
				this.#tell(undefined);
			} catch (error) {
				this.#failed(error);
			}
			await pause(this.#waitMs);
		}
		this.#isBusy = false;
	}

	/** Events are not read: each is a reason to look. */
	async #listen(): Promise<void> {
		const { signal } = this.#over;
		const query = { follow: true, changes: true, since: "now", session: this.#session };
		for (let waitMs = PAUSE_MS; !signal.aborted; waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2)) {
			try {
				for await (const _ of piecesOf(await ask("/v1/events", { query, signal }))) {
					waitMs = PAUSE_MS;
					this.refresh();
				}
			} catch {
				// Whether the server is away is for the refresh to find out.
			}
			this.refresh();
			await pause(waitMs);
		}
	}

	#failed(error: unknown): void {
		if (this.#over.signal.aborted) return;
		this.#waitMs = Math.min(LONGEST_WAIT_MS, this.#waitMs * 2);
		if (!(error instanceof Refusal)) this.#tell("The server does not answer. What you see may be out of date; trying again.");
		else this.#tell(error.status === 403 ? `You are not let in: ${error.message}. Load the page again to sign in.` : error.message);
		if (!(error instanceof Refusal) || error.status >= 429) this.#isWanted = true;
	}
}

function pause(milliseconds: number): Promise<void> {
	return new Promise((resume) => setTimeout(resume, milliseconds));
}
