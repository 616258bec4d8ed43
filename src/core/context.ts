/** The open session that `Chore` passes to every verb. */
import type { Session } from "./disk/session.ts";
import type { Retention } from "./forget/retention.ts";
import type { Platforms, Wish } from "./platforms.ts";

/** `platform` and `scope` choose the platform of new jobs. */
export interface Context extends Wish {
	readonly session: Session;
	readonly platforms: Platforms;
	/** How many jobs may be active at once. */
	readonly maxJobs: number;
	/** Milliseconds between the stop signal and SIGKILL, for new jobs that set no grace of their own. */
	readonly graceMs: number;
	/** How many ended jobs are kept, and how long. */
	readonly keep: Retention;
	/** Requests that go on although their caller has given up waiting. */
	readonly unfinished: Set<Promise<unknown>>;
}
