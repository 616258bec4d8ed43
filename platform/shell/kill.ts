/** One signal to a live run: to its main process, or to all but the shim. */
import { setTimeout as delay } from "node:timers/promises";
import { signalNumber } from "../exit-record.ts";
import { begunMain } from "./begin.ts";
import { membersOf, signalEach, signalGroup } from "./members.ts";
import { noteLetGo } from "./pause.ts";
import type { ProcessTable } from "./processes.ts";
import { type Run, shimPid } from "./run-folder.ts";

/** Signals that every shim survives. They go to the whole process group in one kill(2), which misses no new process. */
const SURVIVED: ReadonlySet<number | undefined> = new Set(
	["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGCONT", "SIGWINCH"].map(signalNumber),
);

/** How often SIGKILL is repeated for processes that were started meanwhile. */
const ROUNDS = 20;

/** Sends the signal; see Platform.kill. */
export async function kill(run: Run, table: ProcessTable, number: number, whom: "main" | "all"): Promise<boolean> {
	// A main process that has not begun yet would miss the signal.
	const main = await begunMain(run, table);
	const shim = shimPid(run);
	if (main === undefined || shim === undefined) return false;
	if (number === signalNumber("SIGCONT")) noteLetGo(run, table);
	if (whom === "main") {
		signalEach(run, [main], number, table);
		return true;
	}
	if (SURVIVED.has(number)) signalGroup(run, shim, number);
	for (let round = 0; round < (number === signalNumber("SIGKILL") ? ROUNDS : 1); round++) {
		const { group, escaped } = membersOf(run, table);
		const targets = SURVIVED.has(number) ? [...group.filter(({ groupId }) => groupId !== shim), ...escaped] : [...group, ...escaped];
		if (targets.length === 0) break;
		signalEach(run, targets, number, table);
		await delay(1);
	}
	return true;
}
