/** Operations: when jobs are run. */
import { ChoreError } from "../../index.ts";
import type { Inputs, Outputs } from "./messages.ts";
import { readSchedule, readTrigger } from "./moments.ts";
import type { Operation } from "./operation.ts";

/** The greatest number of moments in one answer. */
const MOST_MOMENTS = 1000;

export const schedules: Operation<Inputs["schedules"], Outputs["schedules"]> = {
	role: "read",
	readOnly: true,
	act: (_, { jobs }) => jobs.schedules(),
};

export const upcoming: Operation<Inputs["upcoming"], Outputs["upcoming"]> = {
	role: "read",
	readOnly: true,
	act: async ({ reference, count }, { jobs }) => {
		if (!(Number.isInteger(count) && count >= 1 && count <= MOST_MOMENTS))
			throw new ChoreError("INVALID_ARGUMENT", `count must be 1 to ${MOST_MOMENTS}, not ${count}`);
		return jobs.upcoming(reference, count);
	},
};

export const reschedule: Operation<Inputs["reschedule"], Outputs["reschedule"]> = {
	role: "run",
	readOnly: false,
	act: async ({ reference, ...schedule }, { jobs }) => jobs.reschedule(reference, readSchedule(schedule)),
};

export const addTriggers: Operation<Inputs["addTriggers"], Outputs["addTriggers"]> = {
	role: "run",
	readOnly: false,
	act: async ({ reference, ...trigger }, { jobs }) => jobs.addTriggers(reference, readTrigger(trigger)),
};

export const changeTrigger: Operation<Inputs["changeTrigger"], Outputs["changeTrigger"]> = {
	role: "run",
	readOnly: false,
	act: async ({ reference, trigger: id, ...trigger }, { jobs }) => jobs.changeTrigger(reference, id, readTrigger(trigger)),
};

export const removeTriggers: Operation<Inputs["removeTriggers"], Outputs["removeTriggers"]> = {
	role: "run",
	readOnly: false,
	act: ({ reference, triggers }, { jobs }) => jobs.removeTriggers(reference, triggers),
};

export const pauseTriggers: Operation<Inputs["pauseTriggers"], Outputs["pauseTriggers"]> = {
	role: "run",
	readOnly: false,
	act: ({ reference, triggers }, { jobs }) => jobs.pauseTriggers(reference, triggers),
};

export const resumeTriggers: Operation<Inputs["resumeTriggers"], Outputs["resumeTriggers"]> = {
	role: "run",
	readOnly: false,
	act: ({ reference, triggers }, { jobs }) => jobs.resumeTriggers(reference, triggers),
};

export const pauseSchedule: Operation<Inputs["pauseSchedule"], Outputs["pauseSchedule"]> = {
	role: "run",
	readOnly: false,
	act: ({ reference }, { jobs }) => jobs.pauseSchedule(reference),
};

export const resumeSchedule: Operation<Inputs["resumeSchedule"], Outputs["resumeSchedule"]> = {
	role: "run",
	readOnly: false,
	act: ({ reference }, { jobs }) => jobs.resumeSchedule(reference),
};
