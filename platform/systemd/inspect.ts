/** Observes many runs with one request to the manager, plus one for each run whose unit has failed. */
import type { Observation } from "../contract.ts";
import { readSettledAt } from "../settled-read.ts";
import { isHeld } from "./held.ts";
import { findProcesses } from "./processes.ts";
import type { Systemd } from "./requests.ts";
import { mayStartAgain } from "./restarts.ts";
import { isWaiting, judgeRow, readEnd, type UnitRow } from "./status.ts";
import { type PlannedUnit, unitToken } from "./unit.ts";

/** @returns one observation for each run, in the same order */
export async function inspectUnits(systemd: Systemd, runs: readonly PlannedUnit[]): Promise<readonly Observation[]> {
	const { rows, managerGroup } = await list(systemd, runs);
	const known = await Promise.all(runs.map((run) => observe(systemd, run, rows.get(run.unit))));
	// /proc is read once for all runs without a unit.
	const missing = runs.filter((_, index) => known[index] === undefined);
	const found = findStrays(missing, rows, managerGroup);
	const pidsOf = new Map(missing.map((run, index) => [run, found[index] ?? []]));
	return runs.map((run, index): Observation => {
		const pids = pidsOf.get(run) ?? [];
		return known[index] ?? (pids.length > 0 ? { kind: "unsupervised", pids } : { kind: "absent" });
	});
}

/**
 * Finds the processes of a run whose unit the manager does not have, and calls `act` with their pids; with none if it has.
 *
 * @param act called in the same turn of the event loop, so that the pids are still these processes'
 */
export async function withStrays<Result>(systemd: Systemd, run: PlannedUnit, act: (pids: readonly number[]) => Result): Promise<Result> {
	const { rows, managerGroup } = await list(systemd, [run]);
	const ours = rows.get(run.unit)?.description.endsWith(unitToken(run)) === true;
	return act(ours ? [] : (findStrays([run], rows, managerGroup)[0] ?? []));
}

/** Whether the start script of the run has begun: it has written `started`. */
export function hasStarted({ runFolder }: PlannedUnit): boolean {
	try {
		return readSettledAt(`${runFolder}/started`).trim() !== "";
	} catch {
		return false;
	}
}

/** Joins the observations that one turn of the event loop asks for into one request: hundreds of runs may end at once. */
export class Inspector {
	readonly #connect: () => Systemd;
	#runs: PlannedUnit[] = [];
	#answer: Promise<readonly Observation[]> | undefined;

	constructor(connect: () => Systemd) {
		this.#connect = connect;
	}

	/** @throws ChoreError when the manager cannot be asked */
	async observe(run: PlannedUnit): Promise<Observation> {
		const index = this.#runs.push(run) - 1;
		this.#answer ??= this.#ask();
		const observation = (await this.#answer)[index];
		if (observation === undefined) throw new Error(`no observation of ${run.unit}`);
		return observation;
	}

	async #ask(): Promise<readonly Observation[]> {
		await new Promise((resolve) => setImmediate(resolve));
		const runs = this.#runs;
		this.#runs = [];
		this.#answer = undefined;
		return inspectUnits(this.#connect(), runs);
	}
}

async function list(
	systemd: Systemd,
	runs: readonly PlannedUnit[],
): Promise<{ readonly rows: ReadonlyMap<string, UnitRow>; readonly managerGroup: string }> {
	const names = [...new Set(runs.map((run) => run.unit))];
	const [rows, managerGroup] = await Promise.all([systemd.listUnits(names), systemd.controlGroup()]);
	return { rows: new Map(rows.map((row) => [row.name, row])), managerGroup };
}

/** The observation of a run; undefined when the manager does not have its unit. */
async function observe(systemd: Systemd, run: PlannedUnit, row: UnitRow | undefined): Promise<Observation | undefined> {
	const token = unitToken(run);
	const verdict = judgeRow(row, token);
	if (verdict === "gone" || row === undefined) return undefined;
	// A unit that waits for an attempt that is not allowed is over; the manager notices that when the delay has passed.
	const isOver = verdict === "failed" || (isWaiting(row) && !mayStartAgain(run.runFolder));
	if (!isOver) return verdict.kind === "running" ? { kind: "running", paused: isHeld(run.runFolder) } : verdict;
	const properties = await systemd.properties(row.path);
	// Between the two answers the unit may have been reset and its name taken by another run.
	if (!String(properties["Description"]).endsWith(token)) return undefined;
	return { kind: "ended", end: readEnd(properties, hasStarted(run)) };
}

/** The processes of runs without a unit: after a crash a new manager knows no units, but their processes live on. */
function findStrays(
	runs: readonly PlannedUnit[],
	rows: ReadonlyMap<string, UnitRow>,
	managerGroup: string,
): readonly (readonly number[])[] {
	const marks = runs.map(({ unit, jobId, run }) => {
		const row = rows.get(unit);
		return { unit, jobId, run, unitTaken: row !== undefined && (row.activeState !== "inactive" || row.managerJobId !== 0) };
	});
	return findProcesses(marks, managerGroup);
}
