// Makes and removes the folder of a run of the suites. Clears up after runs that were killed: folders, processes, mounts, users.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { endAll, isThere, MANAGER, removeFolder } from "./processes.mjs";

/** Short, since the path of a socket has at most 108 bytes. */
const PREFIX = "chore-t.";

/** Twice the memory that the files of the suites need. */
const MEMORY_BYTES = 4 * 2 ** 30;

/**
 * Makes the folder of this run. By its file `owner` other runs see whether this one is still going on.
 *
 * @param {{inMemory?: boolean}} how whether to keep its files in memory, if there is enough and this user may mount it
 */
export function makeRoot({ inMemory = false } = {}) {
	const root = mkdtempSync(`${tmpdir()}/${PREFIX}`);
	if (inMemory) mountMemory(root);
	chmodSync(root, 0o711);
	writeFileSync(`${root}/owner`, identity(process.pid));
	return root;
}

/**
 * Mounts a tmpfs. A run makes and deletes tens of thousands of small files. ext4 does not reuse the inode of a deleted file
 * for minutes, and searches all such inodes for each new file, which takes a tenth of the CPU time.
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
			continue; // being made, or not of a run of the suites
		}
		if (owner === identity(Number.parseInt(owner, 10))) continue;
		await removeRoot(root);
		removed.push(root);
	}
	return removed;
}

/** The pid with the start time, if /proc tells it: another process may have the pid later. */
function identity(pid) {
	try {
		// The name of the program, in parentheses, may contain blanks.
		const afterName = readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\) /s, "");
		return `${pid} ${afterName.split(" ")[19]}\n`;
	} catch {
		return isThere(pid) ? `${pid}\n` : "";
	}
}
