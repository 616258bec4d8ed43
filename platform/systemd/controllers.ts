/**
 * Which resource controllers of the kernel the user manager may use. Where one is not delegated to it, systemd accepts a
 * bound and silently does nothing about it.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { cgroupFolder } from "./processes.ts";

/** The names in cgroup.controllers (cgroups(7)) of the user's manager; null where there is no cgroup v2 tree at all. */
export function delegatedControllers(userId: number): ReadonlySet<string> | null {
	const group = [`/user.slice/user-${userId}.slice/user@${userId}.service`, ownManagerGroup(userId)].find(
		(name) => name !== undefined && cgroupFolder(name) !== undefined,
	);
	return controllersOf(group ?? "");
}

/** The same of a cgroup, from the root of the hierarchy. */
export function controllersOf(controlGroup: string): ReadonlySet<string> | null {
	const folder = cgroupFolder(controlGroup);
	const text = folder === undefined ? undefined : read(`${folder}/cgroup.controllers`);
	return text === undefined ? null : new Set(text.trim().split(" "));
}

/** In containers the manager may be anywhere: it is the systemd that keeps itself in an init.scope. */
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
