// The folder of a run of the suites, and what earlier runs left that were killed: their folders, processes, mounts and users.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { endAll, isThere, MANAGER, removeFolder } from "./processes.mjs";

/** Short: sockets have at most 108 bytes of a path. */
const PREFIX = "chore-t.";

/** Makes the folder of this run. Its file `owner` tells others whether the run goes on. */
export function makeRoot() {
	const root = mkdtempSync(`${tmpdir()}/${PREFIX}`);
	chmodSync(root, 0o711);
	writeFileSync(`${root}/owner`, identity(process.pid));
	return root;
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
