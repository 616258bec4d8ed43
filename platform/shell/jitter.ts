/** How long after its moments a job is woken. Pure. */
import type { Wake } from "../contract.ts";

/** Whole seconds, `jitterMs` at most: the same ones for a job each time. The end of its id is by chance. */
export function jitterSeconds({ jobId, jitterMs }: Pick<Wake, "jobId" | "jitterMs">): number {
	return Number.parseInt(jobId.slice(-8), 16) % (Math.floor(jitterMs / 1000) + 1);
}
