/** Checks the options of a schedule and fills in the defaults. */
import { ChoreError } from "../../../platform/errors.ts";
import { LATEST_MS } from "../disk/store.ts";
import { type Schedule, type Trigger, wakingOf } from "../schedule/schedule.ts";
import { readZone } from "../schedule/zone.ts";
import type { ScheduleOptions } from "./spec.ts";

const DEFAULT_KEEP_RUNS = 100;

/** @throws ChoreError INVALID_ARGUMENT naming what is wrong */
export function readScheduleOptions(options: ScheduleOptions, nowMs: number = Date.now()): Schedule {
	const { calendar = [], cron = [], everyMs, at, missed = "once" } = options;
	const zone = options.zone === undefined ? null : readZone(options.zone);
	const triggers: readonly (Trigger | undefined)[] = [
		calendar.length === 0 ? undefined : { id: "", kind: "calendar", texts: calendar, zone },
		cron.length === 0 ? undefined : { id: "", kind: "cron", texts: cron, zone },
		everyMs === undefined ? undefined : { id: "", kind: "every", everyMs, sinceMs: nowMs },
		at === undefined ? undefined : { id: "", kind: "at", atMs: checkMoment("the moment", at) },
	];
	const schedule: Schedule = {
		triggers: triggers.filter((trigger) => trigger !== undefined).map((trigger, index) => ({ ...trigger, id: `t${index + 1}` })),
		overlap: "skip",
		missed,
		jitterMs: checkCount("the jitter", options.jitterMs ?? 0, 0),
		keepRuns: checkCount("the number of runs that are kept", options.keepRuns ?? DEFAULT_KEEP_RUNS, 1),
		notBeforeMs: options.notBefore === undefined ? null : checkMoment("the first moment", options.notBefore),
		notAfterMs: options.notAfter === undefined ? null : checkMoment("the last moment", options.notAfter),
	};
	wakingOf(schedule);
	return schedule;
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
