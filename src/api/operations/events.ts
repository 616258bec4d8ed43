/** Operations: what happened to the jobs of a session, as it happens or from a cursor on. */
import type { Job } from "../../index.ts";
import type { Inputs, Outputs, Streams } from "./messages.ts";
import { readMoment } from "./moments.ts";
import type { Operation, Streaming } from "./operation.ts";

type Event = Streams["events"];

export const events: Streaming<Inputs["events"], Event> = {
	role: "read",
	readOnly: true,
	async *stream({ since, follow, changes }, { jobs, signal }) {
		const from = since === "now" ? since : readMoment("since", since);
		if (!follow || !changes) return yield* jobs.events({ since: from, follow, signal });
		const changed = new Changes();
		yield* changed.beside(jobs.events({ since: from, follow, signal, onChange: (job) => changed.add(job) }));
	},
};

export const eventsAfter: Operation<Inputs["eventsAfter"], Outputs["eventsAfter"]> = {
	role: "read",
	readOnly: true,
	act: ({ cursor, ...options }, { jobs }) => jobs.eventsAfter(cursor, options),
};

export const moveCursor: Operation<Inputs["moveCursor"], Outputs["moveCursor"]> = {
	role: "run",
	readOnly: false,
	async act({ cursor, to }, { jobs }) {
		await jobs.moveCursor(cursor, to);
		return {};
	},
};

/** Changes of jobs, for a reader that may be slow: of each job the latest is kept. */
class Changes {
	readonly #jobs = new Map<string, Job>();
	#ring: () => void = () => {};

	add(job: Job): void {
		this.#jobs.set(job.id, job);
		this.#ring();
	}

	/** The events, and between them the changes, each as soon as it comes. */
	async *beside(events: AsyncGenerator<Event, void, void>): AsyncGenerator<Event, void, void> {
		let next: Promise<IteratorResult<Event, void>> | undefined;
		let hasCome = false;
		const come = (): void => {
			hasCome = true;
			this.#ring();
		};
		try {
			for (;;) {
				const rung = new Promise<void>((resolve) => {
					this.#ring = resolve;
				});
				if (next === undefined) {
					hasCome = false;
					next = events.next();
					next.then(come, come);
				}
				const [first] = this.#jobs;
				if (first !== undefined) {
					this.#jobs.delete(first[0]);
					yield { changed: first[1] };
				} else if (hasCome) {
					const result = await next;
					next = undefined;
					if (result.done) return;
					yield result.value;
				} else await rung;
			}
		} finally {
			await events.return();
		}
	}
}
