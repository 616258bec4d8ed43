/** Stops a run: the stop signal, the grace, then SIGKILL. Leaves the shim alive until it has written the record. */
import { setTimeout as delay } from "node:timers/promises";
import type { StopOutcome, Stopping } from "../contract.ts";
import { signalNumber } from "../exit-record.ts";
import { LONGEST_TIMER_MS, Silence } from "../silence.ts";
import { signallableShim } from "./begin.ts";
import { liveness, onceDead } from "./liveness.ts";
import { type Members, membersOf, outsideOfGroups, signalEach, signalGroups } from "./members.ts";
import { isHeld, type Process, type ProcessTable } from "./processes.ts";
import { type Run, shimPid, stageOf } from "./run-folder.ts";

/** How long after SIGKILL the processes still there are reported as survivors. */
const KILL_MS = 5000;
/** Between two looks at processes whose end causes no event here. */
const LOOK_MS = 25;
/** Between two looks at a shim that has only its group and itself left to end. */
const LEAVING_MS = 2;
/** How often `endOwn` looks whether all processes are stopped, at most. */
const HOLD_LOOKS = 10;

const SIGHUP = signalNumber("SIGHUP") as number;
const SIGCONT = signalNumber("SIGCONT") as number;
const SIGSTOP = signalNumber("SIGSTOP") as number;
const SIGKILL = signalNumber("SIGKILL") as number;

/** Stops one run; see Platform.stop. The core has written the stop mark before. */
export async function stop(run: Run, table: ProcessTable, options: Stopping): Promise<StopOutcome> {
	if (await askToEnd(run, table, options)) return { kind: "ended" };
	return killAll(run, table);
}

/** Sends the stop signals and waits for the grace. @returns true as soon as no process of the run is left */
async function askToEnd(run: Run, table: ProcessTable, { signal, graceMs, hangUp }: Stopping): Promise<boolean> {
	const graceEndsAtMs = performance.now() + graceMs;
	// SIGCONT, since a stopped process reacts to no other signal before. Without a grace SIGKILL comes at once.
	const signals = graceMs > 0 ? [signalNumber(signal) as number, ...(hangUp ? [SIGHUP] : []), SIGCONT] : [];
	await signallableShim(run);
	const told = new Set<string>();
	const { shim, job } = askGroups(run, table, signals);
	for (;;) {
		const members = membersOf(run, table);
		const { group, escaped, ownProcesses } = members;
		for (const process of outsideOfGroups({ ...members, shim, job })) {
			const identity = `${process.pid} ${process.startedAt}`;
			if (told.has(identity)) continue;
			told.add(identity);
			for (const number of signals) signalEach(run, [process], number, table);
		}
		const isLeft = isLeaving(run, members);
		if (escaped.length === 0 && !isLeft && liveness(run.runFolder) !== "alive") {
			endOwn(run, ownProcesses, table);
			return true;
		}
		const isWaiting = group.length === 0 && wake(run, ownProcesses, table);
		const leftMs = graceEndsAtMs - performance.now();
		if (leftMs <= 0) return false;
		if (isLeft) await delay(Math.min(LEAVING_MS, leftMs));
		else await (escaped.length === 0 && !isWaiting ? dead(run, leftMs) : delay(Math.min(LOOK_MS, leftMs)));
	}
}

/** Sends signals to the groups. @returns the members as they were before */
function askGroups(run: Run, table: ProcessTable, signals: readonly number[]): Members {
	const members = membersOf(run, table);
	for (const number of signals) signalGroups(run, members, number);
	return members;
}

async function killAll(run: Run, table: ProcessTable): Promise<StopOutcome> {
	using silence = new Silence(KILL_MS);
	let members: Members;
	do {
		members = membersOf(run, table);
		const targets = targetsOf(members);
		if (targets.length === 0) {
			if (isLeaving(run, members)) {
				await delay(LEAVING_MS);
				continue;
			}
			if (liveness(run.runFolder) !== "alive") {
				endOwn(run, members.ownProcesses, table);
				return { kind: "ended" };
			}
			// Only the shim is left, and is clearing up. Its own processes are not killed here.
			wake(run, members.ownProcesses, table);
			await dead(run, LOOK_MS);
		} else {
			// Stopped first: processes that start others as fast as these are killed would otherwise never be caught.
			signalEach(run, targets, SIGSTOP, table);
			signalEach(run, targets, SIGKILL, table);
			await delay(2);
		}
	} while (!silence.isOver);
	// Looked up again, since this process may have been stopped itself since the last look.
	const survivors = targetsOf(membersOf(run, table));
	if (survivors.length > 0) return { kind: "survivors", pids: survivors.map(({ pid }) => pid) };
	// Only the shim is left and does not end: it could not write the record in this time, or has not even begun.
	signalGroups(run, members, SIGKILL);
	if (members.shim === undefined) endOwn(run, members.ownProcesses, table);
	if (await dead(run, KILL_MS)) return { kind: "ended" };
	return { kind: "survivors", pids: members.shim === undefined ? members.ownProcesses.map(({ pid }) => pid) : [members.shim] };
}

/** Ends the own processes of a dead shim, if no process of the job is left. */
export function endLeftovers(run: Run, table: ProcessTable): void {
	const { escaped, ownProcesses } = membersOf(run, table);
	if (escaped.length === 0 && liveness(run.runFolder) === "dead") endOwn(run, ownProcesses, table);
}

/** Whether the shim has removed its FIFO: it is about to end its group and itself, so that `stop` only has to wait. */
function isLeaving(run: Run, { shim, ownProcesses }: Members): boolean {
	return shim === undefined && ownProcesses.some(({ pid }) => pid === shimPid(run)) && liveness(run.runFolder) === "missing";
}

/**
 * Ends the shim's wait for the next attempt: kills its sleep(1), after which the shim finds the stop mark. The stop signal
 * may not end a sleep(1), and is not sent at all without a grace.
 *
 * @returns whether the run is between two attempts
 */
function wake(run: Run, ownProcesses: readonly Process[], table: ProcessTable): boolean {
	if (stageOf(run) !== "waiting") return false;
	const shim = shimPid(run);
	// Only the sleep(1): not the programs by which the shim looks for processes, nor the process that enforces the time limit.
	const sleeps = ownProcesses.filter((process) => process.parentPid === shim && process.command().startsWith("sleep "));
	signalEach(run, sleeps, SIGKILL, table);
	return true;
}

/**
 * Kills the own processes of a dead shim: the one that enforces the time limit, its sleep(1), and the one that holds the
 * input open. Stops them first, so that they start nothing meanwhile. One inside fork(2) stops only afterwards: two looks in
 * a row must find all stopped.
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

/** Waits for the end of the shim, for `limitMs` at most. @returns whether it is gone */
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
			Math.min(limitMs, LONGEST_TIMER_MS),
		);
	});
}
