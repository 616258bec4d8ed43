/** One signal to a live run: to its main process, or to all but the shim. */
import { setTimeout as delay } from "node:timers/promises";
import { signalNumber } from "../exit-record.ts";
import { begunMain } from "./begin.ts";
import { membersOf, outsideOfGroups, signalEach, signalGroups, signalJobGroup } from "./members.ts";
import { noteLetGo } from "./pause.ts";
import type { ProcessTable } from "./processes.ts";
import type { Run } from "./run-folder.ts";

/** Signals that every shim survives. They go to each process group in one kill(2), which misses no new process. */
const SURVIVED: ReadonlySet<number | undefined> = new Set(
	["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGCONT", "SIGWINCH"].map(signalNumber),
);

/** How often SIGKILL is repeated for processes that were started meanwhile. */
const ROUNDS = 20;

/** Sends the signal; see Platform.kill. */
export async function kill(run: Run, table: ProcessTable, number: number, whom: "main" | "all"): Promise<boolean> {
	// A main process that has not begun yet would miss the signal.
	const main = await begunMain(run, table);
	if (main === undefined) return false;
	if (number === signalNumber("SIGCONT")) noteLetGo(run, table);
	if (whom === "main") {
		signalEach(run, [main], number, table);
		return true;
	}
	let members = membersOf(run, table);
	if (SURVIVED.has(number)) {
		signalGroups(run, members, number);
		signalEach(run, outsideOfGroups(members), number, table);
		return true;
	}
	for (let round = 0; round < (number === signalNumber("SIGKILL") ? ROUNDS : 1); round++) {
		const targets = [...members.group, ...members.escaped];
		if (targets.length === 0) break;
		signalJobGroup(run, members, number);
		signalEach(
			run,
			targets.filter(({ groupId }) => groupId !== members.job),
			number,
			table,
		);
		await delay(1);
		members = membersOf(run, table);
	}
	return true;
}
