/** The files in a run's folder that only launchd's platform has. */
import { readFileSync } from "node:fs";
import { errnoOf } from "../errors.ts";
import type { MarkedRun } from "../run-mark.ts";
import { labelOf } from "./service.ts";

interface InFolder {
	readonly runFolder: string;
}

/** What launchd was given. It is there as long as launchd may keep a service for the run. */
export function plistFile({ runFolder }: InFolder): string {
	return `${runFolder}/launchd.plist`;
}

/** Names the domain that the run was given to; written before it was. */
export function domainFile({ runFolder }: InFolder): string {
	return `${runFolder}/launchd.domain`;
}

/** What the waiter's shell has to say. */
export function messagesFile({ runFolder }: InFolder): string {
	return `${runFolder}/launchd.log`;
}

/** Holds the pid of the waiter. */
export function waiterFile({ runFolder }: InFolder): string {
	return `${runFolder}/waiter`;
}

/** There from the moment on when launchd ended the run; see waiter.sh and members.sh. */
export function sessionFile({ runFolder }: InFolder): string {
	return `${runFolder}/session-ended`;
}

/** The run's service as launchd calls it; undefined for a run that was not given to it. */
export function targetOf(run: InFolder & MarkedRun): string | undefined {
	try {
		const domain = readFileSync(domainFile(run), "utf8").trim();
		return /^(gui|user)\/[0-9]+$/.test(domain) ? `${domain}/${labelOf(run)}` : undefined;
	} catch (error) {
		if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return undefined;
		throw error;
	}
}
