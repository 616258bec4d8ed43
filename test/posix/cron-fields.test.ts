import assert from "node:assert/strict";
import { test } from "node:test";
import type { Calendar, Rule } from "../../platform/calendar.ts";
import { type CronLine, cronLines } from "../../platform/posix/cron-fields.ts";
import type { DayGuard } from "../../platform/shell/slot.ts";
import { readCalendar } from "../../src/core/schedule/calendar.ts";
import { readCron } from "../../src/core/schedule/cron.ts";
import { fc } from "../support/random.ts";

const calendar = (...expressions: readonly string[]): Calendar => expressions.map(readCalendar);

function lines(of: Calendar): readonly (readonly [fields: string, guard: DayGuard | null])[] {
	const found = cronLines(of);
	assert.ok("lines" in found, JSON.stringify(found));
	return found.lines.map(({ fields, guard }) => [fields, guard]);
}

test("a calendar is written in plain numbers, in which a star stays a star and a list of all hours a list", () => {
	for (const [expression, fields] of [
		["Mon..Fri 9:00", "0 9 * * 1-5"],
		["*:0/10", "0,10,20,30,40,50 * * * *"],
		["minutely", "* * * * *"],
		["0..23:00", "0 0-23 * * *"],
		["*-1..3,6-1,15 0:00", "0 0 1,15 1-3,6 *"],
		["Sat,Sun 9:00", "0 9 * * 0,6"],
		["Mon..Sun *-*-1..31 9:00", "0 9 * * *"],
		["Mon *-*-1..31 9:00", "0 9 * * 1"],
	] as const)
		assert.deepEqual(lines(calendar(expression)), [[fields, null]], expression);
	for (const fields of ["0 9 * * 1-5", "* * * * *", "5,10 0-3 1,15 * *", "0 0 * * 0"])
		assert.deepEqual(lines(readCron(fields)), [[fields, null]]);
});

test("of a day of the month and a weekday that must hold together the rarer one is written, the other is left to a guard", () => {
	assert.deepEqual(lines(calendar("Fri *-*-13 9:00")), [["0 9 13 * *", { weekdays: [5] }]]);
	assert.deepEqual(lines(calendar("Fri *-*-8..14 9:00")), [["0 9 * * 5", { days: [8, 9, 10, 11, 12, 13, 14] }]]);
});

test("what a crontab cannot say is told in one clause", () => {
	for (const [expression, reason] of [
		["*:*:*", "a crontab has no seconds"],
		["9:00:30", "a crontab has no seconds"],
		["2027-1-1", "a crontab has no years"],
		["*-*~1", "a crontab cannot count days from the end of the month"],
		["9:00 UTC", "a crontab has no time zone but the machine's own"],
	] as const)
		assert.deepEqual(cronLines(calendar("12:00", expression)), { cannot: reason }, expression);
	const scattered = calendar(
		...Array.from({ length: 60 }, (_, minute) => `*-${(minute % 12) + 1}-${(minute % 28) + 1} ${minute % 24}:${minute}`),
		"Mon *:1/7",
	);
	assert.deepEqual(cronLines(scattered.flatMap((rule) => [rule, { ...rule, minutes: [59] }])), {
		cannot: "a crontab would need more than 100 lines",
	});
});

test("no two lines hold at the same minute", () => {
	assert.deepEqual(lines(calendar("*:0/10", "*:0/15")), [
		["0,10,20,30,40,50 * * * *", null],
		["15,45 * * * *", null],
	]);
	assert.deepEqual(lines(calendar("9:00", "hourly", "9:00")), [["0 * * * *", null]]);
	assert.deepEqual(lines(readCron("0 9 13 * 5")), [
		["0 9 * * 5", null],
		["0 9 13 * *", { weekdays: [1, 2, 3, 4, 6, 7] }],
	]);
});

/** Whether a line would start its job on a day, by the rule of Vixie's cron, and the guard lets it. */
function holds(fields: string, guard: DayGuard | null, [month, day, weekday, hour, minute]: readonly number[]): boolean {
	const [minutes, hours, days, months, weekdays] = fields.split(" ").map((field) => ({
		isStar: field.startsWith("*"),
		has: (value: number | undefined) =>
			field === "*" ||
			field.split(",").some((range) => {
				const [from, to = from] = range.split("-").map(Number);
				return Number(value) >= Number(from) && Number(value) <= Number(to);
			}),
	}));
	if (!minutes?.has(minute) || !hours?.has(hour) || !months?.has(month) || days === undefined || weekdays === undefined) return false;
	const [byDay, byWeekday] = [days.has(day), weekdays.has(Number(weekday) % 7)];
	if (!(days.isStar || weekdays.isStar ? byDay && byWeekday : byDay || byWeekday)) return false;
	return guard === null || ("days" in guard ? guard.days.includes(Number(day)) : guard.weekdays.includes(Number(weekday)));
}

test("lines and guards hold exactly when the calendar holds, one line at a time", () => {
	const values = (min: number, max: number) =>
		fc.oneof(
			fc.constant("any" as const),
			fc.uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 4 }).map((list) => list.sort((a, b) => a - b)),
		);
	const rules = fc.record({ months: values(1, 4), days: values(1, 5), weekdays: values(1, 7), hours: values(0, 3), minutes: values(0, 3) });
	const moment = fc.tuple(
		...(
			[
				[1, 4],
				[1, 5],
				[1, 7],
				[0, 3],
				[0, 3],
			] as const
		).map(([min, max]) => fc.integer({ min, max })),
	);
	fc.assert(
		fc.property(
			fc.array(rules, { minLength: 1, maxLength: 3 }),
			fc.array(moment, { minLength: 20, maxLength: 20 }),
			(products, moments) => {
				const found = cronLines(
					products.map((product): Rule => ({ years: "any", daysFromEnd: "any", ...product, seconds: [0], zone: null })),
				);
				fc.pre("lines" in found);
				for (const at of moments) {
					const expected = products.some(({ months, days, weekdays, hours, minutes }) =>
						[months, days, weekdays, hours, minutes].every((field, index) => field === "any" || field.includes(Number(at[index]))),
					);
					const woken: readonly CronLine[] = found.lines.filter(({ fields, guard }) => holds(fields, guard, at));
					assert.equal(woken.length, expected ? 1 : 0, `${at}: ${JSON.stringify(found.lines)}`);
				}
			},
		),
	);
});
