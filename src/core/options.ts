/** The options of `openChore`. */
import type { Scope } from "../../platform/registry.ts";

/** Which session to open, and the defaults for its jobs. */
export interface ChoreOptions {
	/** The name of a separate set of jobs. Default "default". */
	readonly session?: string | undefined;
	/** The platform for new jobs, such as "posix". Default: the first that is available. Existing jobs stay on their own. */
	readonly platform?: string | undefined;
	/** Whether new jobs belong to the user or to the system: only a platform for such jobs is used. Default: any platform. */
	readonly scope?: Scope | undefined;
	/** The state folder, an absolute path. Default: `$CHORE_HOME`, else `${XDG_STATE_HOME:-~/.local/state}/chore`. */
	readonly home?: string | undefined;
	/** Milliseconds between the stop signal and SIGKILL, for jobs that set no grace of their own. Default 10,000. */
	readonly graceMs?: number | undefined;
	/** How many jobs may be active at once. Default 4,096. */
	readonly maxJobs?: number | undefined;
	/** How many days ended jobs are kept. Default 30. */
	readonly keepDays?: number | undefined;
	/** How many ended jobs are kept. Default 10,000. */
	readonly keepJobs?: number | undefined;
	/** How many bytes of output of ended jobs are kept. Default 10 GiB. */
	readonly keepBytes?: number | undefined;
}
