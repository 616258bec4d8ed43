/** Into which slice a unit goes (systemd.slice(5)), as systemd-run(1) has it for --slice and --slice-inherit. */
import { readFileSync } from "node:fs";

const ROOT = "-.slice";

/** The cgroup of this process in the tree that systemd manages; "" where there is none. */
export function ownCgroup(): string {
	return cgroupIn(readFileSync("/proc/self/cgroup", "utf8"));
}

/** The same, of the text of /proc/PID/cgroup (cgroups(7)). */
export function cgroupIn(text: string): string {
	return /^0::(\/.*)$/m.exec(text)?.[1] ?? /^[0-9]+:name=systemd:(\/.*)$/m.exec(text)?.[1] ?? "";
}

/**
 * The innermost slice that a process is in.
 *
 * @param cgroup of the process, from the root of the hierarchy
 * @param managers the manager's own, above those of all its units
 * @returns undefined for a process that is in no unit of that manager, nor in a session of the login manager
 */
export function callersSlice(cgroup: string, managers: string): string | undefined {
	const above = managers.replace(/\/+$/, "");
	if (cgroup.startsWith(`${above}/`)) return innermost(cgroup.slice(above.length));
	// A session is beside the user's manager, and its units are in no slice of that one.
	return /^(\/[^/]+\.slice)*\/session-[^/]+\.scope(\/|$)/.test(cgroup) ? ROOT : undefined;
}

/** The last of the slices that a path begins with. */
function innermost(path: string): string {
	let slice = ROOT;
	for (const part of path.split("/").slice(1)) {
		if (!part.endsWith(".slice")) break;
		slice = part;
	}
	return slice;
}

/** The slice of a unit: the one that was asked for, within the other. Undefined where there is neither. */
export function sliceWithin(outer: string | undefined, inner: string | undefined): string | undefined {
	if (outer === undefined || outer === ROOT) return inner ?? outer;
	if (inner === undefined || inner === ROOT) return outer;
	return `${outer.slice(0, -".slice".length)}-${inner}`;
}
