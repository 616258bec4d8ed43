/** Operations: jobs are made, looked at, changed, run again and removed. */
import { ChoreError, type Job } from "../../index.ts";
import type { Inputs, Outputs } from "./messages.ts";
import { readMoment } from "./moments.ts";
import type { Call, Operation } from "./operation.ts";
import { runOptions, setOptions } from "./options.ts";

/** The greatest number of lines in one answer: each is 2,000 characters at most. */
const MOST_LINES = 10_000;

/** How many jobs a page has if nobody says. */
export const PAGE = 200;

export const run: Operation<Inputs["run"], Outputs["run"]> = {
	role: "run",
	readOnly: false,
	act: async (input, call) => call.jobs.run(await runOptions(input, call)),
};

export const list: Operation<Inputs["list"], Outputs["list"]> = {
	role: "read",
	readOnly: true,
	act: ({ limit, after, ...filter }, { jobs }) =>
		jobs.list(limit === undefined && after === undefined ? filter : { ...filter, limit: limit ?? PAGE, after }),
};

export const get: Operation<Inputs["get"], Outputs["get"]> = {
	role: "read",
	readOnly: true,
	act: ({ reference }, { jobs }) => jobs.get(reference),
};

export const runs: Operation<Inputs["runs"], Outputs["runs"]> = {
	role: "read",
	readOnly: true,
	act: ({ reference }, { jobs }) => jobs.runs(reference),
};

export const status: Operation<Inputs["status"], Outputs["status"]> = {
	role: "read",
	readOnly: true,
	act: async ({ reference, lines }, { jobs }) => {
		if (lines !== undefined && !(lines >= 0 && lines <= MOST_LINES))
			throw new ChoreError("INVALID_ARGUMENT", `lines must be 0 to ${MOST_LINES}, not ${lines}`, {
				hint: "the output itself is another address",
			});
		return jobs.status(reference, { lines });
	},
};

export const start: Operation<Inputs["start"], Outputs["start"]> = {
	role: "run",
	readOnly: false,
	act: ({ reference, ...options }, call) => call.jobs.rerun(reference, { ...options, ...tied(call) }),
};

export const restart: Operation<Inputs["restart"], Outputs["restart"]> = {
	role: "run",
	readOnly: false,
	act: ({ reference, ...options }, call) => call.jobs.restart(reference, { ...options, ...tied(call) }),
};

export const set: Operation<Inputs["set"], Outputs["set"]> = {
	role: "run",
	readOnly: false,
	act: async ({ reference, ...input }, call) => call.jobs.set(reference, await setOptions(input, call)),
};

export const remove: Operation<Inputs["remove"], Outputs["remove"]> = {
	role: "run",
	readOnly: false,
	act: ({ reference, ...options }, { jobs, signal }) => jobs.remove(reference, { ...options, signal }),
};

export const history: Operation<Inputs["history"], Outputs["history"]> = {
	role: "read",
	readOnly: true,
	act: async ({ since, until, ...filter }, { jobs }) =>
		jobs.history({ ...filter, since: readMoment("since", since), until: readMoment("until", until) }),
};

/** How a start hears that its client has gone, and tells it of what is not an error. */
function tied({ signal, warn }: Call): { readonly signal: AbortSignal; readonly onWarning: (text: string) => void } {
	return { signal, onWarning: (text) => warn(text) };
}

/** The run of a job that an answer is about: by its number, or the latest. */
export function runOf(job: Job, asked: number | undefined): number | undefined {
	return asked ?? (job.run > 0 ? job.run : undefined);
}
