// Finds and ends the processes of a test file: those in its process group, those whose command line, environment or
// directory contains its folder, and the descendants of both.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** The script that starts and ends private user managers. The path is relative to the checkout. */
export const MANAGER = "test/support/user-manager.sh";

/** @returns {{pid: number, parent: number, group: number, line: string}[]} all processes of this machine but this one */
function allProcesses() {
	const { stdout } = spawnSync("ps", ["-axww", "-o", "pid=,ppid=,pgid=,stat=,etime=,args="], { encoding: "utf8", maxBuffer: 1 << 26 });
	return stdout
		.split("\n")
		.map((line) => {
			const [pid, parent, group] = line.trim().split(/\s+/, 3).map(Number);
			return { pid, parent, group, line };
		})
		.filter(({ pid }) => pid > 0 && pid !== process.pid);
}

/** The pid with the command line, which is different if another process has the pid later. */
function same({ pid, line }) {
	return `${pid} ${line.trim().split(/\s+/).slice(5).join(" ")}`;
}

/**
 * @param folder the folder of the test file
 * @param group its process group; undefined if only the folder is known
 * @param before processes that were found earlier, as `same` names them
 */
export function processesOf(folder, group, before = new Set()) {
	const all = allProcesses();
	const found = new Map();
	for (const one of all) {
		const isZombie = /^\s*\d+\s+\d+\s+\d+\s+Z/.test(one.line);
		const belongs = one.group === group || one.line.includes(folder) || names(one.pid, folder) || before.has(same(one));
		if (!isZombie && belongs) found.set(one.pid, one);
	}
	for (let count = -1; count !== found.size; ) {
		count = found.size;
		for (const one of all) if (found.has(one.parent)) found.set(one.pid, one);
	}
	return [...found.values()];
}

/** Whether the environment of a process contains the folder, or its directory is in it. False if /proc does not tell. */
function names(pid, folder) {
	try {
		return readFileSync(`/proc/${pid}/environ`, "latin1").includes(folder) || readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
	} catch {
		return false;
	}
}

/**
 * Ends the processes of a test file, first with a signal after which they can clear up, then with SIGKILL.
 *
 * @returns {Promise<{killed: string[], left: string[]}>} lines about the processes that had to be killed, and about those
 * that are still there
 */
export async function endAll(folder, group) {
	// Noted now: once the parent of a process is gone, it may not be found as a descendant any more.
	const before = new Set(processesOf(folder, group).map(same));
	signalGroup(group, "SIGTERM");
	for (let round = 0; round < 100 && isGroupAlive(group); round++) await delay(100);
	stopManagers(folder);
	let left = processesOf(folder, group, before);
	const killed = left.map(({ line }) => line);
	for (let round = 0; round < 50 && left.length > 0; round++) {
		for (const { pid } of left) signal(pid, "SIGKILL");
		await delay(100);
		left = processesOf(folder, group, before);
	}
	return { killed, left: left.map(({ line }) => line) };
}

/** Whether a process exists, or a group if the number is negative. True also for those of other users. */
export function isThere(pid) {
	try {
		return process.kill(pid, 0);
	} catch (error) {
		return error.code === "EPERM";
	}
}

/** Removes the folder of a test file or of a run, after unmounting what is mounted there and making its files mutable. */
export function removeFolder(folder) {
	for (const place of mountsIn(folder)) spawnSync("umount", ["-l", place]);
	const options = { recursive: true, force: true, maxRetries: 3 };
	try {
		rmSync(folder, options);
	} catch {
		spawnSync("chattr", ["-R", "-i", folder]);
		rmSync(folder, options);
	}
}

function mountsIn(folder) {
	if (!existsSync("/proc/self/mountinfo")) return [];
	return readFileSync("/proc/self/mountinfo", "utf8")
		.split("\n")
		.map((line) => (line.split(" ")[4] ?? "").replaceAll(/\\(\d{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 8))))
		.filter((place) => place === folder || place.startsWith(`${folder}/`))
		.reverse();
}

/** The private user managers that were started in the folder; see test/support/user-manager.sh. */
function stopManagers(folder) {
	for (const file of managersIn(folder)) {
		spawnSync(MANAGER, ["stop", file.slice(0, -"/cgroup".length)], { stdio: "ignore", timeout: 60_000 });
	}
}

function managersIn(folder) {
	const found = spawnSync("find", [folder, "-maxdepth", "3", "-name", "cgroup", "-path", "*/chore-manager.*"], { encoding: "utf8" });
	return (found.stdout ?? "").split("\n").filter((path) => path !== "");
}

function isGroupAlive(group) {
	return group !== undefined && isThere(-group);
}

function signalGroup(group, name) {
	if (group !== undefined) signal(-group, name);
}

function signal(pid, name) {
	try {
		process.kill(pid, name);
	} catch {} // it is gone
}
