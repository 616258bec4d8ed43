/** When calendars hold next, what several have in common, and intervals as calendars. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Calendar } from "../../platform/calendar.ts";
import { calendarTexts } from "../../platform/calendar-text.ts";
import { isChoreError } from "../../platform/errors.ts";
import { readCalendar } from "../../src/core/schedule/calendar.ts";
import { readCron } from "../../src/core/schedule/cron.ts";
import { intersect } from "../../src/core/schedule/intersect.ts";
import { wakeUps } from "../../src/core/schedule/interval.ts";
import { nextTimes } from "../../src/core/schedule/next-times.ts";
import { fc } from "../support/random.ts";

const calendar = (...expressions: readonly string[]): Calendar => expressions.map(readCalendar);

/** In UTC, without ":00.000Z". */
function next(of: Calendar, after: string, count: number): readonly string[] {
	return nextTimes(of, Date.parse(after), count).map((time) => new Date(time).toISOString().replace(/:00\.000Z$/, ""));
}

test("the next times of a calendar are those of all its rules, ascending, none twice, and later than the given one", () => {
	const two = calendar("Mon 9:00 UTC", "*-*-7 9:00 UTC");
	assert.deepEqual(next(two, "2026-12-07T08:59:59.500Z", 3), ["2026-12-07T09:00", "2026-12-14T09:00", "2026-12-21T09:00"]);
	assert.deepEqual(next(two, "2026-12-07T09:00:00Z", 1), ["2026-12-14T09:00"]);
	assert.deepEqual(next(calendar("*-2~1 12:00 UTC"), "2027-01-01T00:00:00Z", 2), ["2027-02-28T12:00", "2028-02-29T12:00"]);
	assert.deepEqual(next(calendar("9:00 America/New_York"), "2026-12-01T00:00:00Z", 1), ["2026-12-01T14:00"]);
});

test("a calendar that never holds again has no next time, and one that holds once in 40 years has", () => {
	for (const never of ["*-02-30 UTC", "*-4,6,9,11-31 Europe/Berlin", "2020-1-1 UTC", "Tue 2026-12-30 UTC", "2027-2-29"])
		assert.deepEqual(next(calendar(never), "2026-12-01T00:00:00Z", 2), [], never);
	assert.deepEqual(next([], "2026-12-01T00:00:00Z", 1), []);
	assert.deepEqual(next(calendar("Mon *-2-29 UTC"), "2072-03-01T00:00:00Z", 1), ["2112-02-29T00:00"]);
	assert.deepEqual(next(calendar("2199-12-31 23:59 UTC"), "2026-12-01T00:00:00Z", 2), ["2199-12-31T23:59"]);
});

test("a single time of day that is skipped in spring holds at the end of the gap, and one that comes twice in autumn the first time", () => {
	const daily = calendar("2:30 Europe/Berlin");
	assert.deepEqual(next(daily, "2026-03-28T12:00:00Z", 2), ["2026-03-29T01:00", "2026-03-30T00:30"]);
	assert.deepEqual(next(daily, "2026-10-24T12:00:00Z", 2), ["2026-10-25T00:30", "2026-10-26T01:30"]);
	const halfHourly = calendar("*:0/30 Europe/Berlin");
	assert.deepEqual(next(halfHourly, "2026-03-29T00:29:00Z", 2), ["2026-03-29T00:30", "2026-03-29T01:00"]);
	assert.deepEqual(next(halfHourly, "2026-10-25T00:00:00Z", 3), ["2026-10-25T00:30", "2026-10-25T01:00", "2026-10-25T01:30"]);
});

test("what holds at once is what all fields have in common", () => {
	const both = (one: Calendar, other: Calendar) => calendarTexts(intersect(one, other));
	assert.deepEqual(both(calendar("Mon..Fri *:0/10"), calendar("Fri,Sat 9..17:0/15")), ["Fri *-*-* 09..17:00,30:00"]);
	assert.deepEqual(both(readCron("0 9 13 * 5"), calendar("*-6-* *:*")), ["*-06-13 09:00:00", "Fri *-06-* 09:00:00"]);
	assert.deepEqual(both(calendar("9:00"), calendar("10:00")), []);
	assert.deepEqual(both([], calendar("10:00")), []);
	// The last three days that are also the 28th to the 30th, by the length of the month.
	assert.deepEqual(next(intersect(calendar("*-*~1..3 UTC"), calendar("*-*-28..30 UTC")), "2027-01-01T00:00:00Z", 5), [
		"2027-01-29T00:00",
		"2027-01-30T00:00",
		"2027-02-28T00:00",
		"2027-03-29T00:00",
		"2027-03-30T00:00",
	]);
});

test("calendars in different time zones, and with too many alternatives, cannot hold at once", () => {
	const isRefused = (message: RegExp) => (error: unknown) =>
		isChoreError(error) && error.code === "INVALID_ARGUMENT" && error.hint !== undefined && message.test(error.message);
	assert.throws(() => intersect(calendar("9:00 UTC"), calendar("9:00")), isRefused(/different time zones: UTC and the machine's own/));
	const hours = calendar(...Array.from({ length: 11 }, (_, hour) => `${hour}..23:0/5`));
	const minutes = calendar(...Array.from({ length: 11 }, (_, minute) => `*:${5 * minute}..55`));
	assert.throws(() => intersect(hours, minutes), isRefused(/have 121 alternatives, more than 100/));
});

test("an interval that divides a day is a grid in UTC through the minute of creation, and any other is counted on a finer one", () => {
	const createdMs = Date.parse("2026-03-05T10:07:30Z");
	for (const [minutes, guarded, ...texts] of [
		[1, false, "*-*-* *:*:00 UTC"],
		[15, false, "*-*-* *:07/15:00 UTC"],
		[60, false, "*-*-* *:07:00 UTC"],
		[90, false, "*-*-* 01/3:07:00 UTC", "*-*-* 02/3:37:00 UTC"],
		[360, false, "*-*-* 04/6:07:00 UTC"],
		[1440, false, "*-*-* 10:07:00 UTC"],
		[7, true, "*-*-* *:*:00 UTC"],
		[100, true, "*-*-* *:07/20:00 UTC"],
		[1500, true, "*-*-* *:07:00 UTC"],
		[20_160, true, "*-*-* 10:07:00 UTC"],
	] as [number, boolean, ...string[]][]) {
		const found = wakeUps(minutes * 60_000, createdMs);
		assert.deepEqual([...calendarTexts(found.calendar)].sort(), texts, `${minutes} min`);
		assert.equal(found.guardMs, guarded ? minutes * 60_000 : null, `${minutes} min`);
	}
	fc.assert(
		fc.property(
			fc.integer({ min: 1, max: 3000 }),
			fc.date({ min: new Date("2026-01-01"), max: new Date("2030-01-01"), noInvalidDate: true }),
			(minutes, created) => {
				const found = wakeUps(minutes * 60_000, created.getTime());
				const first = Math.floor(created.getTime() / 60_000) * 60_000;
				const [one = 0, two = 0] = nextTimes(found.calendar, first, 2).map((time) => (time - first) / 60_000);
				assert.equal(minutes % one, 0);
				assert.equal(two, 2 * one);
				assert.equal(one === minutes, found.guardMs === null);
			},
		),
		{ numRuns: 50 },
	);
});

test("an interval that is not of whole seconds is refused", () => {
	for (const intervalMs of [0, -60_000, 30_500, 400, Number.NaN, Number.POSITIVE_INFINITY, 1e300])
		assert.throws(
			() => wakeUps(intervalMs, 0),
			(error) => isChoreError(error) && error.code === "INVALID_ARGUMENT",
			String(intervalMs),
		);
});
