/** Shell text by which the fire program lays out a run as `withFiles` does (lay-out.ts), and tells whether one lives. Pure. */
import type { RunSpec } from "../contract.ts";
import { RUN_VARIABLE } from "../run-mark.ts";
import { MESSAGE_BYTES, PID_BYTES } from "./lay-out.ts";
import { ALIVE_FIFO } from "./liveness.ts";

/** A command that makes the files of the run in the folder $run, further ones of the size of a pid, and last the FIFO. */
export function layOutText({ limits }: RunSpec, ...more: readonly string[]): string {
	const files: readonly (readonly [name: string, bytes: number])[] = [
		["pid", PID_BYTES],
		...(limits.timeoutMs === null ? [] : [["timer", PID_BYTES] as const]),
		["message", MESSAGE_BYTES],
		...more.map((name) => [name, PID_BYTES] as const),
	];
	const made = files.map(([name, bytes]) => `echo '${" ".repeat(bytes - 1)}' >"$run/${name}" && `).join("");
	return `${made}mkfifo -m 600 "$run/${ALIVE_FIFO}"`;
}

/**
 * The function `alive` of Platform.launcher, under this name, for a run that has begun. A FIFO that nobody holds open for writing
 * keeps whoever opens it. A shim whose pid is free is gone at once; else the pid may be another's by now, and what opens the FIFO
 * gets five seconds. A job whose shim was killed may run on, as its mark tells.
 */
export function aliveText(name: string): string {
	return `${name}() {
	[ -p "$1/${ALIVE_FIFO}" ] || return 1
	main='' shim=''
	read -r main rest <"$1/started"
	[ -z "$main" ] || ! grep -qsF "${RUN_VARIABLE}=\${1##*/}.$id" "/proc/$main/environ" || return 0
	read -r shim rest <"$1/pid"
	if [ -n "$shim" ]; then kill -0 "$shim" || return 1; fi
	rm -f "$schedule/opened"
	(: <"$1/${ALIVE_FIFO}" && : >"$schedule/opened") &
	opener=$!
	for look in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ ! -e "$schedule/opened" ] || return 0
		sleep 0.25 || sleep 1
	done
	kill -KILL "$opener"
	return 1
}
`;
}
