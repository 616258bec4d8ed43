/** Wakes jobs by agents of launchd. Their property lists lie where launchd finds them at login. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import type { Schedules, Wake } from "../contract.ts";
import { ChoreError, errnoOf, isChoreError } from "../errors.ts";
import { type Agent, agentFile, agentIn, agentText, planAgent, readAgent } from "./agent.ts";
import { currentDomain, type Domain, domainsOf } from "./domain.ts";
import type { Launchctl } from "./launchctl.ts";
import { bootout, bootstrap } from "./service.ts";

/** What schedules need besides what wakes a job. */
export interface AgentMeans {
	readonly launchctl: Launchctl;
	readonly uid: number;
	/** The folder from which launchd loads the user's agents. It may be absent. */
	readonly agents: string;
	/** Installs the program that launchd starts, and returns its path. */
	program(): string;
}

export function schedulesOn(means: AgentMeans, platform: string): Schedules {
	const { launchctl, uid, agents } = means;
	/** In both domains: the user may have logged in or out since. */
	const disarm = async (agent: Agent): Promise<void> => {
		for (const { name } of Object.values(domainsOf(uid))) await bootout(launchctl, `${name}/${agent.label}`);
		remove(listOf(agent, agents));
	};
	const disarmOthers = async (agent: Agent): Promise<void> => {
		for (const other of othersBeside(agent, agents)) await disarm(other);
	};
	return {
		plan: (wake) => planAgent(wake, platform),
		async disarm(handle) {
			const agent = readAgent(handle);
			await disarm(agent);
			await disarmOthers(agent);
		},
		async arm(wake, handle) {
			const agent = readAgent(handle);
			const domain = await currentDomain(launchctl, uid);
			await disarm(agent); // of an attempt that was cut short, launchd would keep the text
			try {
				await arm(wake, agent, means, domain);
			} catch (error) {
				await disarm(agent).catch((second: unknown) => {
					if (!isChoreError(second)) throw second; // the first error tells more
				});
				throw error;
			}
			await disarmOthers(agent);
		},
		// launchd does not tell them.
		nextTimes: async (handles) => handles.map(() => undefined),
	};
}

async function arm(wake: Wake, agent: Agent, { launchctl, agents, program }: AgentMeans, { kind, name }: Domain): Promise<void> {
	const list = listOf(agent, agents);
	const text = agentText(wake, agent.label, program(), kind);
	try {
		mkdirSync(agents, { recursive: true, mode: 0o755 });
		writeFileSync(list, text, { flag: "wx", mode: 0o600 });
	} catch (error) {
		throw new ChoreError("PLATFORM_FAILED", `launchd cannot be told of the schedule: ${(error as Error).message}`, {
			cause: error,
			hint: `is ${agents} a folder that is yours? launchd reads it at login`,
		});
	}
	await bootstrap(launchctl, name, agent.label, list);
}

/** The agents of other revisions: their files are there until they are disarmed. */
function othersBeside({ jobId, label }: Agent, agents: string): readonly Agent[] {
	return agentsIn(agents).filter((one) => one.jobId === jobId && one.label !== label);
}

/** The agents of chore in the folder. @throws ChoreError PLATFORM_FAILED if it cannot be read */
export function agentsIn(agents: string): readonly Agent[] {
	if (!existsSync(agents)) return [];
	try {
		return readdirSync(agents)
			.map(agentIn)
			.filter((agent) => agent !== undefined);
	} catch (error) {
		throw new ChoreError("PLATFORM_FAILED", `cannot read ${agents}: ${errnoOf(error)}`, { cause: error });
	}
}

function remove(path: string): void {
	try {
		rmSync(path, { force: true });
	} catch (error) {
		if (errnoOf(error) === "ENOTDIR") return;
		throw new ChoreError("PLATFORM_FAILED", `cannot remove ${path}: ${errnoOf(error)}`, { cause: error });
	}
}

function listOf({ label }: Agent, agents: string): string {
	return `${agents}/${agentFile(label)}`;
}
