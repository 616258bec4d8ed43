/** Starts one run: hands its unit to the manager and finds out whether it began. Never leaves the unit of a refused start. */
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { RunSpec } from "../contract.ts";
import { ChoreError, isChoreError } from "../errors.ts";
import { callersProperties } from "./caller.ts";
import { hasStarted } from "./inspect.ts";
import { propertyWords, readNative } from "./native.ts";
import type { Property } from "./property.ts";
import { impossibleProperties, refusedName, refusedProperty } from "./refusal.ts";
import type { LoadedUnit, Systemd } from "./requests.ts";
import { forbidRestarts, mayStartAgain } from "./restarts.ts";
import type { Scope } from "./scope.ts";
import { ownCgroup, callersSlice as sliceOf } from "./slice.ts";
import { isRecording, isWaiting } from "./status.ts";
import { findOwn } from "./stop.ts";
import { hasAnyToken, type Installation, type PlannedUnit, unaskedNames, unitProperties } from "./unit.ts";
import { busErrorName } from "./wire.ts";

const UNIT_EXISTS = "org.freedesktop.systemd1.UnitExists";

/** How long to wait for a name while the unit that has it is being unloaded, and how often units are looked at here. */
const LEAVING_MS = 2_000;
const LOOK_EVERY_MS = 10;

/** A unit that is still queued after this time, since it waits for other units (After=), counts as accepted. */
const QUEUED_MS = 60_000;

/** After a failed start: how long to look for the end of an attempt, and how long its unit may take to unload. */
const ATTEMPT_MS = 10_000;
const GONE_MS = 10_000;

/** How long a question is repeated while the manager is away (daemon-reexec, restart of the bus). */
const AWAY_MS = 3_000;

/** A start that the manager has accepted. */
export interface Submitted {
	/** The result of the manager job; see Systemd.startTransientUnit. */
	readonly finished: Promise<string>;
}

/** Hands the unit of a run to the manager. @throws ChoreError UNIT_EXISTS, or INVALID_ARGUMENT for a property that it refuses */
export async function submitUnit(
	systemd: Systemd,
	run: RunSpec,
	{ unit }: PlannedUnit,
	{ scope, ...installation }: Installation & { readonly scope: Scope },
): Promise<Submitted> {
	const inherited = await callersProperties(systemd);
	let properties = await propertiesOf(systemd, run, { ...installation, scope, inherited });
	const unasked = unaskedNames(run, inherited);
	const deadlineMs = performance.now() + LEAVING_MS;
	for (;;) {
		try {
			const submitted = await systemd.startTransientUnit(unit, properties);
			submitted.finished.catch(() => {}); // without `acknowledge` no caller awaits it
			return submitted;
		} catch (error) {
			const unknown = refusedName(error, unasked);
			if (unknown !== undefined && properties.some(({ name }) => name === unknown)) {
				properties = properties.filter(({ name }) => name !== unknown);
				continue;
			}
			if (busErrorName(error) !== UNIT_EXISTS) throw refusedProperty(error, propertyWords(run.native));
			if (performance.now() > deadlineMs || !(await makeRoom(systemd, unit))) throw unitExists(unit, scope, error);
		}
	}
}

/** The properties of the unit of a run that this process starts, or has a schedule start. */
export async function propertiesOf(
	systemd: Systemd,
	run: RunSpec,
	{ scope, ...installation }: Installation & { readonly scope: Scope },
): Promise<readonly Property[]> {
	const callersSlice = readNative(run, scope.name).inheritsSlice ? await findCallersSlice(systemd, scope) : undefined;
	const inherited = installation.inherited ?? (await callersProperties(systemd));
	return unitProperties(run, { ...installation, callersSlice, inherited });
}

/**
 * Resolves once a submitted run is under way or over, or still queued after QUEUED_MS.
 *
 * @throws ChoreError when its start script did not begin and never will; `refused` says whether its unit is gone by then
 */
export async function confirmStart(
	connect: () => Systemd,
	run: RunSpec,
	planned: PlannedUnit,
	{ finished, scope }: Submitted & { readonly scope: Scope },
): Promise<void> {
	const result = await resultOf(finished);
	if (result === "done") return;
	const attempt = await lookAtAttempt(connect, planned);
	const why = reasonAgainst(attempt, result, run, planned);
	if (why === undefined) return;
	const isGone = await takeAway(connect, planned);
	const { code, message, hint } = why;
	throw new ChoreError(code, message, {
		hint: `${hint}the manager's own words are in its log: ${scope.journalctl} -n 20`,
		refused: isGone,
	});
}

/** @throws ChoreError OPTION_UNSUPPORTED if the caller is in no slice of that manager */
async function findCallersSlice(systemd: Systemd, { manager }: Scope): Promise<string> {
	const slice = sliceOf(ownCgroup(), await systemd.controlGroup());
	if (slice !== undefined) return slice;
	throw new ChoreError("OPTION_UNSUPPORTED", `there is no slice to inherit: the caller is in no unit of ${manager}`, {
		hint: "name one: --slice NAME",
		refused: true,
	});
}

/**
 * Frees the name of a unit if an ended run of chore's has it. Touches no other unit.
 *
 * @returns whether the name is free now or soon
 */
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

/** Whether the condition of a unit forbids the attempt that it waits for; see restarts.ts. */
function isConditionLost(unit: LoadedUnit): boolean {
	const [condition] = unit.properties["Conditions"] as readonly (readonly unknown[])[];
	return condition !== undefined && !mayStartAgain(dirname(String(condition[3])));
}

function unitExists(unit: string, { systemctl }: Scope, cause: unknown): ChoreError {
	return new ChoreError("UNIT_EXISTS", `there already is a unit ${unit}`, {
		hint: `\`${systemctl} status ${unit}\` shows it, \`chore ps\` whether it is a job`,
		cause,
		refused: true,
	});
}

/**
 * The result of the manager job. "interrupted" when it cannot come any more, since the manager was restarted or the
 * connection lost; "late" when it has not come after QUEUED_MS. In both cases look at the unit.
 */
async function resultOf(finished: Promise<string>): Promise<string> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<string>((resolve) => {
		timer = setTimeout(resolve, QUEUED_MS, "late");
	});
	try {
		return await Promise.race([finished, late]);
	} catch (error) {
		if (!isUnavailable(error)) throw error;
		return "interrupted";
	} finally {
		clearTimeout(timer);
	}
}

/** What became of an attempt. */
type Attempt =
	/** Its program has begun. */
	| { readonly kind: "started" }
	/** It is queued or being set up. */
	| { readonly kind: "pending" }
	/** It ended before the start script began. The exit status is one of systemd's own, or 0 when there never was a process. */
	| { readonly kind: "failed"; readonly exitStatus: number; readonly hadProcess: boolean; readonly result: string }
	/** The manager does not have the unit. */
	| { readonly kind: "gone" };

/**
 * What became of the present attempt or the last one. The manager forgets how an attempt ended when it begins the next,
 * which may be 1 ms later: so this looks again until it finds one that has ended, for ATTEMPT_MS at most.
 */
async function lookAtAttempt(connect: () => Systemd, planned: PlannedUnit): Promise<Attempt> {
	const deadlineMs = performance.now() + ATTEMPT_MS;
	for (;;) {
		const unit = await asked(connect, (systemd) => findOwn(systemd, planned));
		// After the look at the unit: an attempt that has ended by then has written `started`, if its start script began.
		const attempt = hasStarted(planned) ? ({ kind: "started" } as const) : judgeAttempt(unit);
		if (attempt.kind !== "pending" || performance.now() > deadlineMs) return attempt;
		await delay(LOOK_EVERY_MS);
	}
}

function judgeAttempt(unit: LoadedUnit | undefined): Attempt {
	if (unit === undefined || isUnloading(unit)) return { kind: "gone" };
	if (["active", "reloading", "refreshing"].includes(unit.activeState)) return { kind: "started" };
	const { ExecMainCode, ExecMainStatus, Result } = unit.properties;
	const hadProcess = Number(ExecMainCode) !== 0;
	if (!hadProcess && unit.activeState !== "failed" && !isWaiting(unit)) return { kind: "pending" };
	return { kind: "failed", exitStatus: Number(ExecMainStatus), hadProcess, result: String(Result) };
}

/** Whether a unit has ended and the manager is about to unload it. */
function isUnloading({ activeState, properties }: LoadedUnit): boolean {
	const [managerJobId] = properties["Job"] as readonly unknown[];
	return activeState === "inactive" && Number(managerJobId) === 0;
}

/**
 * The error for a start that failed; undefined when the run began. (The manager job fails, too, when the program began and
 * failed at once.)
 */
function reasonAgainst(
	attempt: Attempt,
	result: string,
	run: RunSpec,
	{ unit }: PlannedUnit,
): Pick<ChoreError, "code" | "message" | "hint"> | undefined {
	if (attempt.kind === "started" || attempt.kind === "pending") return undefined;
	if (attempt.kind === "gone") {
		if (["failed", "timeout", "interrupted", "late"].includes(result)) return undefined;
		return { code: "PLATFORM_FAILED", message: `systemd could not start ${unit}: its manager job ended as "${result}"`, hint: "" };
	}
	const impossible = impossibleProperties(attempt.exitStatus, propertyWords(run.native));
	if (impossible !== undefined) {
		return { code: "INVALID_ARGUMENT", message: impossible, hint: "it may need rights that you do not have here; " };
	}
	if (attempt.hadProcess) return undefined;
	return { code: "PLATFORM_FAILED", message: `systemd could not start ${unit}: ${attempt.result}`, hint: "" };
}

/**
 * Ends and unloads a unit that cannot be set up. Its restart policy does not matter: another attempt would fail as well.
 *
 * @returns whether the unit is gone, within GONE_MS
 */
async function takeAway(connect: () => Systemd, planned: PlannedUnit): Promise<boolean> {
	const deadlineMs = performance.now() + GONE_MS;
	let told: string | undefined;
	const isGone = async (systemd: Systemd): Promise<boolean> => {
		const unit = await findOwn(systemd, planned);
		if (unit === undefined || isUnloading(unit)) return true;
		if (unit.activeState === "failed") await systemd.resetFailed(unit);
		// The request reaches the attempt that was found. If another has begun since, the next look finds that one.
		else if (unit.path !== told) await systemd.stop(unit);
		told = unit.path;
		return false;
	};
	try {
		forbidRestarts(planned.runFolder);
		while (!(await asked(connect, isGone))) {
			if (performance.now() > deadlineMs) return false;
			await delay(LOOK_EVERY_MS);
		}
		return true;
	} catch (error) {
		if (!isChoreError(error)) throw error;
		return false; // the caller reports why the start failed, which is more useful than this error
	}
}

/** Asks the manager, and again while it is away. @throws ChoreError PLATFORM_UNAVAILABLE when it is not back after AWAY_MS */
async function asked<Answer>(connect: () => Systemd, question: (systemd: Systemd) => Promise<Answer>): Promise<Answer> {
	const deadlineMs = performance.now() + AWAY_MS;
	for (;;) {
		try {
			return await question(connect());
		} catch (error) {
			if (!isUnavailable(error) || performance.now() > deadlineMs) throw error;
			await delay(LOOK_EVERY_MS);
		}
	}
}

function isUnavailable(error: unknown): boolean {
	return isChoreError(error) && error.code === "PLATFORM_UNAVAILABLE";
}
