/** Stays with a job until it ends: prints its output and sends it our input. Ctrl-C ends this, never the job. */
import { isChoreError, type Job, type Jobs, type LogOptions } from "../index.ts";
import type { Invocation } from "./command.ts";
import { NobodyReads, type Output } from "./output.ts";
import { TerminalFilter } from "./terminal-filter.ts";

/** 128 + SIGINT, as for every command that Ctrl-C ended. */
const INTERRUPTED_STATUS = 130;

export interface ShowOptions extends LogOptions {
	/** Print every byte, also to a terminal. */
	readonly raw?: boolean | undefined;
}

/** Prints the output of the job's run, or of `options.run`, until that ends. @returns how it ended; undefined after Ctrl-C */
export function followJob(invocation: Invocation<unknown>, job: Job, options: ShowOptions = {}): Promise<Job | undefined> {
	return untilInterrupted(invocation, job, async (signal) => {
		const { run = job.run } = options;
		if (job.output.mode !== "null") await show(invocation.chore, invocation.output, job.id, { ...options, run, follow: true, signal });
		return invocation.chore.wait(job.id, { run, signal });
	});
}

/** Like `followJob`, and sends our standard input to the job. */
export function pipeJob(invocation: Invocation<unknown>, job: Job, { raw }: ShowOptions = {}): Promise<Job | undefined> {
	return untilInterrupted(invocation, job, async (signal) => {
		const feeding = feed(invocation.chore, job.id, signal);
		feeding.catch(() => {}); // awaited below; without this, an earlier error would leave a rejection unhandled
		let end: Job;
		try {
			await show(invocation.chore, invocation.output, job.id, { run: job.run, follow: true, signal, raw });
			end = await invocation.chore.wait(job.id, { run: job.run, signal });
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
 * Sends SIGPIPE to the job when our output has no reader any more. The job itself writes to files and would not notice:
 * `chore run -P -- yes | head` would fill the disk.
 */
async function breakPipe(chore: Jobs, id: string): Promise<void> {
	try {
		await chore.kill(id, { signal: "SIGPIPE" });
	} catch (error) {
		if (!isChoreError(error) || error.code !== "JOB_NOT_ACTIVE") throw error;
	}
}

/** Prints the output of a job as it is; to a terminal, only what is harmless there. With split output its stderr goes to stderr. */
export async function show(chore: Jobs, output: Output, reference: string, { raw, ...options }: ShowOptions): Promise<void> {
	const filters = new Map(([1, 2] as const).map((to) => [to, !raw && output.isTerminalAt(to) ? new TerminalFilter() : undefined]));
	for await (const { bytes, stream } of chore.logs(reference, options)) {
		const to = stream === "stderr" ? 2 : 1;
		output.bytes(filters.get(to)?.pass(bytes) ?? bytes, to);
	}
	for (const [to, filter] of filters) if (filter !== undefined) output.bytes(filter.end(), to);
}

/** Sends our standard input to the job until it ends or the job reads no more. */
async function feed(chore: Jobs, id: string, signal: AbortSignal): Promise<void> {
	try {
		// Like a pipe, wait for the job to read as long as it takes.
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

/** Calls `stay` with a signal that Ctrl-C raises. Sets the exit status 130 after Ctrl-C. */
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
			if (!invocation.options.quiet)
				invocation.output.note(`\nchore: ${job.name} goes on; follow it with: ${invocation.self} logs -f ${job.name}`);
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
