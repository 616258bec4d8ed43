/** Operations: a running job is stopped, signalled, paused, waited for and sent input. */
import { ChoreError, isChoreError } from "../../index.ts";
import { runOf } from "./jobs.ts";
import type { Inputs, Outputs } from "./messages.ts";
import type { Operation } from "./operation.ts";

/** The longest that one request waits for an end. Whoever waits longer asks again. */
export const LONGEST_WAIT_MS = 60_000;

export const stop: Operation<Inputs["stop"], Outputs["stop"]> = {
	role: "run",
	readOnly: false,
	act: ({ reference, graceMs }, { jobs, signal }) => jobs.stop(reference, { graceMs, signal }),
};

export const kill: Operation<Inputs["kill"], Outputs["kill"]> = {
	role: "run",
	readOnly: false,
	act: ({ reference, signal, whom }, { jobs }) => jobs.kill(reference, { signal, whom }),
};

export const pause: Operation<Inputs["pause"], Outputs["pause"]> = {
	role: "run",
	readOnly: false,
	act: ({ reference }, { jobs }) => jobs.pause(reference),
};

export const resume: Operation<Inputs["resume"], Outputs["resume"]> = {
	role: "run",
	readOnly: false,
	act: ({ reference }, { jobs }) => jobs.resume(reference),
};

export const wait: Operation<Inputs["wait"], Outputs["wait"]> = {
	role: "read",
	readOnly: true,
	async act({ reference, run: asked, timeoutMs = LONGEST_WAIT_MS }, { jobs, signal }) {
		if (!(timeoutMs >= 0 && timeoutMs <= LONGEST_WAIT_MS)) {
			throw new ChoreError("INVALID_ARGUMENT", `timeoutMs must be 0 to ${LONGEST_WAIT_MS}, not ${timeoutMs}`, {
				hint: "ask again where the answer is a job that has not ended",
			});
		}
		// The job and its run are fixed here: a name may become another job's, and the job may be started again.
		const job = await jobs.get(reference);
		const run = runOf(job, asked);
		try {
			return await jobs.wait(job.id, { run, timeoutMs, signal });
		} catch (error) {
			if (!isChoreError(error) || error.code !== "TIMED_OUT") throw error;
			return (await jobs.runs(job.id)).find((one) => one.run === run) ?? (await jobs.get(job.id));
		}
	},
};

export const send: Operation<Inputs["send"], Outputs["send"]> = {
	role: "run",
	readOnly: false,
	async act({ reference, bytes = new Uint8Array(), end }, { jobs, signal }) {
		// The client knows how long it wants to wait; when it goes, so does this.
		await jobs.send(reference, bytes, { end, signal, timeoutMs: Number.POSITIVE_INFINITY });
		return {};
	},
};
