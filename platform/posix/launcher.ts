/**
 * How the fire program starts a run: as `detach` does (start.ts), with the same files and the same shell, which it becomes. It
 * leads a process group by then, as `exec` in a line of cron has it. The shells of the ksh family hand on a descriptor above 2 only
 * where the command itself says so. Pure.
 */
import type { RunSpec } from "../contract.ts";
import { aliveText, layOutText } from "../shell/launcher.ts";
import { ALIVE_FIFO } from "../shell/liveness.ts";
import { markedEnvironment } from "../shell/shim.ts";
import { shellWord } from "../shell-word.ts";

/** @param command the command line of the shim. @see Platform.launcher in contract.ts */
export function launcherText(run: RunSpec, command: readonly string[]): string {
	const environment = Object.entries(markedEnvironment(run)).map(([name, value]) => `${name}=${value}`);
	return `launch() {
	${layOutText(run)} || return 1
	exec 4<>"$run/${ALIVE_FIFO}"
	begun
	exec 1<>"$run/message" 2>&1
	cd /
	exec /usr/bin/env -i ${[...environment, ...command].map(shellWord).join(" ")} 4>&4
}
${aliveText("alive")}`;
}
