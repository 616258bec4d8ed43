/** The operation that reads what a job wrote. */
import { runOf } from "./jobs.ts";
import type { Inputs, Streams } from "./messages.ts";
import type { Call, Streaming } from "./operation.ts";

export const logs: Streaming<Inputs["logs"], Streams["logs"]> = {
	role: "read",
	readOnly: true,
	stream: (input, call) => piecesOf(input, call, false),
};

/** @param begins whether an empty piece tells first where each stream is begun */
export async function* piecesOf(
	{ reference, run: asked, ...options }: Inputs["logs"],
	{ jobs, signal }: Call,
	begins: boolean,
): AsyncGenerator<Streams["logs"], void, void> {
	const job = await jobs.get(reference);
	const run = runOf(job, asked);
	yield* jobs.logs(job.id, { ...options, begins, run, signal });
	if (options.follow && !signal.aborted) yield { ended: await jobs.wait(job.id, { run, signal }) };
}
