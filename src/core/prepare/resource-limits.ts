/** Reads the caller's resource limits (getrlimit(2)), which the job gets, too. Node has no call for them; Linux has /proc/PID/limits. */
import { readFileSync } from "node:fs";

/** One limit in the unit of ulimit, or "unlimited". */
export interface ResourceLimit {
	/** The flags of ulimit that set it, to be tried in this order: for the number of processes shells differ. */
	readonly flags: readonly string[];
	readonly soft: string;
	readonly hard: string;
}

/** The rows of /proc/PID/limits that every /bin/sh can set, with the flags and unit of ulimit (POSIX, XCU ulimit). */
const KINDS: readonly (readonly [row: string, flags: readonly string[], unit: number])[] = [
	["Max cpu time", ["-t"], 1],
	["Max file size", ["-f"], 512],
	["Max data size", ["-d"], 1024],
	["Max stack size", ["-s"], 1024],
	["Max core file size", ["-c"], 512],
	["Max locked memory", ["-l"], 1024],
	["Max address space", ["-v"], 1024],
	["Max processes", ["-u", "-p"], 1],
	["Max open files", ["-n"], 1],
];

/** The limits of the process that called chore. None if the system does not tell; the job then has those of its platform. */
export function callerLimits(): readonly ResourceLimit[] {
	const own = read("self");
	const parent = read(String(process.ppid));
	return parseLimits(own, parent);
}

/**
 * @param own the text of /proc/self/limits
 * @param parent that of the parent process, for the soft limit of open files, which Node raises for itself
 */
export function parseLimits(own: string, parent: string): readonly ResourceLimit[] {
	const limits: ResourceLimit[] = [];
	for (const [row, flags, unit] of KINDS) {
		const source = row === "Max open files" && parent !== "" ? parent : own;
		const found = new RegExp(`^${row} +([0-9]+|unlimited) +([0-9]+|unlimited)`, "m").exec(source);
		if (found?.[1] && found[2]) limits.push({ flags, soft: inUnit(found[1], unit), hard: inUnit(found[2], unit) });
	}
	return limits;
}

function inUnit(value: string, unit: number): string {
	return value === "unlimited" ? value : String(BigInt(value) / BigInt(unit));
}

function read(process: string): string {
	try {
		return readFileSync(`/proc/${process}/limits`, "utf8");
	} catch {
		return "";
	}
}
