/** The processes of a Linux system, from proc(5). */
import { readdirSync, readFileSync } from "node:fs";
import { errnoOf } from "../errors.ts";
import { isOver, liveFolder, startTicksIn, statFields, statFieldsIn, variableIn } from "../proc.ts";
import type { Process, ProcessTable } from "./processes.ts";

/** USER_HZ of proc(5): 100 on every Linux since 2.6, whatever the kernel's own clock. */
const TICKS_PER_SECOND = 100;

/** The fields of /proc/PID/stat that are used here. */
export interface ProcStat {
	readonly state: string;
	readonly parentPid: number;
	readonly groupId: number;
	/** CPU time of the process and of all children it has waited for. */
	readonly cpuTicks: number;
	readonly startedAt: string;
}

export const procTable: ProcessTable = {
	source: "/proc",
	isCheap: true,
	all: () =>
		readdirSync("/proc")
			.filter((name) => /^[0-9]+$/.test(name))
			.map((name) => find(Number(name)))
			.filter((process) => process !== undefined),
	find,
	usage(processes) {
		let ticks = 0;
		let memoryBytes = 0;
		for (const { pid } of processes) {
			ticks += parseProcStat(read(folderOf(pid), "stat"))?.cpuTicks ?? 0;
			// Not statm, which counts in pages: Node does not know their size.
			memoryBytes += Number(/^VmRSS:\s+([0-9]+) kB$/m.exec(read(liveFolder(pid), "status"))?.[1] ?? 0) * 1024;
		}
		return { cpuTimeMs: (ticks * 1000) / TICKS_PER_SECOND, memoryBytes };
	},
};

/** Reads the text of `/proc/PID/stat`. @returns undefined for a text of another form */
export function parseProcStat(text: string): ProcStat | undefined {
	const fields = statFieldsIn(text);
	const [state, parentPid, groupId] = fields;
	const startedAt = startTicksIn(fields);
	if (state === undefined || startedAt === undefined) return undefined;
	// utime is field 14 of proc(5), stime 15, cutime 16, cstime 17; the first one here is 3.
	const cpuTicks = fields.slice(14 - 3, 18 - 3).reduce((sum, ticks) => sum + Number(ticks), 0);
	return { state, parentPid: Number(parentPid), groupId: Number(groupId), cpuTicks, startedAt };
}

function find(pid: number): Process | undefined {
	const own = folderOf(pid);
	const stat = parseProcStat(read(own, "stat"));
	if (stat === undefined) return undefined;
	const folder = isOver([stat.state]) ? liveFolder(pid) : own;
	const state = folder === own ? stat.state : folder === undefined ? undefined : statFields(folder)?.[0];
	if (state === undefined) return undefined;
	return {
		pid,
		parentPid: stat.parentPid,
		groupId: stat.groupId,
		stopped: state === "T",
		blocked: state === "D",
		startedAt: stat.startedAt,
		command: () => read(folder, "cmdline").replaceAll("\0", " ").trimEnd(),
		environment: () => {
			const text = read(folder, "environ");
			return (name) => variableIn(text, name);
		},
	};
}

function folderOf(pid: number): string {
	return `/proc/${pid}`;
}

/** Empty for a process that has ended or belongs to another user. */
function read(folder: string | undefined, file: "stat" | "status" | "cmdline" | "environ"): string {
	if (folder === undefined) return "";
	try {
		return readFileSync(`${folder}/${file}`, "utf8");
	} catch (error) {
		if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(errnoOf(error) ?? "")) return "";
		throw error;
	}
}
