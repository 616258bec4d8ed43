import assert from "node:assert/strict";
import { test } from "node:test";
import type { Calendar } from "../../platform/calendar.ts";
import { calendarSlots } from "../../platform/launchd/calendar-slots.ts";
import { readCalendar } from "../../src/core/schedule/calendar.ts";
import { readCron } from "../../src/core/schedule/cron.ts";

const calendar = (...expressions: readonly string[]): Calendar => expressions.map(readCalendar);

test("a calendar is written as a dictionary for each combination, without the fields that are any", () => {
	for (const [of, slots] of [
		[calendar("9:00"), [{ Hour: 9, Minute: 0 }]],
		[calendar("hourly"), [{ Minute: 0 }]],
		[calendar("0..23:30"), [{ Minute: 30 }]],
		[calendar("Sat,Sun 9:0/30"), [0, 6].flatMap((Weekday) => [0, 30].map((Minute) => ({ Weekday, Hour: 9, Minute })))],
		[calendar("*-1-31 0:00"), [{ Month: 1, Day: 31, Hour: 0, Minute: 0 }]],
		[
			readCron("0 9 13 * 5"),
			[
				{ Day: 13, Hour: 9, Minute: 0 },
				{ Weekday: 5, Hour: 9, Minute: 0 },
			],
		],
		[calendar("9:00", "9:00"), [{ Hour: 9, Minute: 0 }]],
		[calendar("minutely"), Array.from({ length: 60 }, (_, Minute) => ({ Minute }))],
	] as const)
		assert.deepEqual(calendarSlots(of), { slots, guard: null });
});

test("of a day of the month and a weekday that must hold together the rarer one is written, the other is left to the guard", () => {
	assert.deepEqual(calendarSlots(calendar("Fri *-*-13 9:00")), { slots: [{ Day: 13, Hour: 9, Minute: 0 }], guard: { weekdays: [5] } });
	assert.deepEqual(calendarSlots(calendar("Fri *-*-13 9:00", "Fri *-*-13 17:00")), {
		slots: [9, 17].map((Hour) => ({ Day: 13, Hour, Minute: 0 })),
		guard: { weekdays: [5] },
	});
});

test("what launchd cannot be told is said in one clause", () => {
	for (const [expressions, reason] of [
		[["9:00:30"], "launchd has no seconds"],
		[["2027-1-1"], "launchd has no years"],
		[["*-*~1"], "launchd cannot count days from the end of the month"],
		[["9:00 UTC"], "launchd has no time zone but the machine's own"],
		[["*-1..11-1..28/3 *:0/7"], "launchd would need more than 500 calendar slots"],
		[["Fri *-*-13", "12:00"], "launchd does not tell which of several calendars woke a job, and each needs another check of the day"],
	] as const)
		assert.deepEqual(calendarSlots(calendar(...expressions)), { cannot: reason });
});
