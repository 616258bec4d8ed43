/**
 * The mark of a run: two variables that each of its processes inherits, and by which those are known that nothing else
 * ties to it. That of the job alone would not do: whoever is still at work on one run must not take the next for it.
 */

/** Its value is the id of the job. */
export const JOB_VARIABLE = "CHORE_JOB_ID";
/** Its value is `<run>.<job>`: the one of a run is never a part of another's. */
export const RUN_VARIABLE = "CHORE_RUN_ID";

/** What a mark says. */
export interface MarkedRun {
	readonly jobId: string;
	/** 1 for the first start of a job. */
	readonly run: number;
}

/** The value of RUN_VARIABLE in a run's processes. */
export function runMark({ jobId, run }: MarkedRun): string {
	return `${run}.${jobId}`;
}

/**
 * Whether a process is of this run.
 *
 * @param variable looks a variable of the process up; undefined for one that it has not, or does not let us see
 */
export function whose(variable: (name: string) => string | undefined, run: MarkedRun): "this run's" | "another's" | "unmarked" {
	const mark = variable(RUN_VARIABLE);
	if (mark !== undefined) return mark === runMark(run) ? "this run's" : "another's";
	// The runs that earlier versions started have the mark of their job alone.
	const jobId = variable(JOB_VARIABLE);
	if (jobId === undefined) return "unmarked";
	return jobId === run.jobId ? "this run's" : "another's";
}
