/** Keeps jobs from inheriting the caller's open descriptors: a lock or pipe would otherwise stay open as long as the job runs. */
import { closeSync, readdirSync, readFileSync } from "node:fs";

/** O_CLOEXEC in the octal flags of proc_pid_fdinfo(5). */
const CLOSE_ON_EXEC = 0o2000000;

/** Closes every descriptor above 2 that a child process would inherit. Does nothing without /proc. */
export function closeInherited(): void {
	for (const name of descriptors()) {
		const descriptor = Number(name);
		if (descriptor <= 2 || name === process.env["NODE_CHANNEL_FD"]) continue;
		try {
			const flags = /^flags:\s+([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${name}`, "latin1"))?.[1];
			if (flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0) closeSync(descriptor);
		} catch {
			// the descriptor that readdir(3) used: closed by now
		}
	}
}

function descriptors(): string[] {
	try {
		return readdirSync("/proc/self/fd");
	} catch {
		return [];
	}
}
