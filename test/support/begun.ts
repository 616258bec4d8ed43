import type { Job } from "../../src/core/job.ts";
import { eventually } from "./eventually.ts";

/**
 * A job once its main process runs. A start may return before that: posix has the job then, and shows it as starting.
 *
 * @param look gives the job as it is now
 */
export function begun(look: () => Promise<Job>): Promise<Job & { readonly pid: number }> {
	return eventually("the job runs", look, isBegun) as Promise<Job & { readonly pid: number }>;
}

function isBegun({ state, pid }: Job): boolean {
	return state === "running" && pid !== null;
}
