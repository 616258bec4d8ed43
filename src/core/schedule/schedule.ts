/** What a schedule says: its triggers and policies, and the moments at which it wakes its job. Pure. */
import type { Calendar, Occasion, Rule } from "../../../platform/calendar.ts";
import { ChoreError } from "../../../platform/errors.ts";
import { readCalendar } from "./calendar.ts";
import { readCron } from "./cron.ts";
import { intersect } from "./intersect.ts";
import { wakeUps } from "./interval.ts";
import { checkOccasions } from "./occasions.ts";

/** One reason to run. Within it any expression may hold; among the triggers of a schedule all must. */
export type Trigger = {
	/** "t1", "t2" and so on: used once in a schedule. */
	readonly id: string;
	/** Left out of those that must hold. Where all are, none is, and the schedule as a whole is paused. */
	readonly paused?: true;
} & (
	| {
			readonly kind: "calendar" | "cron";
			/** As the user wrote them. */
			readonly texts: readonly string[];
			/** Of the expressions that name none; null for that of the machine. */
			readonly zone: string | null;
	  }
	/** Alone it makes a grid through the minute of `sinceMs`; beside a calendar it is the least time between two firings. */
	| { readonly kind: "every"; readonly everyMs: number; readonly sinceMs: number }
	/** Once. */
	| { readonly kind: "at"; readonly atMs: number }
	/** On any of these, again and again. It stands alone. */
	| { readonly kind: "occasion"; readonly occasions: readonly Occasion[] }
);

export type Overlap = "skip" | "queue" | "replace";

/** When a job is run, and what happens if it cannot be. */
export interface Schedule {
	readonly triggers: readonly Trigger[];
	/** What wakes the job: its platform, or nothing but `chore tick`. */
	readonly wake: "platform" | "tick";
	/** A line of shell that must succeed, or the firing does nothing. */
	readonly when: string | null;
	/** What a firing does while a run is active: nothing; wait for its end, one firing at most; or stop it first. */
	readonly overlap: Overlap;
	/** Of the moments at which nothing could fire, such as while the machine was off: one is made up for, or none. */
	readonly missed: "once" | "skip";
	/** The longest delay after each moment, the same one each time. */
	readonly jitterMs: number;
	/** How many runs are kept. */
	readonly keepRuns: number;
	/** It fires from this moment on, and before that one. */
	readonly notBeforeMs: number | null;
	readonly notAfterMs: number | null;
}

/** How a schedule is kept by a platform. */
export interface Waking {
	/** Without a rule where there are occasions. */
	readonly calendar: Calendar;
	readonly occasions: readonly Occasion[];
	/** What must have passed since the last firing; null where each moment of the calendar is one to fire at. */
	readonly guardMs: number | null;
}

/** A firing may be late: so much less than the guard may have passed since the last one. */
const MOST_SLACK_MS = 90_000;

/** A schedule is asked several times for one answer, and its texts take long to read. */
const known = new WeakMap<readonly Trigger[], Waking>();

/** @throws ChoreError INVALID_ARGUMENT for what is no calendar or no interval, or for triggers that cannot be together */
export function wakingOf({ triggers }: Pick<Schedule, "triggers">): Waking {
	const waking = known.get(triggers) ?? readWaking(triggers);
	known.set(triggers, waking);
	return waking;
}

function readWaking(triggers: readonly Trigger[]): Waking {
	const holding = areAllPaused(triggers) ? triggers : triggers.filter(({ paused }) => !paused);
	const calendars = holding.map(calendarOf).filter((calendar) => calendar !== undefined);
	// Of several the longest: with it the others hold as well.
	const [every] = holding.filter((trigger) => trigger.kind === "every").sort((one, other) => other.everyMs - one.everyMs);
	const occasion = triggers.find((trigger) => trigger.kind === "occasion");
	const [first, ...others] = calendars;
	if (triggers.length > 1 && triggers.some(({ kind }) => kind === "at"))
		throw new ChoreError("INVALID_ARGUMENT", "a single moment is given, and when to run besides", {
			hint: "--at and --on-active stand alone",
		});
	if (triggers.length > 1 && occasion !== undefined)
		throw new ChoreError("INVALID_ARGUMENT", "times that are counted from an event are given, and moments of a calendar besides", {
			hint: "make a job for each",
		});
	if (occasion !== undefined) return { calendar: [], occasions: checkOccasions(occasion.occasions), guardMs: null };
	const occasions: readonly Occasion[] = [];
	if (first !== undefined)
		return { calendar: others.reduce(intersect, first), occasions, guardMs: every === undefined ? null : guardOf(every.everyMs) };
	if (every === undefined) throw new ChoreError("INVALID_ARGUMENT", "a schedule without a trigger never fires");
	const { calendar, guardMs, stepMs } = wakeUps(every.everyMs, every.sinceMs);
	return { calendar, occasions, guardMs: guardMs === null ? null : guardOf(guardMs, stepMs) };
}

export function areAllPaused(triggers: readonly Trigger[]): boolean {
	return triggers.every(({ paused }) => paused);
}

/**
 * The least time between two firings of which one may be late.
 * @param stepMs from one wake-up to the next: one that comes a step too early must not count
 */
function guardOf(everyMs: number, stepMs: number = Number.POSITIVE_INFINITY): number {
	return everyMs - Math.min(everyMs / 2, MOST_SLACK_MS, stepMs - 1000);
}

function calendarOf(trigger: Trigger): Calendar | undefined {
	switch (trigger.kind) {
		case "calendar":
			return trigger.texts.map(readCalendar).map((rule) => inZone(rule, trigger.zone));
		case "cron":
			return trigger.texts.flatMap(readCron).map((rule) => inZone(rule, trigger.zone));
		case "at":
			return [readCalendar(`@${Math.ceil(trigger.atMs / 1000)}`)];
		case "every":
		case "occasion":
			return undefined;
	}
}

function inZone(rule: Rule, zone: string | null): Rule {
	return { ...rule, zone: rule.zone ?? zone };
}

/** Finds the first `count` moments after another at which a calendar holds, as `nextTimes` does. */
export type Times = (calendar: Calendar, afterMs: number, count: number) => readonly number[];

/**
 * The first moment to fire at.
 * @param lastMs the firing before it, if there was one
 * @param afterMs it is later than this
 * @returns undefined if there is none
 */
export function nextSlot(schedule: Schedule, lastMs: number | null, afterMs: number, times: Times): number | undefined {
	const { calendar, guardMs } = wakingOf(schedule);
	const guarded = lastMs === null || guardMs === null ? Number.NEGATIVE_INFINITY : lastMs + guardMs - 1;
	const [slot] = times(calendar, Math.max(afterMs, guarded, (schedule.notBeforeMs ?? 0) - 1), 1);
	return slot === undefined || slot >= (schedule.notAfterMs ?? Number.POSITIVE_INFINITY) ? undefined : slot;
}

/** Whether it may fire at moments that no calendar tells. */
export function hasOccasions(schedule: Schedule, nowMs: number): boolean {
	return wakingOf(schedule).occasions.length > 0 && nowMs < (schedule.notAfterMs ?? Number.POSITIVE_INFINITY);
}

/** A moment is missed when nothing has fired for this long after it, and after the jitter. */
const LATE_MS = 90_000;

/** Moments up to this one are missed, where nothing has fired since. */
export function lateAt({ jitterMs }: Schedule, nowMs: number): number {
	return nowMs - LATE_MS - jitterMs;
}

/**
 * The first moment at which it is still to fire: in the past, where it is due by then, or to come.
 * @param sinceMs the last firing, or the moment from which on it was there
 */
export function pendingSlot(schedule: Schedule, lastMs: number | null, sinceMs: number, nowMs: number, times: Times): number | undefined {
	return nextSlot(schedule, lastMs, schedule.missed === "once" ? sinceMs : Math.max(sinceMs, lateAt(schedule, nowMs)), times);
}

/** As many missed moments are counted at most. */
const MOST_MISSED = 1000;

/**
 * The moments at which it should have fired since it last did, and has not.
 * @param sinceMs the last firing, or the moment from which on it was there
 * @param untilMs they are not later than this
 */
export function missedSlots(schedule: Schedule, lastMs: number | null, sinceMs: number, untilMs: number, times: Times): readonly number[] {
	const { calendar, guardMs } = wakingOf(schedule);
	const first = nextSlot(schedule, lastMs, sinceMs, times);
	const endMs = Math.min(untilMs, (schedule.notAfterMs ?? Number.POSITIVE_INFINITY) - 1);
	const slots = first === undefined || first > endMs ? [] : [first];
	// More at a time each time: mostly there are none, and to find the first of some takes long.
	for (let count = 4; slots.length > 0 && slots.length < MOST_MISSED; count *= 2) {
		const found = times(calendar, slots.at(-1) ?? sinceMs, count);
		for (const slot of found) if (slot <= endMs && slot >= (slots.at(-1) ?? slot) + (guardMs ?? 0)) slots.push(slot);
		if (found.length < count || (found.at(-1) ?? endMs) > endMs) break;
	}
	return slots.slice(0, MOST_MISSED);
}
