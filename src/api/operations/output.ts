/** The operation that reads what a job wrote. */
import { runOf } from "./jobs.ts";
import type { Inputs, Streams } from "./messages.ts";
import type { Streaming } from "./operation.ts";

export const logs: Streaming<Inputs["logs"], Streams["logs"]> = {
	role: "read",
	readOnly: true,
	async *stream({ reference, run: asked, ...options }, { jobs, signal }) {
		const job = await jobs.get(reference);
		const run = runOf(job, asked);
		yield* jobs.logs(job.id, { ...options, run, signal });
		if (options.follow && !signal.aborted) yield { ended: await jobs.wait(job.id, { run, signal }) };
	},
};
