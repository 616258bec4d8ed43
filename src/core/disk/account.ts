/** Whom a folder may belong to, and who may write to it, without anything being amiss. */
import { readFileSync } from "node:fs";

/** Root, and the user of this process. */
export function isTrustedOwner(uid: number): boolean {
	return uid === 0 || uid === process.geteuid?.() || isUnmapped(uid);
}

/**
 * Whether a group has no member but us: many systems give each user a group of its own, and an umask by which that can
 * write to what the user makes.
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
 * In a user namespace that knows only some users (toolbox, rootless containers) the folders of the machine's own root
 * seem to belong to nobody: user_namespaces(7). Nothing says whose they are; in there, nobody has to be root.
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
