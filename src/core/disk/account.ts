/** Decides which owners and groups of a folder above the state can be trusted. */
import { readFileSync } from "node:fs";

/** Whether a user may own such a folder: root, or the user of this process. */
export function isTrustedOwner(uid: number): boolean {
	return uid === 0 || uid === process.geteuid?.() || isUnmapped(uid);
}

/**
 * Whether this user is the only member of a group. Many systems give each user such a group, with an umask that gives the
 * group write permission.
 */
export function isOwnGroup(gid: number): boolean {
	if (gid !== process.getegid?.()) return false;
	const users = fieldsOf("/etc/passwd");
	const own = users.find(([, , uid]) => Number(uid) === process.geteuid?.())?.[0];
	const group = fieldsOf("/etc/group").find(([, , id]) => Number(id) === gid);
	if (own === undefined || group === undefined) return false;
	const isShared = users.some(([name, , , id]) => name !== own && Number(id) === gid);
	return !isShared && (group[3] ?? "").split(",").every((name) => name === "" || name === own);
}

/**
 * Whether this is the id that the kernel shows for every user outside of the user namespace (user_namespaces(7)). In toolbox
 * and rootless containers the folders of the machine's root have it, and nothing tells them from those of other users.
 */
function isUnmapped(uid: number): boolean {
	const [first = ""] = linesOf("/proc/self/uid_map");
	return first !== "" && first.trim().split(/\s+/)[2] !== "4294967295" && uid === Number(linesOf("/proc/sys/kernel/overflowuid")[0]);
}

/** The entries of passwd(5) or group(5). */
function fieldsOf(path: string): readonly (readonly string[])[] {
	return linesOf(path).map((line) => line.split(":"));
}

function linesOf(path: string): readonly string[] {
	try {
		return readFileSync(path, "utf8").split("\n");
	} catch {
		return [];
	}
}
