/** Finds the slice for a unit (systemd.slice(5)), by the same rules as --slice and --slice-inherit of systemd-run(1). */
import { readFileSync } from "node:fs";

const ROOT = "-.slice";

/** The cgroup of this process in the hierarchy that systemd manages; "" if there is none. */
export function ownCgroup(): string {
	return cgroupIn(readFileSync("/proc/self/cgroup", "utf8"));
}

/** The same from the text of /proc/PID/cgroup (cgroups(7)). */
export function cgroupIn(text: string): string {
	return /^0::(\/.*)$/m.exec(text)?.[1] ?? /^[0-9]+:name=systemd:(\/.*)$/m.exec(text)?.[1] ?? "";
}

/**
 * The innermost slice that a process is in.
 *
 * @param cgroup the cgroup of the process, from the root of the hierarchy
 * @param managers the manager's own cgroup, in which its units are
 * @returns undefined for a process that is neither in a unit of that manager nor in a session of systemd-logind(8)
 */
export function callersSlice(cgroup: string, managers: string): string | undefined {
	const above = managers.replace(/\/+$/, "");
	if (cgroup.startsWith(`${above}/`)) return innermost(cgroup.slice(above.length));
	// The scope of a session is a unit of the system's manager: in the user's manager it has no slice but the root.
	return /^(\/[^/]+\.slice)*\/session-[^/]+\.scope(\/|$)/.test(cgroup) ? ROOT : undefined;
}

/** The last slice of those with which a path begins. */
function innermost(path: string): string {
	let slice = ROOT;
	for (const part of path.split("/").slice(1)) {
		if (!part.endsWith(".slice")) break;
		slice = part;
	}
	return slice;
}

/** The slice `inner` below the slice `outer`; if one is undefined, the other. */
export function sliceWithin(outer: string | undefined, inner: string | undefined): string | undefined {
	if (outer === undefined || outer === ROOT) return inner ?? outer;
	if (inner === undefined || inner === ROOT) return outer;
	return `${outer.slice(0, -".slice".length)}-${inner}`;
}
