/** The stop signal, the grace, and SIGKILL for every process of a run but its shim, which writes down how it ended. */
import { setTimeout as delay } from "node:timers/promises";
import type { StopOutcome, Stopping } from "../contract.ts";
import { signalNumber } from "../exit-record.ts";
import { Silence } from "../silence.ts";
import { signallableShim } from "./begin.ts";
import { liveness, onceDead } from "./liveness.ts";
import { type Members, membersOf, signalEach, signalGroup } from "./members.ts";
import { isHeld, type Process, type ProcessTable } from "./processes.ts";
import { type Run, shimPid, stageOf } from "./run-folder.ts";

/** How long SIGKILL may take before the survivors are named. */
const KILL_MS = 5000;
/** Between two looks at processes that nobody can wait for. */
const LOOK_MS = 25;
/** How often it is looked whether the clock is held: each takes as long as a fork(2), or longer. */
const HOLD_LOOKS = 10;

const SIGHUP = signalNumber("SIGHUP") as number;
const SIGCONT = signalNumber("SIGCONT") as number;
const SIGSTOP = signalNumber("SIGSTOP") as number;
const SIGKILL = signalNumber("SIGKILL") as number;

/** Stops one run; see Platform.stop. A mark of the request must have been written before. */
export async function stop(run: Run, table: ProcessTable, options: Stopping): Promise<StopOutcome> {
	if (await askToEnd(run, table, options)) return { kind: "ended" };
	return killAll(run, table);
}

/** True when nothing is left before the grace is over. */
async function askToEnd(run: Run, table: ProcessTable, { signal, graceMs, hangUp }: Stopping): Promise<boolean> {
	const graceEndsAtMs = performance.now() + graceMs;
	// What is stopped (SIGSTOP) ends by no signal before it continues.
	// No grace at all means no polite signal.
	const signals = graceMs > 0 ? [signalNumber(signal) as number, ...(hangUp ? [SIGHUP] : []), SIGCONT] : [];
	const shim = await signallableShim(run);
	if (shim !== undefined) for (const number of signals) signalGroup(run, shim, number);
	const told = new Set<string>();
	for (;;) {
		const { group, escaped, ownProcesses } = membersOf(run, table);
		// Those that the group's signal did not reach: the main process may have left the group, too.
		for (const process of [...group.filter(({ groupId }) => groupId !== shim), ...escaped]) {
			const identity = `${process.pid} ${process.startedAt}`;
			if (told.has(identity)) continue;
			told.add(identity);
			for (const number of signals) signalEach(run, [process], number, table);
		}
		if (escaped.length === 0 && liveness(run.runFolder) !== "alive") {
			endOwn(run, ownProcesses, table);
			return true;
		}
		const isWaiting = group.length === 0 && wake(run, ownProcesses, table);
		const leftMs = graceEndsAtMs - performance.now();
		if (leftMs <= 0) return false;
		await (escaped.length === 0 && !isWaiting ? dead(run, leftMs) : delay(Math.min(LOOK_MS, leftMs)));
	}
}

async function killAll(run: Run, table: ProcessTable): Promise<StopOutcome> {
	using silence = new Silence(KILL_MS);
	let members: Members;
	do {
		members = membersOf(run, table);
		const targets = targetsOf(members);
		if (targets.length === 0) {
			if (liveness(run.runFolder) !== "alive") {
				endOwn(run, members.ownProcesses, table);
				return { kind: "ended" };
			}
			// The shim is clearing up: its small processes are its own affair.
			wake(run, members.ownProcesses, table);
			await dead(run, LOOK_MS);
		} else {
			// Frozen first: a process that starts another for each that dies would win the race.
			signalEach(run, targets, SIGSTOP, table);
			signalEach(run, targets, SIGKILL, table);
			await delay(2);
		}
	} while (!silence.isOver);
	// Looked at anew: what was killed while this process was held is gone by now.
	const survivors = targetsOf(membersOf(run, table));
	if (survivors.length > 0) return { kind: "survivors", pids: survivors.map(({ pid }) => pid) };
	// Only the shim is left and does not end: it cannot write its record, and by now it never will.
	if (members.shim !== undefined) signalGroup(run, members.shim, SIGKILL);
	return (await dead(run, KILL_MS)) ? { kind: "ended" } : { kind: "survivors", pids: members.shim === undefined ? [] : [members.shim] };
}

/**
 * Between two attempts there is nothing to ask and nothing to wait for but the shim, which looks at the request as soon
 * as its sleep(1) ends: some stop signals would not end that, and without a grace none is sent.
 *
 * @returns whether that is how far the run has come
 */
function wake(run: Run, ownProcesses: readonly Process[], table: ProcessTable): boolean {
	if (stageOf(run) !== "waiting") return false;
	const shim = shimPid(run);
	// Nothing else of the shim's: what it looks at the processes with, or the clock of a limit, which would leave its sleep(1).
	const sleeps = ownProcesses.filter((process) => process.parentPid === shim && process.command().startsWith("sleep "));
	signalEach(run, sleeps, SIGKILL, table);
	return true;
}

/**
 * What a dead shim left of its own: the clock of a time limit. It is held first, so that it starts nothing in between. One
 * that is in the middle of fork(2) is held only afterwards: hence two looks that find all held, unless one never is.
 */
function endOwn(run: Run, ownProcesses: readonly Process[], table: ProcessTable): void {
	let own = ownProcesses;
	let looksWithAllHeld = 0;
	for (let look = 0; own.length > 0 && looksWithAllHeld < 2 && look < HOLD_LOOKS; look++) {
		signalEach(run, own, SIGSTOP, table);
		own = membersOf(run, table).ownProcesses;
		looksWithAllHeld = own.every((process) => isHeld(process, () => own)) ? looksWithAllHeld + 1 : 0;
	}
	signalEach(run, own, SIGKILL, table);
}

function targetsOf({ group, escaped }: Members): readonly Process[] {
	return [...group, ...escaped];
}

/** Waits for the end of the shim, so long at most. True once it is gone. */
function dead(run: Run, limitMs: number): Promise<boolean> {
	return new Promise((resolve) => {
		const giveUp = onceDead(run.runFolder, () => {
			clearTimeout(timer);
			resolve(true);
		});
		if (typeof giveUp === "string") return resolve(true);
		const timer = setTimeout(
			() => {
				giveUp();
				resolve(false);
			},
			Math.min(limitMs, 2 ** 31 - 1),
		);
	});
}
