/** What is known of many runs at one moment, in one round trip. */
import { readFileSync } from "node:fs";
import type { Observation } from "../contract.ts";
import { isHeld } from "./held.ts";
import { findProcesses } from "./processes.ts";
import type { Systemd } from "./requests.ts";
import { mayStartAgain } from "./restarts.ts";
import { isWaiting, judgeRow, readEnd, type UnitRow } from "./status.ts";
import { type PlannedUnit, unitToken } from "./unit.ts";

/** One observation for each run, in their order. */
export async function inspectUnits(systemd: Systemd, runs: readonly PlannedUnit[]): Promise<readonly Observation[]> {
	const { rows, managerGroup } = await list(systemd, runs);
	const known = await Promise.all(runs.map((run) => observe(systemd, run, rows.get(run.unit))));
	// One look at all processes for all that are missing.
	const missing = runs.filter((_, index) => known[index] === undefined);
	const found = findStrays(missing, rows, managerGroup);
	const pidsOf = new Map(missing.map((run, index) => [run, found[index] ?? []]));
	return runs.map((run, index): Observation => {
		const pids = pidsOf.get(run) ?? [];
		return known[index] ?? (pids.length > 0 ? { kind: "unsupervised", pids } : { kind: "absent" });
	});
}

/**
 * The processes of a run whose unit the manager does not have, as of this very moment.
 *
 * @param act is called without any wait in between, so that no pid can have been used again
 */
export async function withStrays<Result>(systemd: Systemd, run: PlannedUnit, act: (pids: readonly number[]) => Result): Promise<Result> {
	const { rows, managerGroup } = await list(systemd, [run]);
	const ours = rows.get(run.unit)?.description.endsWith(unitToken(run)) === true;
	return act(ours ? [] : (findStrays([run], rows, managerGroup)[0] ?? []));
}

/** Whether `start` left its sign that it ran. */
export function hasStarted({ runFolder }: PlannedUnit): boolean {
	try {
		return readFileSync(`${runFolder}/started`, "utf8").trim() !== "";
	} catch {
		return false;
	}
}

/** Joins the questions of one turn of the event loop into one request: hundreds of runs often end at once. */
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

/** Undefined where the manager does not have the run's unit. */
async function observe(systemd: Systemd, run: PlannedUnit, row: UnitRow | undefined): Promise<Observation | undefined> {
	const token = unitToken(run);
	const verdict = judgeRow(row, token);
	if (verdict === "gone" || row === undefined) return undefined;
	// It waits, but another attempt is not allowed any more: it is over, and the manager will find that out later.
	const isOver = verdict === "failed" || (isWaiting(row) && !mayStartAgain(run.runFolder));
	if (!isOver) return verdict.kind === "running" ? { kind: "running", paused: isHeld(run.runFolder) } : verdict;
	const properties = await systemd.properties(row.path);
	// Between the two answers it may have been reset, and its name taken by another.
	if (!String(properties["Description"]).endsWith(token)) return undefined;
	return { kind: "ended", end: readEnd(properties, hasStarted(run)) };
}

/** A manager that was killed and started again knows none of its units, but their processes live on in their cgroups. */
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
