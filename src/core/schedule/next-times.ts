/** When a calendar holds next, by croner. To be imported when it is needed: most commands need no calendar. */
import { Cron } from "croner";
import type { Calendar, Rule, Values } from "../../../platform/calendar.ts";
import { machineZone } from "../../../platform/machine-zone.ts";
import { plainDays } from "../../../platform/plain-days.ts";

/**
 * The first moments after another at which a calendar holds, ascending. Fewer than `count` if there are no more, none if it never
 * holds again: the search ends after 400 years, when weekdays and leap years have been through all their combinations.
 *
 * Where the clock is put forward over a rule's only time of a day, that counts at the end of the gap; other times in the gap are
 * left out. Where it is put back over the only time of a day, the first occurrence counts; of others both.
 *
 * @param afterMs milliseconds since 1970
 * @returns milliseconds since 1970
 */
export function nextTimes(calendar: Calendar, afterMs: number, count: number): readonly number[] {
	const own = calendar.some(({ zone }) => zone === null) ? ownZone() : undefined;
	const question = `${afterMs} ${count} ${own}`;
	const before = answered.get(calendar);
	if (before?.question === question) return before.times;
	const found = calendar.flatMap(plainDays).flatMap((rule) => cronOf(rule, own).nextRuns(count, new Date(afterMs)).map(Number));
	const times = [...new Set(found)].sort((one, other) => one - other).slice(0, count);
	answered.set(calendar, { question, times });
	return times;
}

/** The last answer for each calendar: what is missed and what is pending begin with the same question. */
const answered = new WeakMap<Calendar, { readonly question: string; readonly times: readonly number[] }>();

/** For so long the zone of the machine is taken for what it was: for many schedules it is asked at once. */
const ZONE_MS = 1000;
let asked: { readonly zone: string | undefined; readonly untilMs: number } | undefined;

function ownZone(): string | undefined {
	if (asked === undefined || performance.now() > asked.untilMs) asked = { zone: machineZone(), untilMs: performance.now() + ZONE_MS };
	return asked.zone;
}

/** By their text and zone: each takes long to read, and is asked several times for one answer. */
const read = new Map<string, Cron>();
const MOST_READ = 1000;

function cronOf(rule: Rule, own: string | undefined): Cron {
	const fields = [rule.seconds, rule.minutes, rule.hours, rule.days, rule.months, rule.weekdays, rule.years].map(fieldText).join(" ");
	const timezone = rule.zone ?? own;
	const key = `${fields} ${timezone}`;
	const known = read.get(key);
	if (known !== undefined) return known;
	if (read.size >= MOST_READ) read.clear();
	const cron = new Cron(fields, { domAndDow: true, mode: "7-part", ...(timezone !== undefined && { timezone }) });
	read.set(key, cron);
	return cron;
}

function fieldText(values: Values): string {
	return values === "any" ? "*" : values.join(",");
}
