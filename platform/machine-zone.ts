/** The time zone of the machine, which cron, systemd and launchd follow. The variable TZ is only that of whoever calls chore. */
import { existsSync, readFileSync, realpathSync } from "node:fs";

/**
 * By the link `localtime`, else by Debian's `timezone`; without either it is UTC, as in the C library.
 *
 * @param folder what tests replace
 * @returns a name of the IANA database; undefined where the zone has no name that is known: that of this process is meant then
 */
export function machineZone(folder = "/etc"): string | undefined {
	const linked = /\/zoneinfo\/(?:posix\/|right\/)?(.+)$/.exec(unlessAbsent(() => realpathSync(`${folder}/localtime`)) ?? "")?.[1];
	const name = linked ?? unlessAbsent(() => readFileSync(`${folder}/timezone`, "utf8"))?.trim();
	if (name === undefined && !existsSync(`${folder}/localtime`)) return "UTC";
	return name !== undefined && isKnown(name) ? name : undefined;
}

function unlessAbsent<T>(read: () => T): T | undefined {
	try {
		return read();
	} catch {
		return undefined;
	}
}

/** Whether each name that was asked for is known: that takes long to find out. */
const known = new Map<string, boolean>();

function isKnown(name: string): boolean {
	const isIt = known.get(name) ?? isInDatabase(name);
	known.set(name, isIt);
	return isIt;
}

function isInDatabase(name: string): boolean {
	try {
		return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
	} catch {
		return false;
	}
}
