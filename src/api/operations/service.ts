/** Operations: about the server and its session as a whole. */
import { version } from "../../index.ts";
import { capabilitiesOf } from "./capabilities.ts";
import type { Info, Inputs, Outputs } from "./messages.ts";
import type { Operation } from "./operation.ts";

export const info: Operation<Inputs["info"], Outputs["info"]> = {
	role: "read",
	readOnly: true,
	async act(_, { caller, session, jobs }): Promise<Info> {
		const { client, role, sessions, daysLeft } = caller;
		return { schema: 1, version, client, role, session, sessions, certificateDaysLeft: daysLeft, capabilities: await capabilitiesOf(jobs) };
	},
};

export const prune: Operation<Inputs["prune"], Outputs["prune"]> = {
	role: "admin",
	readOnly: false,
	act: (options, { jobs }) => jobs.prune(options),
};

export const doctor: Operation<Inputs["doctor"], Outputs["doctor"]> = {
	role: "admin",
	readOnly: true,
	act: (options, { jobs }) => jobs.doctor(options),
};
