/** Starts a job for `run` and `request`, and stays with it if that was asked for. */
import { hasEnded, isChoreError, type Job, type Jobs, type RequestOptions, type RunOptions, shortId } from "../index.ts";
import type { Invocation } from "./command.ts";
import { closeInherited } from "./descriptors.ts";
import { followJob, pipeJob } from "./follow.ts";
import { type JobOptions, staysBy } from "./job-options.ts";
import { endNote, exitStatus, nextWords, summary } from "./words.ts";

export async function startAndStay(
	invocation: Invocation<JobOptions & { readonly pipe?: boolean }>,
	what: RunOptions | RequestOptions,
): Promise<void> {
	const { options, chore, output, self } = invocation;
	const stays = staysBy(options);
	closeInherited();
	const { job, started } = await begin(invocation, what);
	const attached = !started && options.ifRunning === "attach";
	const say = options.quiet ? () => {} : (text: string) => output.note(text);
	if (stays === undefined && !attached) {
		if (options.json) output.line(JSON.stringify(job));
		else output.line(job.id);
		if (!started && job.state === "scheduled") say(`${job.name} is scheduled already (${shortId(job.id)}), ${nextWords(job)}`);
		else if (!started) say(`${job.name} is running already (${shortId(job.id)}); follow it with: ${self} logs -f ${job.name}`);
		else say(startedLine(job, self));
		return;
	}
	say(`${job.name} ${started ? "runs" : "is running already"} on ${job.platform} as ${job.id}`);
	const { raw } = options;
	const end =
		stays === "wait"
			? await chore.wait(job.id, { run: job.run })
			: await (stays === "pipe" ? pipeJob : followJob)(invocation, job, { raw });
	if (end === undefined) return; // after Ctrl-C
	if (options.json && stays === "wait") output.line(JSON.stringify(end));
	const note = endNote(end);
	if (note !== undefined) say(note);
	invocation.setStatus(exitStatus(end));
}

/** Starts the job; with --if-running skip or attach, finds the active job that has its name. */
async function begin(
	{ chore, options }: Invocation<JobOptions>,
	run: RunOptions | RequestOptions,
): Promise<{ readonly job: Job; readonly started: boolean }> {
	for (;;) {
		try {
			return { job: await chore.run(run), started: true };
		} catch (error) {
			if (!isChoreError(error) || error.code !== "NAME_IN_USE" || run.name === undefined) throw error;
			if (options.ifRunning !== "skip" && options.ifRunning !== "attach") throw error;
			const job = await present(chore, run.name);
			if (job?.state === "unknown" || (job?.state === "scheduled" && options.ifRunning === "attach")) throw error;
			if (job !== undefined) return { job, started: false };
		}
	}
}

/** The active job with this name; undefined when it ended meanwhile. */
async function present(chore: Jobs, name: string): Promise<Job | undefined> {
	try {
		const job = await chore.get(name);
		return hasEnded(job) ? undefined : job;
	} catch (error) {
		if (isChoreError(error) && error.code === "JOB_NOT_FOUND") return undefined;
		throw error;
	}
}

function startedLine(job: Job, self: string): string {
	if (job.state === "scheduled") return `${job.name} is scheduled on ${job.platform}, ${nextWords(job)}`;
	if (job.endedAt !== null) return summary(job);
	return `${job.name} runs on ${job.platform}; follow it with: ${self} logs -f ${job.name}`;
}
