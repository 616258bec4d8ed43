/** What `chore doctor` tells of a platform whose jobs have a shell as their parent. */
import { accessSync, constants, realpathSync } from "node:fs";
import { delimiter } from "node:path";
import type { Capabilities, Description, Fact } from "../contract.ts";
import { errnoOf } from "../errors.ts";
import type { ProcessTable } from "./processes.ts";

/** The programs that the shim needs, beyond the shell itself, where there is no /proc. */
const NEEDED: readonly string[] = ["mkfifo", "sleep", "sed", "grep"];

/** What only a cgroup can bound, or count. */
const NO_CGROUP = "only systemd keeps the processes of a job together where the kernel can bound them";

/** What such a platform can do beyond the minimum. */
export const CAPABILITIES: Capabilities = {
	restart: true,
	timeout: true,
	memoryLimit: false,
	cpuLimit: false,
	taskLimit: false,
	// The record has the CPU time of the processes that were waited for, not that of the whole job, and no memory.
	accounting: false,
	pause: true,
	native: {},
	hangUp: true,
	enqueue: true,
	containment: "group-and-mark",
};

/** Why it cannot do the rest. */
export const LACKING: Description["lacking"] = {
	memoryLimit: NO_CGROUP,
	cpuLimit: NO_CGROUP,
	taskLimit: NO_CGROUP,
	accounting: "what a process used that nobody waited for is not counted anywhere",
	native: "only systemd has units, slices and properties",
};

/** The shell, and what it works with. */
export function shellFacts(shell: readonly string[], table: ProcessTable): readonly Fact[] {
	const needed = table.source === "ps" ? [...NEEDED, "ps"] : NEEDED;
	const missing = needed.filter((name) => !isInPath(name));
	return [
		{ name: "shell", value: shellName(shell) },
		{ name: "processes", value: `found by ${table.source}` },
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

function isInPath(name: string): boolean {
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
