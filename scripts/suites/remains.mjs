// The folder of a run of the suites, and what earlier runs left that were killed: their folders, processes, mounts and users.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { endAll, isThere, MANAGER, removeFolder } from "./processes.mjs";

/** Short: sockets have at most 108 bytes of a path. */
const PREFIX = "chore-t.";

/** What the suites need of memory, and then as much again. */
const MEMORY_BYTES = 4 * 2 ** 30;

/**
 * Makes the folder of this run. Its file `owner` tells others whether the run goes on.
 *
 * @param {{inMemory?: boolean}} how whether its files are kept in memory, where this may be done and there is enough
 */
export function makeRoot({ inMemory = false } = {}) {
	const root = mkdtempSync(`${tmpdir()}/${PREFIX}`);
	if (inMemory) mountMemory(root);
	chmodSync(root, 0o711);
	writeFileSync(`${root}/owner`, identity(process.pid));
	return root;
}

/**
 * Tens of thousands of small files come and go in a run. ext4 does not use the place of a deleted one again for minutes,
 * and looks at all such places for each file that is made: a tenth of the time of the processor.
 */
function mountMemory(root) {
	if (process.platform !== "linux" || process.geteuid() !== 0) return;
	const [, available] = /^MemAvailable: +(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "latin1")) ?? [];
	if (Number(available) * 1024 >= MEMORY_BYTES)
		spawnSync("mount", ["-t", "tmpfs", "-o", `size=${MEMORY_BYTES / 2}`, "chore-test", root], { stdio: "ignore" });
}

export async function removeRoot(root) {
	await endAll(root, undefined);
	removeFolder(root);
	spawnSync(MANAGER, ["tidy"], { stdio: "ignore", timeout: 60_000 });
}

/** Clears up after runs whose process is gone. @returns {Promise<string[]>} the folders that were removed */
export async function sweep() {
	const removed = [];
	for (const name of readdirSync(tmpdir())) {
		if (!name.startsWith(PREFIX)) continue;
		const root = `${tmpdir()}/${name}`;
		let owner;
		try {
			owner = readFileSync(`${root}/owner`, "utf8");
		} catch {
			continue; // being made, or somebody else's
		}
		if (owner === identity(Number.parseInt(owner, 10))) continue;
		await removeRoot(root);
		removed.push(root);
	}
	return removed;
}

/** A pid with the time of its start, where /proc tells that: another process may have the number later. */
function identity(pid) {
	try {
		// The name of the program, in parentheses, may hold blanks.
		const afterName = readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\) /s, "");
		return `${pid} ${afterName.split(" ")[19]}\n`;
	} catch {
		return isThere(pid) ? `${pid}\n` : "";
	}
}
