/** Stops one run and sends signals to it. Never acts on a unit or process that is not this run's. */
import { setTimeout as delay } from "node:timers/promises";
import type { JobProcess, StopOutcome, Stopping } from "../contract.ts";
import { ChoreError, errnoOf } from "../errors.ts";
import { signalNumber } from "../exit-record.ts";
import { Silence } from "../silence.ts";
import { answered, delivered } from "./again.ts";
import { withStrays } from "./inspect.ts";
import { isStopped, processesApart, processesOf, startTicks } from "./processes.ts";
import type { LoadedUnit, Systemd } from "./requests.ts";
import { forbidRestarts, mayStartAgain } from "./restarts.ts";
import { isRecording, isWaiting } from "./status.ts";
import { LEAST_STOP_TIMEOUT_MS, type PlannedUnit, unitToken } from "./unit.ts";
import type { Waiter } from "./waiter.ts";

/** How long after SIGKILL processes may take to disappear. */
const KILLED_MS = 5_000;

/** Between two looks at processes whose end no signal of the manager tells. */
const LOOK_EVERY_MS = 25;

/** systemd sends SIGKILL at the end of the grace; chore sends its own so much later, in case systemd has not. */
const MANAGER_DELAY_MS = 2_000;

/**
 * @see Platform.stop
 *
 * While the manager is restarted each request is repeated by itself, not the whole stop: the grace begins only once.
 */
export async function stopRun(connect: () => Systemd, run: PlannedUnit, stopping: Stopping, waiter: Waiter): Promise<StopOutcome> {
	if (await waiter.isOver(0)) return { kind: "ended" };
	forbidRestarts(run.runFolder);
	const graceEndsAtMs = performance.now() + stopping.graceMs;
	const [left] = await Promise.all([stopUnit(connect, run, stopping, waiter), stopApart(run, stopping, graceEndsAtMs)]);
	// Again, since one may have moved out of the unit meanwhile. What the first call could not end is found again.
	const pids = [...left, ...(await stopApart(run, stopping, graceEndsAtMs))];
	return pids.length === 0 ? { kind: "ended" } : { kind: "survivors", pids };
}

/** Sends these signals, one after the other. Resolves false when there is nothing to signal, also while the hook runs. */
export async function signalRun(systemd: Systemd, run: PlannedUnit, signals: readonly string[], whom: "main" | "all"): Promise<boolean> {
	const reached = await signalUnit(systemd, run, signals, whom);
	if (reached && whom === "all") signalProcesses(pidsOf(processesApart(run)), signals.map(numberOf));
	return reached;
}

/** @returns the processes of the unit that are left in the end */
async function stopUnit(connect: () => Systemd, run: PlannedUnit, stopping: Stopping, waiter: Waiter): Promise<readonly number[]> {
	if (stopping.graceMs > 0) {
		const managerKills = await delivered(() => askToEnd(connect(), run, stopping));
		if (await waiter.isOver(stopping.graceMs + (managerKills ? MANAGER_DELAY_MS : 0))) return [];
	}
	// While the hook runs, signalUnit sends nothing and is called again afterwards.
	if (await waiter.isOver(KILLED_MS, () => delivered(() => signalUnit(connect(), run, ["SIGKILL"], "all")))) return [];
	return answered(() => survivors(connect(), run));
}

/** Stops the processes of the run that are in scopes; no signal of the manager tells when they end. @returns those left in the end */
async function stopApart(run: PlannedUnit, { signal, hangUp }: Stopping, graceEndsAtMs: number): Promise<readonly number[]> {
	const signals = [signal, ...(hangUp ? ["SIGHUP"] : []), "SIGCONT"].map(numberOf);
	const told = new Set<string>();
	let pids = pidsOf(processesApart(run));
	for (; pids.length > 0 && performance.now() < graceEndsAtMs; pids = pidsOf(processesApart(run))) {
		for (const pid of pids) {
			const identity = `${pid} ${startTicks(pid)}`;
			if (!told.has(identity)) signalProcesses([pid], signals);
			told.add(identity);
		}
		await delay(Math.min(LOOK_EVERY_MS, Math.max(0, graceEndsAtMs - performance.now())));
	}
	using silence = new Silence(KILLED_MS);
	for (; pids.length > 0 && !silence.isOver; pids = pidsOf(processesApart(run))) {
		signalProcesses(pids, [numberOf("SIGKILL")]);
		await delay(LOOK_EVERY_MS);
	}
	return pids;
}

async function signalUnit(systemd: Systemd, run: PlannedUnit, signals: readonly string[], whom: "main" | "all"): Promise<boolean> {
	const numbers = signals.map(numberOf);
	const unit = await findOwn(systemd, run);
	if (unit === undefined) {
		return withStrays(systemd, run, (pids) => signalProcesses(whom === "all" ? pids : eldest(pids), numbers));
	}
	if (!isAlive(unit) || isWaiting(unit) || isRecording(unit.subState)) return false;
	// In a frozen unit the hook could not run (`systemctl freeze`).
	if (isFrozen(unit)) await systemd.thaw(unit);
	if (whom === "all" && numbers.length > 1) {
		// By kill(2) and not by the manager: after the first signal the job may end, and a later request would hit the hook.
		return signalProcesses(pidsOf(processesOf(unit.controlGroup, run)), numbers);
	}
	const reached = await Promise.all(numbers.map((number) => systemd.kill(unit, whom, number)));
	return reached.includes(true);
}

/** Has the manager unload the unit of an ended run. @see Platform.forget */
export async function letGo(systemd: Systemd, run: PlannedUnit): Promise<void> {
	const unit = await findOwn(systemd, run);
	if (unit === undefined) return;
	// The unit waits for an attempt that its condition forbids (restarts.ts). Stopped first: a reset clears the manager's count
	// of starts, and the unit would be started once more.
	const isLast = unit.properties["Restart"] !== "no" && !mayStartAgain(run.runFolder);
	if (isLast && (isWaiting(unit) || isRecording(unit.subState))) await systemd.stop(unit);
	// Where the hook is still running, the reset has the unit unloaded afterwards instead of becoming "failed".
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
	// The signal and the timeout of a running unit cannot be changed, so systemd stops it only if they fit this request.
	const plannedMs = Math.max(run.stopping.graceMs, LEAST_STOP_TIMEOUT_MS);
	const { signal, hangUp, graceMs } = run.stopping;
	const asPlanned = graceMs > 0 && stopping.signal === signal && stopping.hangUp === hangUp && stopping.graceMs <= plannedMs;
	if (unit !== undefined && (asPlanned || !isAlive(unit) || isWaiting(unit))) {
		// False: this attempt has ended. The next may have begun, and must be stopped.
		return (await systemd.stop(unit)) ? stopping.graceMs === plannedMs : askToEnd(systemd, run, stopping);
	}
	// A stopped process reacts to the signal only after SIGCONT.
	const mustWake = unit === undefined || processesOf(unit.controlGroup, run).some(({ pid }) => isStopped(pid));
	const more = [...(stopping.hangUp ? ["SIGHUP"] : []), ...(mustWake ? ["SIGCONT"] : [])];
	await signalUnit(systemd, run, [stopping.signal, ...more], "all");
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
			// It has ended, or belongs to another user now and will be among the survivors.
			if (errnoOf(error) !== "ESRCH" && errnoOf(error) !== "EPERM") throw error;
		}
	}
	return signalled;
}

/** Without a unit nothing tells which process is the main one. The oldest is. */
function eldest(pids: readonly number[]): readonly number[] {
	const byAge = pids
		.map((pid) => ({ pid, ticks: startTicks(pid) ?? Number.POSITIVE_INFINITY }))
		.sort((one, other) => one.ticks - other.ticks);
	return byAge.slice(0, 1).map(({ pid }) => pid);
}

async function survivors(systemd: Systemd, run: PlannedUnit): Promise<readonly number[]> {
	const unit = await findOwn(systemd, run);
	if (unit === undefined) return withStrays(systemd, run, (pids) => pids);
	return pidsOf(processesOf(unit.controlGroup, run));
}

function pidsOf(processes: readonly JobProcess[]): readonly number[] {
	return processes.map(({ pid }) => pid);
}

/** @see org.freedesktop.systemd1(5), FreezerState */
function isFrozen({ properties }: LoadedUnit): boolean {
	return ["frozen", "freezing"].includes(String(properties["FreezerState"]));
}

function isAlive(unit: LoadedUnit): boolean {
	return unit.activeState !== "inactive" && unit.activeState !== "failed";
}
