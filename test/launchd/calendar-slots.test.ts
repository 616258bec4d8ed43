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
		assert.deepEqual(calendarSlots(of), { slots });
});

test("what launchd cannot be told is left out: it wakes the job at more moments than there are", () => {
	for (const [expressions, slots] of [
		[
			["Fri *-*-13 9:00", "12:00"],
			[
				{ Day: 13, Hour: 9, Minute: 0 },
				{ Hour: 12, Minute: 0 },
			],
		],
		[["2027-1-1 0:00"], [{ Month: 1, Day: 1, Hour: 0, Minute: 0 }]],
		[["*-*~1 0:00"], [28, 29, 30, 31].map((Day) => ({ Day, Hour: 0, Minute: 0 }))],
		[["9:00 UTC"], [0, 15, 30, 45].map((Minute) => ({ Minute }))],
	] as const)
		assert.deepEqual(calendarSlots(calendar(...expressions)), { slots });
});

test("what launchd cannot be told is said in one clause", () => {
	for (const [expressions, reason] of [
		[["9:00:30"], "launchd has no seconds"],
		[["9:00 Europe/Berlin"], "launchd has no time zone but the machine's own and UTC"],
		[["9:00 UTC", "9:00"], "launchd cannot keep moments in UTC beside others"],
		[["*-1..11-1..28/3 *:0/7"], "launchd would need more than 500 calendar slots"],
	] as const)
		assert.deepEqual(calendarSlots(calendar(...expressions)), { cannot: reason });
});
