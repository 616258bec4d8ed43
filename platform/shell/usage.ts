/** The processes of a running job and what they use now. */
import type { JobProcess, Usage } from "../contract.ts";
import { membersOf } from "./members.ts";
import type { Process, ProcessTable } from "./processes.ts";
import type { Run } from "./run-folder.ts";

/** See Platform.usage. */
export function usageOf(run: Run, table: ProcessTable): Usage {
	const { group, escaped } = membersOf(run, table);
	const used = table.usage([...group, ...escaped]);
	const described =
		(isEscaped: boolean) =>
		(process: Process): JobProcess => ({
			pid: process.pid,
			parentPid: process.parentPid,
			command: process.command(),
			escaped: isEscaped,
		});
	return {
		processes: [...group.map(described(false)), ...escaped.map(described(true))],
		cpuTimeMs: used?.cpuTimeMs ?? null,
		memoryBytes: used?.memoryBytes ?? null,
		memoryPeakBytes: null,
	};
}
