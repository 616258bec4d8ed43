/** What a running job uses, from the files of its cgroup. The hook reads the same files for the exit record. */
import { readFileSync } from "node:fs";
import type { Usage } from "../contract.ts";
import { cgroupFolder, processesApart, processesOf } from "./processes.ts";
import type { PlannedUnit } from "./unit.ts";

export const NO_USAGE: Usage = { processes: [], cpuTimeMs: null, memoryBytes: null, memoryPeakBytes: null };

/** See Platform.usage. @param controlGroup its path from the root of the hierarchy */
export function usageOf(controlGroup: string, run: PlannedUnit): Usage {
	const folder = cgroupFolder(controlGroup);
	if (folder === undefined) return NO_USAGE;
	const microseconds = /^usage_usec ([0-9]+)$/m.exec(read(`${folder}/cpu.stat`))?.[1];
	return {
		processes: [...processesOf(controlGroup, run), ...processesApart(run)],
		cpuTimeMs: microseconds === undefined ? null : Math.round(Number(microseconds) / 1000),
		memoryBytes: bytesIn(`${folder}/memory.current`),
		memoryPeakBytes: bytesIn(`${folder}/memory.peak`),
	};
}

function bytesIn(path: string): number | null {
	const text = read(path).trim();
	return /^[0-9]+$/.test(text) ? Number(text) : null;
}

/** Empty when the file does not exist: the kernel does not count this, or the run has ended. */
function read(path: string): string {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return "";
	}
}
