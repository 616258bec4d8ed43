/** One job in detail: its processes, what they use, and the last lines of its output. */
import type { Usage } from "../../../platform/contract.ts";
import { isChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { current } from "../control/reach.ts";
import { entryAt } from "../disk/private-folder.ts";
import { isUnreadable, readStoredRun } from "../disk/store.ts";
import { isIdle, type Job } from "../job.ts";
import { readAttempts } from "../settle/attempts.ts";
import { lastLines } from "./last-lines.ts";
import { runs } from "./runs.ts";

/** What `chore status` shows of a job. */
export interface JobDetails {
	readonly job: Job;
	/** Null for a job that has ended or is unknown. */
	readonly usage: Usage | null;
	/** The last lines of its output, decoded as UTF-8: of each what a terminal finally shows, 2000 characters at most. */
	readonly lastLines: readonly string[];
	/** The runs before this one, oldest first. */
	readonly earlierRuns: readonly Job[];
	/** With a restart policy: the latest ended attempts of this run, oldest first. */
	readonly attempts: readonly Attempt[];
}

/** How one attempt ended. */
export interface Attempt {
	readonly attempt: number;
	/** 0 to 255, or null after a signal. */
	readonly exitCode: number | null;
	/** "SIGTERM", or null. */
	readonly signal: string | null;
	readonly cpuTimeMs: number | null;
}

/** @see Chore.status in chore.ts */
export async function status(context: Context, id: string, options: { readonly lines: number }): Promise<JobDetails> {
	const job = await current(context, id);
	const [usage, lastLines] = await Promise.all([usageOf(context, job), linesOf(job, options.lines)]);
	const all = job.run <= 1 ? [] : await runs(context, id);
	return { job, usage, lastLines, earlierRuns: all.filter(({ run }) => run < job.run), attempts: attemptsOf(context, job) };
}

function attemptsOf({ session }: Context, job: Job): readonly Attempt[] {
	const stored = readStoredRun(session, job.id, job.run);
	if (stored === undefined || isUnreadable(stored)) return [];
	return readAttempts(stored).map(({ attempt, status, cpuTimeMs }) => ({
		attempt,
		exitCode: "code" in status ? status.code : null,
		signal: "signal" in status ? status.signal : null,
		cpuTimeMs,
	}));
}

async function usageOf(context: Context, job: Job): Promise<Usage | null> {
	if (isIdle(job) || job.state === "unknown") return null;
	const stored = readStoredRun(context.session, job.id);
	if (stored === undefined || isUnreadable(stored)) return null;
	return (await context.platforms.get(job.platform)).usage(stored.run.handle);
}

/** With split output, the lines of the file that was written to last come last. */
async function linesOf({ output }: Job, count: number): Promise<readonly string[]> {
	if (count === 0 || output.mode === "null") return [];
	const changedMs = (path: string): number => entryAt(path)?.mtimeMs ?? 0;
	try {
		const paths = [...output.paths].sort((one, other) => changedMs(one) - changedMs(other));
		const lines = await Promise.all(paths.map((path) => lastLines(path, count)));
		return lines.flat().slice(-count);
	} catch (error) {
		if (!isChoreError(error)) throw error;
		return [];
	}
}
