/**
 * How the fire program starts a run: as `detach` does (start.ts), with the same files and the same shell, which it becomes. It
 * leads a process group by then, as `exec` in a line of cron has it. The shells of the ksh family hand on a descriptor above 2 only
 * where the command itself says so. Pure.
 */
import type { RunSpec } from "../contract.ts";
import { RUN_VARIABLE } from "../run-mark.ts";
import { MESSAGE_BYTES, PID_BYTES } from "../shell/lay-out.ts";
import { ALIVE_FIFO } from "../shell/liveness.ts";
import { markedEnvironment } from "../shell/shim.ts";
import { shellWord } from "../shell-word.ts";

/** @param command the command line of the shim. @see Platform.launcher in contract.ts */
export function launcherText(run: RunSpec, command: readonly string[]): string {
	const files: readonly (readonly [name: string, bytes: number])[] = [
		["pid", PID_BYTES],
		...(run.limits.timeoutMs === null ? [] : [["timer", PID_BYTES] as const]),
		["message", MESSAGE_BYTES],
	];
	const layOut = files.map(([name, bytes]) => `echo '${" ".repeat(bytes - 1)}' >"$run/${name}" && `).join("");
	const environment = Object.entries(markedEnvironment(run)).map(([name, value]) => `${name}=${value}`);
	return `launch() {
	${layOut}mkfifo -m 600 "$run/${ALIVE_FIFO}" || return 1
	exec 4<>"$run/${ALIVE_FIFO}"
	begun
	exec 1<>"$run/message" 2>&1
	cd /
	exec /usr/bin/env -i ${[...environment, ...command].map(shellWord).join(" ")} 4>&4
}
${ALIVE}`;
}

/**
 * A FIFO that nobody holds open for writing keeps whoever opens it. A shim whose pid is free is gone at once; else the pid may be
 * another's by now, and what opens the FIFO gets five seconds. A job whose shim was killed may run on, as its mark tells.
 */
const ALIVE = `alive() {
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
