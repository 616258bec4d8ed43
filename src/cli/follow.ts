/** Stays with a job: shows what it writes, hands on what is typed, and lets go of it at Ctrl-C. */
import { type Chore, hasEnded, isChoreError, type Job, type LogOptions } from "../index.ts";
import type { Invocation } from "./command.ts";
import { NobodyReads, type Output } from "./output.ts";

/** What a shell says of a command that Ctrl-C ended. */
const INTERRUPTED_STATUS = 130;

/** Shows output to the end. @returns the ended job, or undefined when it was left running */
export function followJob(invocation: Invocation<unknown>, job: Job, options: LogOptions = {}): Promise<Job | undefined> {
	return untilInterrupted(invocation, job, async (signal) => {
		if (job.output.mode !== "null") await show(invocation.chore, invocation.output, job.id, { ...options, follow: true, signal });
		const earlier = options.run === undefined ? undefined : (await invocation.chore.runs(job.id)).find(({ run }) => run === options.run);
		return earlier !== undefined && hasEnded(earlier) ? earlier : invocation.chore.wait(job.id, { signal });
	});
}

/** The same, with our standard input as the job's. */
export function pipeJob(invocation: Invocation<unknown>, job: Job): Promise<Job | undefined> {
	return untilInterrupted(invocation, job, async (signal) => {
		const feeding = feed(invocation.chore, job.id, signal);
		feeding.catch(() => {}); // looked at below, unless we leave before
		let end: Job;
		try {
			await show(invocation.chore, invocation.output, job.id, { follow: true, signal });
			end = await invocation.chore.wait(job.id, { signal });
		} catch (error) {
			if (error instanceof NobodyReads) await breakPipe(invocation.chore, job.id);
			throw error;
		} finally {
			process.stdin.destroy();
		}
		await feeding;
		return end;
	});
}

/**
 * Tells the job what it would have learnt from a pipe of its own: that nobody reads any more. It writes to files, and
 * `chore run -P -- yes | head` would fill the disk with them.
 */
async function breakPipe(chore: Chore, id: string): Promise<void> {
	try {
		await chore.kill(id, { signal: "SIGPIPE" });
	} catch (error) {
		if (!isChoreError(error) || error.code !== "JOB_NOT_ACTIVE") throw error;
	}
}

/** Writes output as it is: stderr of a job with split output to stderr. */
export async function show(chore: Chore, output: Output, reference: string, options: LogOptions): Promise<void> {
	for await (const { bytes, stream } of chore.logs(reference, options)) output.bytes(bytes, stream === "stderr" ? 2 : 1);
}

/** Hands on our input until it ends, or nobody reads it any more. */
async function feed(chore: Chore, id: string, signal: AbortSignal): Promise<void> {
	try {
		// Like a pipe: for as long as the job takes to read on.
		const options = { signal, timeoutMs: Number.POSITIVE_INFINITY };
		for await (const data of process.stdin) await chore.send(id, data as Buffer, options);
		await chore.send(id, "", { end: true, signal });
	} catch (error) {
		const over = isChoreError(error) ? ["NO_INPUT", "JOB_NOT_ACTIVE", "ABORTED"].includes(error.code) : isClosing(error);
		if (!over) throw error;
	}
}

function isClosing(error: unknown): boolean {
	return error instanceof Error && "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE";
}

/** Goes on until Ctrl-C; the exit status is then that of a command which it ended. */
export async function whileFollowing(invocation: Invocation<unknown>, stay: (signal: AbortSignal) => Promise<void>): Promise<void> {
	const isInterrupted = await withInterrupt(async (signal) => {
		await stay(signal);
		return signal.aborted;
	});
	if (isInterrupted) invocation.setStatus(INTERRUPTED_STATUS);
}

function untilInterrupted(
	invocation: Invocation<unknown>,
	job: Job,
	stay: (signal: AbortSignal) => Promise<Job>,
): Promise<Job | undefined> {
	return withInterrupt(async (signal) => {
		try {
			return await stay(signal);
		} catch (error) {
			if (!signal.aborted || !isChoreError(error) || error.code !== "ABORTED") throw error;
			if (!invocation.options.quiet) invocation.output.note(`\nchore: ${job.name} goes on; follow it with: chore logs -f ${job.name}`);
			invocation.setStatus(INTERRUPTED_STATUS);
			return undefined;
		}
	});
}

async function withInterrupt<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T> {
	const interrupted = new AbortController();
	const interrupt = (): void => interrupted.abort();
	process.once("SIGINT", interrupt);
	try {
		return await act(interrupted.signal);
	} finally {
		process.off("SIGINT", interrupt);
	}
}
