/** The files in a run's folder that only the launchd platform makes. */
import type { MarkedRun } from "../run-mark.ts";
import { contentOf } from "../shell/run-folder.ts";
import { labelOf } from "./service.ts";

interface InFolder {
	readonly runFolder: string;
}

/** The property list that launchd was given. Exists as long as launchd may have a service for the run. */
export function plistFile({ runFolder }: InFolder): string {
	return `${runFolder}/launchd.plist`;
}

/** Holds the name of the domain in which the run is started; written before the start. */
export function domainFile({ runFolder }: InFolder): string {
	return `${runFolder}/launchd.domain`;
}

/** Holds the messages of the shell that runs the waiter. */
export function messagesFile({ runFolder }: InFolder): string {
	return `${runFolder}/launchd.log`;
}

/** Holds the pid of the waiter. */
export function waiterFile({ runFolder }: InFolder): string {
	return `${runFolder}/waiter`;
}

/** Exists once launchd has told the waiter to end the run; see waiter.sh. */
export function sessionFile({ runFolder }: InFolder): string {
	return `${runFolder}/session-ended`;
}

/** The name of the run's service, DOMAIN/LABEL; undefined for a run that was not given to launchd. */
export function targetOf(run: InFolder & MarkedRun): string | undefined {
	const domain = contentOf(domainFile(run))?.trim() ?? "";
	return /^(gui|user)\/[0-9]+$/.test(domain) ? `${domain}/${labelOf(run)}` : undefined;
}
