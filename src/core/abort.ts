/** What the `signal` of an option means: before a request is sent it ends the verb, afterwards only the waiting. */
import { ChoreError } from "../../platform/errors.ts";
import type { Context } from "./context.ts";

/** @param what "the start", for the message. @throws ChoreError ABORTED, with the signal's reason as its cause */
export function throwIfAborted(signal: AbortSignal | undefined, what: string): void {
	if (signal?.aborted) throw aborted(signal, `${what} was given up before it was asked for`);
}

/**
 * The outcome of a request that has been sent, unless the signal is raised first. The request goes on then, and its outcome
 * is nobody's; closing waits for it.
 *
 * @throws ChoreError ABORTED, with the signal's reason as its cause
 */
export async function untilAborted<T>(
	{ unfinished }: Context,
	signal: AbortSignal | undefined,
	what: string,
	request: Promise<T>,
): Promise<T> {
	if (signal === undefined) return request;
	const settled: Promise<unknown> = request.catch(() => {}).finally(() => unfinished.delete(settled));
	unfinished.add(settled);
	let stop = (): void => {};
	const raised = new Promise<never>((_, reject) => {
		stop = () => reject(aborted(signal, `${what} was not waited for; what was asked for goes on`));
		signal.addEventListener("abort", stop, { once: true });
	});
	try {
		return await Promise.race([request, raised]);
	} finally {
		signal.removeEventListener("abort", stop);
	}
}

function aborted(signal: AbortSignal, message: string): ChoreError {
	return new ChoreError("ABORTED", message, { cause: signal.reason });
}
