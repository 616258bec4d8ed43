/** What `chore doctor` tells of this platform. */
import { accessSync, constants, realpathSync } from "node:fs";
import { delimiter } from "node:path";
import type { Description, Fact } from "../contract.ts";
import { errnoOf } from "../errors.ts";
import { logindWords } from "./logind.ts";
import type { ProcessTable } from "./processes.ts";

/** The programs that the shim needs, beyond the shell itself, where there is no /proc. */
const NEEDED: readonly string[] = ["mkfifo", "sleep", "sed", "grep"];

/** What only a cgroup can bound, or count. */
const NO_CGROUP = "only systemd keeps the processes of a job together where the kernel can bound them";

export function description(shell: readonly string[], table: ProcessTable): Description {
	return {
		facts: facts(shell, table),
		lacking: {
			memoryLimit: NO_CGROUP,
			cpuLimit: NO_CGROUP,
			taskLimit: NO_CGROUP,
			accounting: "what a process used that nobody waited for is not counted anywhere",
			properties: "they are systemd's",
			units: "they are systemd's",
		},
	};
}

function facts(shell: readonly string[], table: ProcessTable): readonly Fact[] {
	const needed = table.source === "ps" ? [...NEEDED, "ps"] : NEEDED;
	const missing = needed.filter((name) => !isInPath(name));
	return [
		{ name: "supervision", value: "one small shell for each running job" },
		{ name: "shell", value: shellName(shell) },
		{ name: "processes", value: `found by ${table.source}` },
		{ name: "programs", value: missing.length === 0 ? `${needed.join(", ")}: found` : `missing: ${missing.join(", ")}` },
		{ name: "logind", value: logindWords() },
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
