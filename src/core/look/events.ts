/** Reads the events of a session from its ledger and, when asked to follow, goes on with each new event. */
import type { Context } from "../context.ts";
import { Bell } from "../disk/bell.ts";
import { FolderWatch } from "../disk/file-watch.ts";
import { allEvents, type LedgerEvent, newEvents } from "../disk/ledger.ts";
import { LedgerReader, readLedgerTail } from "../disk/ledger-files.ts";
import type { Job } from "../job.ts";
import { type Follower, LOOK_EVERY_MS, witnessFor } from "./witness.ts";

/** Which events `Chore.events` gives. */
export interface EventOptions {
	/**
	 * Of the events that the ledger holds already, only those from this moment on; "now": none. Default: all. Later events
	 * are all given, whatever their time, since clocks may be set back.
	 */
	readonly since?: Date | "now" | undefined;
	/** Go on with events as they happen. */
	readonly follow?: boolean | undefined;
	/**
	 * Called while following with each active job, and again when it is seen in another state or attempt: also where no event
	 * tells of that, since its program has begun, or ended and waits to be started again.
	 */
	readonly onChange?: ((job: Job) => void) | undefined;
	/** Ends the iteration without an error. */
	readonly signal?: AbortSignal | undefined;
}

/** How much of the ledger before "now" is read. */
const OVERLAP_BYTES = 16 * 1024;

/** @see Chore.events in chore.ts */
export async function* events(context: Context, options: EventOptions = {}): AsyncGenerator<LedgerEvent, void, void> {
	if (options.follow) return yield* followed(context, options);
	for await (const some of allEvents(context.session)) {
		if (options.signal?.aborted) return;
		for (const event of some) if (isFrom(options.since, event)) yield event;
	}
}

async function* followed(context: Context, { since, onChange, signal }: EventOptions): AsyncGenerator<LedgerEvent, void, void> {
	const { session } = context;
	const bell = new Bell();
	signal?.addEventListener("abort", bell.ring);
	// The folder, not the file: the ledger may be made only later, and is renamed when it is full. Following makes nothing.
	using ledger = new FolderWatch(session.folder, bell.ring);
	const follower: Follower = {
		ring: bell.ring,
		changed: (job) => {
			if (!signal?.aborted) onChange?.(job);
		},
	};
	const seen = new Set<string>();
	// An event that was just written may be written once more, by another process.
	if (since === "now") newEvents(readLedgerTail(session, OVERLAP_BYTES).split("\n"), seen);
	using reader = new LedgerReader(session, since === "now" ? "end" : "beginning");
	// Ends are written to the ledger by the command that finds them, so somebody has to wait for all active jobs.
	const witness = witnessFor(context, follower);
	try {
		for (let isPast = true; !signal?.aborted; isPast = false) {
			bell.arm();
			for (const lines of reader.read()) {
				for (const event of newEvents(lines, seen)) {
					if (signal?.aborted) return;
					if (event.event === "started" && !isPast) witness.watch(event.id, event.run);
					if (!isPast || isFrom(since, event)) yield event;
				}
				await new Promise((resume) => setImmediate(resume));
			}
			const surveyMs = witness.survey();
			if (!isPast) await bell.rung(ledger.isReliable ? surveyMs : Math.min(surveyMs, LOOK_EVERY_MS));
		}
	} finally {
		signal?.removeEventListener("abort", bell.ring);
		await witness.leave(follower);
	}
}

function isFrom(since: EventOptions["since"], { at }: LedgerEvent): boolean {
	return since === undefined || (since !== "now" && Date.parse(at) >= since.getTime());
}
