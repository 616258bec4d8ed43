/**
 * The mark of a run: two environment variables that each of its processes inherits. A process that left the run's process
 * group or cgroup is found by them. The job's id alone is not enough: a command still at work on run 1 must not signal
 * processes of run 2.
 */

/** Its value is the id of the job. */
export const JOB_VARIABLE = "CHORE_JOB_ID";
/** Its value is `<run>.<job>`. No value is a part of another one, so that a search for the text finds this run only. */
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
 * Whether a process belongs to this run.
 *
 * @param variable gives the value of a variable of the process; undefined when it is not set or cannot be read
 */
export function whose(variable: (name: string) => string | undefined, run: MarkedRun): "this run's" | "another's" | "unmarked" {
	const mark = variable(RUN_VARIABLE);
	if (mark !== undefined) return mark === runMark(run) ? "this run's" : "another's";
	// Runs that earlier versions of chore started have JOB_VARIABLE only.
	const jobId = variable(JOB_VARIABLE);
	if (jobId === undefined) return "unmarked";
	return jobId === run.jobId ? "this run's" : "another's";
}
