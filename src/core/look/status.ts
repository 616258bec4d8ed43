/** One job in detail: its processes, what they use, and the last lines of its output. */
import type { Usage } from "../../../platform/contract.ts";
import { isChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { current } from "../control/reach.ts";
import { isUnreadable, readStoredRun } from "../disk/store.ts";
import { hasEnded, type Job } from "../job.ts";
import { readAttempts } from "../settle/attempts.ts";
import { logs } from "./logs.ts";
import { runs } from "./runs.ts";

/** What `chore status` shows of a job. */
export interface JobDetails {
	readonly job: Job;
	/** Null for a job that has ended or is unknown. */
	readonly usage: Usage | null;
	/** The last lines of its output, decoded as UTF-8. */
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
	const [usage, lastLines] = await Promise.all([usageOf(context, job), linesOf(context, job, options.lines)]);
	const all = job.run === 1 ? [] : await runs(context, id);
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
	if (hasEnded(job) || job.state === "unknown") return null;
	const stored = readStoredRun(context.session, job.id);
	if (stored === undefined || isUnreadable(stored)) return null;
	return (await context.platforms.get(job.platform)).usage(stored.run.handle);
}

/** Longer lines are cut. */
const LINE_LENGTH = 2000;

async function linesOf(context: Context, job: Job, lines: number): Promise<readonly string[]> {
	if (lines === 0 || job.output.mode === "null") return [];
	const parts: Buffer[] = [];
	try {
		for await (const { bytes } of logs(context, job.id, { lines })) parts.push(Buffer.from(bytes.subarray(0, lines * LINE_LENGTH)));
	} catch (error) {
		if (!isChoreError(error)) throw error;
		return [];
	}
	const text = Buffer.concat(parts).toString("utf8").replace(/\n$/, "");
	return text === ""
		? []
		: text
				.split("\n")
				.slice(-lines)
				.map((line) => line.slice(0, LINE_LENGTH));
}
