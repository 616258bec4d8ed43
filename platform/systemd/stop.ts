/** The end of one run on request, and signals to it. Nothing here acts on a unit or a process that is not this run's. */
import type { StopOutcome, Stopping } from "../contract.ts";
import { ChoreError, errnoOf } from "../errors.ts";
import { signalNumber } from "../exit-record.ts";
import { dropNote, hasNote } from "./held.ts";
import { withStrays } from "./inspect.ts";
import { processesOf, startTicks } from "./processes.ts";
import type { LoadedUnit, Systemd } from "./requests.ts";
import { forbidRestarts, mayStartAgain } from "./restarts.ts";
import { isRecording, isWaiting } from "./status.ts";
import { LEAST_STOP_TIMEOUT_MS, type PlannedUnit, unitToken } from "./unit.ts";
import type { Waiter } from "./waiter.ts";

/** How long after SIGKILL processes may take to disappear. */
const KILLED_MS = 5_000;

/** Where systemd sends SIGKILL by itself, ours is only for the case that it does not. */
const MANAGER_DELAY_MS = 2_000;

/** By which a job is asked to end: the shells, too, wake up stopped jobs after these. */
const ENDING = ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"];

/** @see Platform.stop */
export async function stopRun(connect: () => Systemd, run: PlannedUnit, stopping: Stopping, waiter: Waiter): Promise<StopOutcome> {
	if (await waiter.isOver(0)) return { kind: "ended" };
	forbidRestarts(run.runFolder);
	if (stopping.graceMs > 0) {
		const managerKills = await askToEnd(connect(), run, stopping);
		if (await waiter.isOver(stopping.graceMs + (managerKills ? MANAGER_DELAY_MS : 0))) return { kind: "ended" };
	}
	// While the hook is at work nothing is signalled; what is left of the job is there after it too.
	if (await waiter.isOver(KILLED_MS, () => signalRun(connect(), run, ["SIGKILL"], "all"))) return { kind: "ended" };
	return { kind: "survivors", pids: await survivors(connect(), run) };
}

/** @see Platform.kill */
export async function killRun(systemd: Systemd, run: PlannedUnit, signal: string, whom: "main" | "all"): Promise<boolean> {
	if (!ENDING.includes(signal) || !hasNote(run.runFolder)) return signalRun(systemd, run, [signal], whom);
	// A process that is held would end only once it is let go.
	const reached = await signalRun(systemd, run, [signal, "SIGCONT"], whom);
	dropNote(run.runFolder);
	return reached;
}

/** Sends these signals, one after the other. Resolves false where there is nothing to signal. */
export async function signalRun(systemd: Systemd, run: PlannedUnit, signals: readonly string[], whom: "main" | "all"): Promise<boolean> {
	const numbers = signals.map(numberOf);
	const unit = await findOwn(systemd, run);
	if (unit === undefined) {
		return withStrays(systemd, run, (pids) => signalProcesses(whom === "all" ? pids : eldest(pids), numbers));
	}
	if (!isAlive(unit) || isWaiting(unit) || isRecording(unit.subState)) return false;
	// Whoever froze it: its hook would be frozen, too.
	if (isFrozen(unit)) await systemd.thaw(unit);
	if (whom === "all" && numbers.length > 1) {
		// At one stroke: after the first the job may be over, and the next would hit the hook before it can ignore it.
		const pids = processesOf(unit.controlGroup, run).map(({ pid }) => pid);
		return signalProcesses(pids, numbers);
	}
	const reached = await Promise.all(numbers.map((number) => systemd.kill(unit, whom, number)));
	return reached.includes(true);
}

/** Lets the manager forget the unit of a run that is over. @see Platform.forget */
export async function letGo(systemd: Systemd, run: PlannedUnit): Promise<void> {
	const unit = await findOwn(systemd, run);
	if (unit === undefined) return;
	// Waiting in vain, see restarts.ts. Reset before that, it would be started once more: a reset clears the count of starts, too.
	const isLast = unit.properties["Restart"] !== "no" && !mayStartAgain(run.runFolder);
	if (isLast && (isWaiting(unit) || isRecording(unit.subState))) await systemd.stop(unit);
	// Its hook may still be at work: reset by then, it is unloaded instead of becoming "failed".
	if (unit.activeState === "failed" || isRecording(unit.subState)) await systemd.resetFailed(unit);
}

/** The unit of this run, if the manager has it. */
export function findOwn(systemd: Systemd, run: PlannedUnit): Promise<LoadedUnit | undefined> {
	const token = unitToken(run);
	return systemd.find(run.unit, (description) => description.endsWith(token));
}

/** @returns whether systemd will send SIGKILL by itself at the end of the grace */
async function askToEnd(systemd: Systemd, run: PlannedUnit, stopping: Stopping): Promise<boolean> {
	const unit = await findOwn(systemd, run);
	// The times and signals of a unit cannot be changed while it runs. The manager's SIGKILL must not come before ours would.
	const plannedMs = Math.max(run.stopping.graceMs, LEAST_STOP_TIMEOUT_MS);
	const { signal, hangUp, graceMs } = run.stopping;
	const asPlanned = graceMs > 0 && stopping.signal === signal && stopping.hangUp === hangUp && stopping.graceMs <= plannedMs;
	if (unit !== undefined && (asPlanned || !isAlive(unit) || isWaiting(unit))) {
		// The next attempt may have begun since: then it is that one's turn.
		return (await systemd.stop(unit)) ? stopping.graceMs === plannedMs : askToEnd(systemd, run, stopping);
	}
	const more = [...(stopping.hangUp ? ["SIGHUP"] : []), ...(hasNote(run.runFolder) ? ["SIGCONT"] : [])];
	await signalRun(systemd, run, [stopping.signal, ...more], "all");
	return false;
}

function numberOf(signal: string): number {
	const number = signalNumber(signal);
	if (number === undefined) throw new ChoreError("INVALID_ARGUMENT", `there is no signal ${signal}`);
	return number;
}

function signalProcesses(pids: readonly number[], numbers: readonly number[]): boolean {
	let signalled = false;
	for (const pid of pids) {
		try {
			for (const number of numbers) process.kill(pid, number);
			signalled = true;
		} catch (error) {
			// Over meanwhile, or another user's: then it will be among the survivors.
			if (errnoOf(error) !== "ESRCH" && errnoOf(error) !== "EPERM") throw error;
		}
	}
	return signalled;
}

/** Without a manager nobody knows which process was the main one; it was there first. */
function eldest(pids: readonly number[]): readonly number[] {
	const byAge = pids
		.map((pid) => ({ pid, ticks: startTicks(pid) ?? Number.POSITIVE_INFINITY }))
		.sort((one, other) => one.ticks - other.ticks);
	return byAge.slice(0, 1).map(({ pid }) => pid);
}

async function survivors(systemd: Systemd, run: PlannedUnit): Promise<readonly number[]> {
	const unit = await findOwn(systemd, run);
	if (unit === undefined) return withStrays(systemd, run, (pids) => pids);
	return processesOf(unit.controlGroup, run).map(({ pid }) => pid);
}

/** @see org.freedesktop.systemd1(5), FreezerState */
function isFrozen({ properties }: LoadedUnit): boolean {
	return ["frozen", "freezing"].includes(String(properties["FreezerState"]));
}

function isAlive(unit: LoadedUnit): boolean {
	return unit.activeState !== "inactive" && unit.activeState !== "failed";
}
