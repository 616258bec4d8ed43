/** Runs jobs as transient launchd services of the user. */
import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import type { Detection, Platform, PlatformContext } from "../contract.ts";
import { leaderOfThisSystem } from "../shell/leader.ts";
import { membersText, SHIM_TEXT } from "../shell/shim.ts";
import { tableOfThisSystem } from "../shell/table.ts";
import { HALT_TEXT } from "../shell/without-node.ts";
import { text as agentText } from "./agent.sh.ts";
import { Launchctl } from "./launchctl.ts";
import { LaunchdPlatform } from "./platform.ts";
import { text as waiterText } from "./waiter.sh.ts";

/** What tests replace. */
export interface LaunchdOptions {
	/** The words by which the shim and the start scripts are run. Each that is a path is absolute. */
	readonly shell?: readonly string[];
	/** The bash that runs waiter.sh. */
	readonly waiterShell?: string;
	readonly launchctl?: string;
	/** The user whose domains are used. */
	readonly uid?: number;
	/** The folder from which launchd loads the user's agents. */
	readonly agents?: string;
	/** How long one launchctl may take, in milliseconds. */
	readonly patienceMs?: number;
}

const LAUNCHCTL = "/bin/launchctl";

/** Available where there is a launchctl, to every user but root. */
export function detect(): Detection {
	const isThere = existsSync(LAUNCHCTL);
	const paths = [{ name: "launchctl", value: LAUNCHCTL }];
	if (!isThere) return { available: false, reason: "this system has no launchd", paths };
	if (process.geteuid?.() === 0) {
		return { available: false, reason: "root's jobs would be the system's own, which are no user's: not supported", paths };
	}
	return { available: true, reason: "launchd supervises the jobs of this user", paths };
}

/** Opens the platform on this system's launchd. */
export function open(context: PlatformContext): Promise<Platform> {
	return openWith(context, {});
}

/** For tests: opens the platform with another launchctl or shell. */
export async function openWith(context: PlatformContext, options: LaunchdOptions): Promise<Platform> {
	const { shell = ["/bin/sh"], waiterShell = "/bin/bash", launchctl = LAUNCHCTL, uid = process.getuid?.() ?? 0, patienceMs } = options;
	// launchd has the home folder from the system's list of users, whatever HOME is.
	const { agents = `${userInfo().homedir}/Library/LaunchAgents` } = options;
	return new LaunchdPlatform(
		shell,
		tableOfThisSystem(),
		leaderOfThisSystem(),
		new Launchctl(launchctl, patienceMs),
		{ uid, agents },
		{
			waiterShell,
			waiter: () => context.install("waiter", `${membersText}\n${waiterText}`),
			shim: () => context.install("shim", SHIM_TEXT),
			halt: () => context.install("halt", HALT_TEXT),
			agent: () => context.install("chore", agentText),
		},
	);
}
