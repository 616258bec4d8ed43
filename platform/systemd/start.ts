/** The start of one run: one request, and what the manager makes of it. */
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { RunSpec } from "../contract.ts";
import { ChoreError, isChoreError } from "../errors.ts";
import { busErrorName } from "./bus.ts";
import { hasStarted } from "./inspect.ts";
import type { Property } from "./property.ts";
import { impossibleProperties, refusedProperty } from "./refusal.ts";
import { forbidRestarts, mayStartAgain } from "./restarts.ts";
import type { Scope } from "./scope.ts";
import { isRecording, isWaiting } from "./status.ts";
import type { LoadedUnit, Systemd } from "./systemd.ts";
import { hasAnyToken, type Installation, type PlannedUnit, unitProperties, unitToken } from "./unit.ts";

const UNIT_EXISTS = "org.freedesktop.systemd1.UnitExists";

/** How long the unit of a run whose end is recorded may take to leave its name, and how often that is looked at. */
const LEAVING_MS = 2_000;
const LOOK_EVERY_MS = 10;

/** Starts the unit of a run. @see Platform.start */
export async function startUnit(
	systemd: Systemd,
	run: RunSpec,
	planned: PlannedUnit,
	{ scope, ...installation }: Installation & { readonly scope: Scope },
): Promise<void> {
	const { finished } = await submit(systemd, planned.unit, unitProperties(run, installation), scope).catch((error: unknown) => {
		throw refusedProperty(error, run.properties);
	});
	if (!run.acknowledge) {
		finished.catch(() => {});
		return;
	}
	const result = await finished;
	// "interrupted": the manager was restarted, and knows the unit as before. Its record or inspect() will tell.
	if (result === "done" || result === "interrupted") return;
	const failure = await explain(systemd, run, planned, result, scope).catch((error: unknown) => {
		// The start itself was accepted: no reason to have it made again.
		if (isChoreError(error) && error.code === "PLATFORM_UNAVAILABLE") return undefined;
		throw error;
	});
	if (failure !== undefined) throw failure;
}

async function submit(
	systemd: Systemd,
	unit: string,
	properties: readonly Property[],
	scope: Scope,
): Promise<{ readonly finished: Promise<string> }> {
	const deadlineMs = performance.now() + LEAVING_MS;
	for (;;) {
		try {
			return await systemd.startTransientUnit(unit, properties);
		} catch (error) {
			if (busErrorName(error) !== UNIT_EXISTS) throw error;
			if (performance.now() > deadlineMs || !(await makeRoom(systemd, unit))) throw unitExists(unit, scope, error);
		}
	}
}

/** @returns whether the name is free, or soon will be: no unit of anybody else's is touched, and no run that is not over */
async function makeRoom(systemd: Systemd, name: string): Promise<boolean> {
	const unit = await systemd.find(name, (description) => hasAnyToken(description) || description === name);
	if (unit === undefined) return false;
	if (!hasAnyToken(String(unit.properties["Description"]))) return unit.properties["LoadState"] === "not-found";
	if (unit.activeState === "failed") await systemd.resetFailed(unit);
	else if (isWaiting(unit) && isConditionLost(unit)) await systemd.stop(unit);
	else if (unit.activeState === "inactive" || isRecording(unit.subState)) await delay(LOOK_EVERY_MS);
	else return false;
	return true;
}

/** Whether what waits for its next attempt waits in vain, see restarts.ts. */
function isConditionLost(unit: LoadedUnit): boolean {
	const [condition] = unit.properties["Conditions"] as readonly (readonly unknown[])[];
	return condition !== undefined && !mayStartAgain(dirname(String(condition[3])));
}

/**
 * A manager job also fails where the program ran and ended at once, badly: then the record tells. An error only where
 * there never was a process, or none as the properties say.
 */
async function explain(
	systemd: Systemd,
	run: RunSpec,
	planned: PlannedUnit,
	result: string,
	scope: Scope,
): Promise<ChoreError | undefined> {
	const token = unitToken(planned);
	const unit = await systemd.find(planned.unit, (description) => description.endsWith(token));
	const impossible =
		unit === undefined || hasStarted(planned)
			? undefined
			: impossibleProperties(Number(unit.properties["ExecMainStatus"]), run.properties, scope);
	if (unit !== undefined && impossible !== undefined) {
		// Whatever policy there is: another attempt would fail in the same way.
		forbidRestarts(run.runFolder);
		await systemd.stop(unit);
		await systemd.resetFailed(unit);
		return impossible;
	}
	const ran = unit === undefined ? ["failed", "timeout"].includes(result) : Number(unit.properties["ExecMainCode"]) !== 0;
	if (ran || hasStarted(planned)) return undefined;
	const why = unit?.activeState === "failed" ? String(unit.properties["Result"]) : `its manager job ended as "${result}"`;
	if (unit?.activeState === "failed") await systemd.resetFailed(unit);
	else if (unit !== undefined) return undefined;
	return new ChoreError("PLATFORM_FAILED", `systemd could not start ${planned.unit}: ${why}`, {
		hint: `the manager's own words are in its log: ${scope.journalctl} -n 20`,
	});
}

function unitExists(unit: string, { systemctl }: Scope, cause: unknown): ChoreError {
	return new ChoreError("UNIT_EXISTS", `there already is a unit ${unit}`, {
		hint: `\`${systemctl} status ${unit}\` shows it, \`chore ps\` whether it is a job`,
		cause,
	});
}
