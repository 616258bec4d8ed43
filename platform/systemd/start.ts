/** The start of one run: one request, and what the manager makes of it. */
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { RunSpec } from "../contract.ts";
import { ChoreError, isChoreError } from "../errors.ts";
import { hasStarted } from "./inspect.ts";
import { propertyWords } from "./native.ts";
import { impossibleProperties, refusedProperty } from "./refusal.ts";
import type { LoadedUnit, Systemd } from "./requests.ts";
import { forbidRestarts, mayStartAgain } from "./restarts.ts";
import type { Scope } from "./scope.ts";
import { isRecording, isWaiting } from "./status.ts";
import { findOwn } from "./stop.ts";
import { hasAnyToken, type Installation, type PlannedUnit, unitProperties } from "./unit.ts";
import { busErrorName } from "./wire.ts";

const UNIT_EXISTS = "org.freedesktop.systemd1.UnitExists";

/** How long the unit of a run whose end is recorded may take to leave its name, and how often units are looked at here. */
const LEAVING_MS = 2_000;
const LOOK_EVERY_MS = 10;

/** A unit that the manager has accepted and not come to by then, since it waits for others (After=), is not waited for. */
const QUEUED_MS = 60_000;

/** How long after a failed start it may take to see what an attempt came to, and again how long to be rid of its unit. */
const ATTEMPT_MS = 10_000;
const GONE_MS = 10_000;

/** How long the manager may be away (daemon-reexec, a bus that is started anew) before it is not asked again. */
const AWAY_MS = 3_000;

/** The promise of the manager's word on a start that it has accepted. */
export interface Submitted {
	/** The result of the manager job; see Systemd.startTransientUnit. */
	readonly finished: Promise<string>;
}

/** Hands the unit of a run to the manager. @see Platform.start */
export async function submitUnit(
	systemd: Systemd,
	run: RunSpec,
	{ unit }: PlannedUnit,
	{ scope, ...installation }: Installation & { readonly scope: Scope },
): Promise<Submitted> {
	const properties = unitProperties(run, installation);
	const deadlineMs = performance.now() + LEAVING_MS;
	for (;;) {
		try {
			const submitted = await systemd.startTransientUnit(unit, properties);
			submitted.finished.catch(() => {}); // not everybody waits for it
			return submitted;
		} catch (error) {
			if (busErrorName(error) !== UNIT_EXISTS) throw refusedProperty(error, propertyWords(run.native));
			if (performance.now() > deadlineMs || !(await makeRoom(systemd, unit))) throw unitExists(unit, scope, error);
		}
	}
}

/**
 * Resolves once a submitted run is under way, or over.
 *
 * @throws ChoreError where it never came to its start script and never will: by then its unit is gone, as `refused` says
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

function unitExists(unit: string, { systemctl }: Scope, cause: unknown): ChoreError {
	return new ChoreError("UNIT_EXISTS", `there already is a unit ${unit}`, {
		hint: `\`${systemctl} status ${unit}\` shows it, \`chore ps\` whether it is a job`,
		cause,
		refused: true,
	});
}

/**
 * The manager's word on the start. "interrupted" where it cannot come any more, since the manager or the connection to it
 * was replaced; "late" where it has not come: then the unit itself has to tell.
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
	/** It is queued or being set up, and was so for as long as it was looked at. */
	| { readonly kind: "pending" }
	/** It ended before its program began; the exit status is the manager's, 0 where there never was a process. */
	| { readonly kind: "failed"; readonly exitStatus: number; readonly hadProcess: boolean; readonly result: string }
	/** The manager does not have the unit. */
	| { readonly kind: "gone" };

/**
 * What became of the attempt that is under way, or of the last one. The manager forgets how an attempt ended once it
 * begins the next: with a delay of 1 ms that may be before anybody can ask. It is looked at until one is seen that is over.
 */
async function lookAtAttempt(connect: () => Systemd, planned: PlannedUnit): Promise<Attempt> {
	const deadlineMs = performance.now() + ATTEMPT_MS;
	for (;;) {
		const unit = await asked(connect, (systemd) => findOwn(systemd, planned));
		// In this order: an attempt that was seen to be over has left its sign by now, if it ever came to its start script.
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

/** Whether it is over, and only waits to be forgotten. */
function isUnloading({ activeState, properties }: LoadedUnit): boolean {
	const [managerJobId] = properties["Job"] as readonly unknown[];
	return activeState === "inactive" && Number(managerJobId) === 0;
}

/**
 * Why a start is refused; undefined where the run is there, or its record tells the rest. A manager job also fails where
 * the program ran and ended at once, badly.
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
 * Ends a unit that cannot be set up, whatever policy it has: another attempt would fail in the same way.
 *
 * @returns whether the manager has let go of it in time
 */
async function takeAway(connect: () => Systemd, planned: PlannedUnit): Promise<boolean> {
	const deadlineMs = performance.now() + GONE_MS;
	let told: string | undefined;
	const isGone = async (systemd: Systemd): Promise<boolean> => {
		const unit = await findOwn(systemd, planned);
		if (unit === undefined || isUnloading(unit)) return true;
		if (unit.activeState === "failed") await systemd.resetFailed(unit);
		// A request reaches the attempt that was seen: another may have begun since, and is told at the next look.
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
		return false; // why the start failed is known all the same, and is what is told
	}
}

/** The answer of a manager that may be away for a moment. @throws ChoreError PLATFORM_UNAVAILABLE when it does not come back */
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
