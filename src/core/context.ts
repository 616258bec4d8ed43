/** What every verb works with. */

import type { Session } from "./disk/session.ts";
import type { Retention } from "./forget/retention.ts";
import type { Platforms, Wish } from "./platforms.ts";

/** The wish is for the platform of new jobs. */
export interface Context extends Wish {
	readonly session: Session;
	readonly platforms: Platforms;
	/** How many jobs may be active at once. */
	readonly maxJobs: number;
	/** Milliseconds between the stop signal and SIGKILL for jobs started here that do not say. */
	readonly graceMs: number;
	/** What is kept of jobs that are over. */
	readonly keep: Retention;
}
