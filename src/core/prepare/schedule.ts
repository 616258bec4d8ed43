/** Checks the options of a schedule and fills in the defaults. */
import { ChoreError } from "../../../platform/errors.ts";
import { LATEST_MS } from "../disk/store.ts";
import { hasBytes } from "../exact-text.ts";
import { type Overlap, type Schedule, type Trigger, wakingOf } from "../schedule/schedule.ts";
import { readZone } from "../schedule/zone.ts";
import type { ScheduleOptions, TriggerOptions } from "./spec.ts";

const DEFAULT_KEEP_RUNS = 100;

/** Less than a word of a command can have on Linux. */
const MOST_CONDITION_BYTES = 100_000;

/** What a schedule has beside its triggers, where nothing else is asked for. */
const DEFAULTS: Omit<Schedule, "triggers"> = {
	wake: "platform",
	when: null,
	overlap: "skip",
	missed: "once",
	jitterMs: 0,
	keepRuns: DEFAULT_KEEP_RUNS,
	notBeforeMs: null,
	notAfterMs: null,
};

/** @throws ChoreError INVALID_ARGUMENT naming what is wrong */
export function readScheduleOptions(options: ScheduleOptions, nowMs: number = Date.now()): Schedule {
	return changeSchedule({ ...DEFAULTS, triggers: [] }, options, 0, nowMs);
}

/**
 * The schedule with what the options say in its place. If they have triggers, those replace all that it has.
 * @param made how many triggers the job has ever had
 */
export function changeSchedule(before: Schedule, options: ScheduleOptions, made: number, nowMs: number = Date.now()): Schedule {
	const triggers = readTriggers(options, made, nowMs);
	const schedule: Schedule = {
		triggers: triggers.length > 0 ? triggers : before.triggers,
		wake: options.wake ?? before.wake,
		when: options.when === undefined ? before.when : checkCondition(options.when),
		overlap: checkOverlap(options.overlap ?? before.overlap),
		missed: options.missed ?? before.missed,
		jitterMs: checkCount("the jitter", options.jitterMs ?? before.jitterMs, 0),
		keepRuns: checkCount("the number of runs that are kept", options.keepRuns ?? before.keepRuns, 1),
		notBeforeMs: options.notBefore === undefined ? before.notBeforeMs : checkMoment("the first moment", options.notBefore),
		notAfterMs: options.notAfter === undefined ? before.notAfterMs : checkMoment("the last moment", options.notAfter),
	};
	wakingOf(schedule);
	return schedule;
}

/** @returns null for an empty line, which always holds */
function checkCondition(line: string): string | null {
	if (Buffer.byteLength(line) <= MOST_CONDITION_BYTES && !line.includes("\0") && hasBytes(line)) return line.trim() === "" ? null : line;
	throw new ChoreError("INVALID_ARGUMENT", "the condition is no line that a shell can be given", {
		hint: `it has ${MOST_CONDITION_BYTES} bytes at most, and no NUL`,
	});
}

function checkOverlap(overlap: Overlap | "allow"): Overlap {
	if (overlap !== "allow") return overlap;
	throw new ChoreError("INVALID_ARGUMENT", "a job has one run at a time, so its schedule cannot allow two to overlap", {
		hint: "two jobs can have one schedule",
	});
}

/** @param made how many triggers the job has ever had */
export function readTriggers(options: TriggerOptions, made: number, nowMs: number = Date.now()): readonly Trigger[] {
	const { calendar = [], cron = [], everyMs, at, occasions = [] } = options;
	const zone = options.zone === undefined ? null : readZone(options.zone);
	const triggers: readonly (Trigger | undefined)[] = [
		calendar.length === 0 ? undefined : { id: "", kind: "calendar", texts: calendar, zone },
		cron.length === 0 ? undefined : { id: "", kind: "cron", texts: cron, zone },
		everyMs === undefined ? undefined : { id: "", kind: "every", everyMs, sinceMs: nowMs },
		at === undefined ? undefined : { id: "", kind: "at", atMs: checkMoment("the moment", at) },
		occasions.length === 0 ? undefined : { id: "", kind: "occasion", occasions },
	];
	return triggers.filter((trigger) => trigger !== undefined).map((trigger, index) => ({ ...trigger, id: `t${made + index + 1}` }));
}

function checkMoment(what: string, moment: Date): number {
	const timeMs = moment.getTime();
	if (timeMs >= 0 && timeMs <= LATEST_MS) return timeMs;
	throw new ChoreError("INVALID_ARGUMENT", `${what} is none after 1970`);
}

function checkCount(what: string, value: number, least: number): number {
	if (Number.isSafeInteger(Math.round(value)) && value >= least) return Math.round(value);
	throw new ChoreError("INVALID_ARGUMENT", `${what} must be ${least} or more, not ${value}`);
}
