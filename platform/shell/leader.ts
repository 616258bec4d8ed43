/** What makes the job the leader of a process group of its own: a program that becomes another one, without a fork. */
import { accessSync, constants } from "node:fs";
import { delimiter } from "node:path";

/** The words LEADER of shim.sh, by program. Linux has setsid(1), and macOS and OpenBSD have perl. No word holds a blank. */
const LEADERS = [
	["setsid", "setsid"],
	["perl", "perl -esetpgrp;exec@ARGV;die"],
] as const;

/** The first that is there; empty if none is. */
export function leaderOfThisSystem(): string {
	return LEADERS.find(([program]) => isInPath(program))?.[1] ?? "";
}

/** For `chore doctor`. */
export function leaderWords(leader: string): string {
	const program = LEADERS.find(([, words]) => words === leader)?.[0];
	return program === undefined
		? "the shell's: a job that kills its own is lost (setsid or perl would part them)"
		: `the job's own, by ${program}`;
}

/** Whether the shim finds a program. */
export function isInPath(name: string): boolean {
	const folders = ["/usr/bin", "/bin", "/usr/sbin", "/sbin", ...(process.env["PATH"] ?? "").split(delimiter)];
	return folders.some((folder) => {
		try {
			accessSync(`${folder}/${name}`, constants.X_OK);
			return true;
		} catch {
			return false;
		}
	});
}
