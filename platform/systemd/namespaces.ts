/**
 * Whether a manager's jobs find what their caller finds: they get the files and the network of the manager, which may be in
 * other namespaces (namespaces(7)) than the caller.
 */
import { closeSync, existsSync, openSync, readlinkSync, readSync, statSync } from "node:fs";

/** The file that podman makes in each container, with which toolbox(1) and distrobox(1) work, too. */
const CONTAINER_MARK = "/run/.containerenv";
/** The first pid namespace, that of the system itself, has this number on every kernel (PROC_PID_INIT_INO). */
const FIRST_PIDS = "pid:[4026531836]";

/**
 * Whether this is a container that has the processes of its host, and so the host's manager: one with a manager inside has a
 * pid namespace of its own.
 */
export function isOnHost(mark: string = CONTAINER_MARK, pids: string = "/proc/self/ns/pid"): boolean {
	try {
		return existsSync(mark) && readlinkSync(pids) === FIRST_PIDS;
	} catch {
		return false;
	}
}

/**
 * What a process in the namespaces of the one with this pid has that this process has not; nothing where that cannot be read.
 * Goes by what everybody may read: the links in /proc/PID/ns need the rights of ptrace(2).
 */
export function othersAt(pid: number): readonly ("other files" | "another network")[] {
	const differs = (read: (process: string) => string | undefined): boolean => {
		const [own, others] = [read("self"), read(String(pid))];
		return own !== undefined && others !== undefined && own !== others;
	};
	return [...(differs(firstMount) ? (["other files"] as const) : []), ...(differs(networkFile) ? (["another network"] as const) : [])];
}

/** The id of the first mount: no two mount namespaces have mounts in common. */
function firstMount(process: string): string | undefined {
	return attempt(() => {
		const file = openSync(`/proc/${process}/mountinfo`, "r");
		try {
			const start = Buffer.alloc(16);
			return /^[0-9]+/.exec(start.toString("latin1", 0, readSync(file, start)))?.[0];
		} finally {
			closeSync(file);
		}
	});
}

/** The number of a file that each network namespace has one of. */
function networkFile(process: string): string | undefined {
	return attempt(() => String(statSync(`/proc/${process}/net/dev`).ino));
}

function attempt<Answer>(read: () => Answer): Answer | undefined {
	try {
		return read();
	} catch {
		return undefined;
	}
}
