/**
 * Which cgroup controllers (memory, cpu, pids, …) the manager may use. systemd accepts a limit whose controller is not
 * delegated to the manager, and does not enforce it.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { cgroupFolder } from "./processes.ts";

/** The controllers of the user's manager, from cgroup.controllers (cgroups(7)); null where there is no cgroup v2 tree. */
export function delegatedControllers(userId: number): ReadonlySet<string> | null {
	const group = [`/user.slice/user-${userId}.slice/user@${userId}.service`, ownManagerGroup(userId)].find(
		(name) => name !== undefined && cgroupFolder(name) !== undefined,
	);
	return controllersOf(group ?? "");
}

/** The controllers of a cgroup. @param controlGroup its path from the root of the hierarchy */
export function controllersOf(controlGroup: string): ReadonlySet<string> | null {
	const folder = cgroupFolder(controlGroup);
	const text = folder === undefined ? undefined : read(`${folder}/cgroup.controllers`);
	return text === undefined ? null : new Set(text.trim().split(" "));
}

/** In a container the manager's cgroup may be anywhere. A manager is a systemd process in a cgroup `…/init.scope`. */
function ownManagerGroup(userId: number): string | undefined {
	for (const name of readdirSync("/proc")) {
		if (!/^[0-9]+$/.test(name) || read(`/proc/${name}/comm`) !== "systemd\n") continue;
		const group = /^0::(.*)\/init\.scope$/m.exec(read(`/proc/${name}/cgroup`) ?? "")?.[1];
		if (group !== undefined && ownerOf(`/proc/${name}`) === userId) return group;
	}
	return undefined;
}

function ownerOf(path: string): number | undefined {
	try {
		return statSync(path).uid;
	} catch {
		return undefined;
	}
}

function read(path: string): string | undefined {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return undefined;
	}
}
