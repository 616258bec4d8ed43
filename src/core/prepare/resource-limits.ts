/** Reads the caller's resource limits (getrlimit(2)), which the job gets, too. Node has no call for them; Linux has /proc/PID/limits. */
import { readFileSync } from "node:fs";
import { statFields } from "../../../platform/proc.ts";

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

/** The row of which Node raises its own soft limit to the hard one when it starts. */
const RAISED = "Max open files";

/** The usual soft limit of that row: more is for programs that ask, since select(2) can take no more. */
const USUAL = 1024n;

/** The limits of the process that called chore. None if the system does not tell; the job then has those of its platform. */
export function callerLimits(): readonly ResourceLimit[] {
	// The parent called, unless it is gone and another process has adopted this one: then the leader of the process group, or
	// that of the process session, which is mostly the shell of the terminal.
	const [, , group = "", session = ""] = statFields(process.pid) ?? [];
	return parseLimits(read("self"), [String(process.ppid), group, session].map(read));
}

/**
 * @param own the text of /proc/self/limits
 * @param near the same of processes that probably have the soft limit of open files that this one began with, likely ones first
 */
export function parseLimits(own: string, near: readonly string[]): readonly ResourceLimit[] {
	const limits: ResourceLimit[] = [];
	for (const [row, flags, unit] of KINDS) {
		const { soft, hard } = valuesOf(row, own) ?? {};
		if (soft === undefined || hard === undefined) continue;
		limits.push({ flags, soft: inUnit(row === RAISED ? beforeNode(hard, near) : soft, unit), hard: inUnit(hard, unit) });
	}
	return limits;
}

/** The soft limit of open files before Node raised it. A process with another hard limit has other limits than this one had. */
function beforeNode(hard: string, near: readonly string[]): string {
	const alike = near.map((text) => valuesOf(RAISED, text)).find((values) => values?.hard === hard);
	if (alike !== undefined) return alike.soft;
	return hard === "unlimited" || BigInt(hard) > USUAL ? String(USUAL) : hard;
}

function valuesOf(row: string, text: string): { readonly soft: string; readonly hard: string } | undefined {
	const [, soft, hard] = new RegExp(`^${row} +([0-9]+|unlimited) +([0-9]+|unlimited)`, "m").exec(text) ?? [];
	return soft === undefined || hard === undefined ? undefined : { soft, hard };
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
