/** What every verb works with. */

import type { Session } from "./disk/session.ts";
import type { Retention } from "./forget/retention.ts";
import type { Platforms } from "./platforms.ts";

export interface Context {
	readonly session: Session;
	readonly platforms: Platforms;
	/** The platform asked for, or undefined for the first that is available. */
	readonly platform: string | undefined;
	/** How many jobs may be active at once. */
	readonly maxJobs: number;
	/** Milliseconds between the stop signal and SIGKILL for jobs started here that do not say. */
	readonly graceMs: number;
	/** What is kept of jobs that are over. */
	readonly keep: Retention;
}
