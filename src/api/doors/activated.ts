/** Sockets that were handed over to this process when it was started: sd_listen_fds(3). Pure. */
import { ChoreError } from "../../index.ts";

export interface Activated {
	readonly kind: "unix" | "tls";
	readonly fd: number;
}

/** The first descriptor that is handed over. */
const FIRST = 3;

/**
 * Takes the variables out of the environment, so that no job sees them.
 * @returns none if nothing was handed over to this very process
 * @throws ChoreError INVALID_ARGUMENT for a socket that is neither called unix nor tls
 */
export function takeActivated(environment: NodeJS.ProcessEnv = process.env, pid: number = process.pid): readonly Activated[] {
	const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES } = environment;
	for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"]) delete environment[name];
	if (LISTEN_PID !== String(pid)) return [];
	const names = LISTEN_FDNAMES?.split(":") ?? [];
	return Array.from({ length: Number(LISTEN_FDS) || 0 }, (_, index): Activated => {
		const kind = names[index];
		if (kind !== "unix" && kind !== "tls")
			throw new ChoreError("INVALID_ARGUMENT", `the socket "${kind ?? ""}" that was handed over is neither called unix nor tls`, {
				hint: "FileDescriptorName= in its unit says what it is",
			});
		return { kind, fd: FIRST + index };
	});
}
