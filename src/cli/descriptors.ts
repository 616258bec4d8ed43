/** Keeps what the caller had open (a lock, a pipe of make's) from jobs that outlive the caller: nobody would miss the end of it. */
import { closeSync, readdirSync, readFileSync } from "node:fs";

/** O_CLOEXEC in the octal flags of proc_pid_fdinfo(5). */
const CLOSE_ON_EXEC = 0o2000000;

/** Closes every descriptor above 2 that a program started by us would inherit. Does nothing where the system does not tell. */
export function closeInherited(): void {
	for (const name of descriptors()) {
		const descriptor = Number(name);
		if (descriptor <= 2 || name === process.env["NODE_CHANNEL_FD"]) continue;
		try {
			const flags = /^flags:\s+([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${name}`, "latin1"))?.[1];
			if (flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0) closeSync(descriptor);
		} catch {
			// gone meanwhile: it was the one that read the folder
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
