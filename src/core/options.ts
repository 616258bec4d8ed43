/** What a handle on jobs is opened with. */
import type { Scope } from "../../platform/registry.ts";

/** Where and how to work with jobs. */
export interface ChoreOptions {
	/** A separate set of jobs. Default "default". */
	readonly session?: string | undefined;
	/** What runs new jobs, such as "posix". Default: the first that is available. Existing jobs stay on theirs. */
	readonly platform?: string | undefined;
	/** Whose new jobs are, where that matters: only a platform for jobs of the user, or of the system, is used. */
	readonly scope?: Scope | undefined;
	/** The state folder, an absolute path. Default: `$CHORE_HOME`, else `${XDG_STATE_HOME:-~/.local/state}/chore`. */
	readonly home?: string | undefined;
	/** Milliseconds between the stop signal and SIGKILL for jobs that do not say. Default 10,000. */
	readonly graceMs?: number | undefined;
	/** How many jobs may be active at once. Default 4,096. */
	readonly maxJobs?: number | undefined;
	/** For how many days jobs that are over are kept. Default 30. */
	readonly keepDays?: number | undefined;
	/** How many jobs that are over are kept. Default 10,000. */
	readonly keepJobs?: number | undefined;
	/** How many bytes of output of jobs that are over are kept. Default 10 GiB. */
	readonly keepBytes?: number | undefined;
}
