/** What `chore doctor` shows about posix and launchd, on which a shell (the shim) is the parent of each run. */
import { realpathSync } from "node:fs";
import type { Capabilities, Description, Fact } from "../contract.ts";
import { errnoOf } from "../errors.ts";
import { isInPath, leaderWords } from "./leader.ts";
import type { ProcessTable } from "./processes.ts";

/** The programs that the shim needs besides the shell itself. Without /proc it needs ps, too. */
const NEEDED: readonly string[] = ["mkfifo", "sleep", "sed", "grep"];

/** Why limits of memory, CPU and tasks are missing: only a cgroup can enforce them for a whole job. */
const NO_CGROUP = "only systemd keeps the processes of a job together where the kernel can bound them";

/** What posix and launchd can do beyond the minimum. */
export const CAPABILITIES: Capabilities = {
	restart: true,
	timeout: true,
	memoryLimit: false,
	cpuLimit: false,
	taskLimit: false,
	// The record has no memory, and only the CPU time of the processes that their parents waited for.
	accounting: false,
	pause: true,
	native: {},
	hangUp: true,
	enqueue: true,
	schedule: false,
	occasions: false,
	containment: "group-and-mark",
};

/** Why they cannot do the rest; shown by `chore doctor`. */
export const LACKING: Description["lacking"] = {
	memoryLimit: NO_CGROUP,
	cpuLimit: NO_CGROUP,
	taskLimit: NO_CGROUP,
	accounting: "what a process used that nobody waited for is not counted anywhere",
	native: "only systemd has units, slices and properties",
	schedule: "nothing here wakes a job at a given moment but systemd's timers",
	occasions: "only systemd's timers count from a boot, a run or a change of the clock",
};

/** Facts about the shell and the programs that it needs. */
export function shellFacts(shell: readonly string[], table: ProcessTable, leader: string): readonly Fact[] {
	const needed = table.source === "ps" ? [...NEEDED, "ps"] : NEEDED;
	const missing = needed.filter((name) => !isInPath(name));
	return [
		{ name: "shell", value: shellName(shell) },
		{ name: "processes", value: `found by ${table.source}` },
		{ name: "process group", value: leaderWords(leader) },
		{ name: "programs", value: missing.length === 0 ? `${needed.join(", ")}: found` : `missing: ${missing.join(", ")}` },
	];
}

function shellName([program = "", ...words]: readonly string[]): string {
	const name = [program, ...words].join(" ");
	try {
		const target = realpathSync(program);
		return target === program ? name : `${name} (${target})`;
	} catch (error) {
		return `${name} (${errnoOf(error) ?? "unusable"})`;
	}
}
