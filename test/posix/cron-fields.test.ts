import assert from "node:assert/strict";
import { test } from "node:test";
import type { Calendar, Rule } from "../../platform/calendar.ts";
import { cronFields } from "../../platform/posix/cron-fields.ts";
import { readCalendar } from "../../src/core/schedule/calendar.ts";
import { readCron } from "../../src/core/schedule/cron.ts";
import { fc } from "../support/random.ts";

const calendar = (...expressions: readonly string[]): Calendar => expressions.map(readCalendar);

function lines(of: Calendar): readonly string[] {
	const found = cronFields(of);
	assert.ok("lines" in found, JSON.stringify(found));
	return found.lines;
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
		assert.deepEqual(lines(calendar(expression)), [fields], expression);
	for (const fields of ["0 9 * * 1-5", "* * * * *", "5,10 0-3 1,15 * *", "0 0 * * 0"]) assert.deepEqual(lines(readCron(fields)), [fields]);
	assert.deepEqual(lines(calendar("9:00", "hourly", "9:00")), ["0 9 * * *", "0 * * * *"]);
});

test("what a line cannot say is left out of it: it wakes the job at more moments than there are", () => {
	for (const [expression, fields] of [
		["Fri *-*-13 9:00", "0 9 13 * *"],
		["Fri *-*-8..14 9:00", "0 9 * * 5"],
		["2027-12-24 18:00", "0 18 24 12 *"],
		["*-*~1 9:00", "0 9 28-31 * *"],
		["*-*~28 9:00", "0 9 1-4 * *"],
		["*-*-* *:0/15 UTC", "0,15,30,45 * * * *"],
		["minutely UTC", "* * * * *"],
		["9:07 UTC", "7,22,37,52 * * * *"],
		["2027-12-24 18:00 UTC", "0,15,30,45 * 23-25 12 *"],
		["*-12-31 18:00 UTC", "0,15,30,45 * 1,30,31 1,11,12 *"],
		["Sun 18:00 UTC", "0,15,30,45 * * * 0,1,6"],
		["@1767225600", "0,15,30,45 * 1,2,28-31 1,2,12 *"],
		["@1767225601", "1,16,31,46 * 1,2,28-31 1,2,12 *"],
	] as const)
		assert.deepEqual(lines(calendar(expression)), [fields], expression);
	assert.deepEqual(lines(readCron("0 9 13 * 5")), ["0 9 13 * *", "0 9 * * 5"]);
});

test("what a crontab cannot do is told in one clause", () => {
	for (const [expressions, reason] of [
		[["*:*:*"], "a crontab has no seconds"],
		[["9:00:30"], "a crontab has no seconds"],
		[["9:00 Europe/Berlin"], "a crontab has no time zone but the machine's own and UTC"],
		[["9:00 UTC", "12:00"], "a crontab cannot keep moments in UTC beside others"],
		[Array.from({ length: 101 }, (_, index) => `${index % 24}:${index % 60}`), "a crontab would need more than 100 lines"],
	] as const)
		assert.deepEqual(cronFields(calendar(...expressions)), { cannot: reason }, reason);
});

/** Whether a line would start its job then, by the rule of Vixie's cron. */
function holds(fields: string, moment: Date): boolean {
	const [minutes, hours, days, months, weekdays] = fields.split(" ").map((field) => ({
		isStar: field.startsWith("*"),
		has: (value: number) =>
			field === "*" ||
			field.split(",").some((range) => {
				const [from, to = from] = range.split("-").map(Number);
				return value >= Number(from) && value <= Number(to);
			}),
	}));
	if (!minutes?.has(moment.getUTCMinutes()) || !hours?.has(moment.getUTCHours()) || !months?.has(moment.getUTCMonth() + 1)) return false;
	if (days === undefined || weekdays === undefined) return false;
	const [byDay, byWeekday] = [days.has(moment.getUTCDate()), weekdays.has(moment.getUTCDay())];
	return days.isStar || weekdays.isStar ? byDay && byWeekday : byDay || byWeekday;
}

test("at each moment of a calendar a line holds, whatever zone the machine is in", () => {
	const values = (min: number, max: number) =>
		fc.oneof(
			fc.constant("any" as const),
			fc.uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 4 }).map((list) => list.sort((a, b) => a - b)),
		);
	const isIn = (field: Rule["days"], value: number): boolean => field === "any" || field.includes(value);
	fc.assert(
		fc.property(
			fc.record({
				...{ months: values(1, 12), days: values(1, 31), daysFromEnd: values(1, 28), weekdays: values(1, 7) },
				...{ hours: values(0, 23), minutes: values(0, 59), zone: fc.constantFrom(null, "UTC") },
			}),
			fc.date({ min: new Date("2026-01-01"), max: new Date("2030-01-01"), noInvalidDate: true }),
			fc.integer({ min: -48, max: 56 }),
			(fields, near, quarters) => {
				// A moment at which the rule holds in all but its days, which may be too rare to be met by chance.
				const rule: Rule = { ...fields, years: "any", seconds: [0] };
				const pick = (field: Rule["hours"], by: number): number => (field === "any" ? by : (field[by % field.length] ?? 0));
				const month = fields.months === "any" ? near.getUTCMonth() : (fields.months[0] ?? 1) - 1;
				const hour = pick(fields.hours, near.getUTCHours());
				const minute = pick(fields.minutes, near.getUTCMinutes());
				const found = cronFields([rule]);
				assert.ok("lines" in found);
				for (let day = 1; day <= 31; day++) {
					const moment = new Date(Date.UTC(near.getUTCFullYear(), month, day, hour, minute));
					const length = new Date(Date.UTC(moment.getUTCFullYear(), moment.getUTCMonth() + 1, 0)).getUTCDate();
					if (!isIn(rule.months, moment.getUTCMonth() + 1) || !isIn(rule.days, moment.getUTCDate())) continue;
					if (!isIn(rule.daysFromEnd, length + 1 - moment.getUTCDate()) || !isIn(rule.weekdays, moment.getUTCDay() || 7)) continue;
					const local = new Date(moment.getTime() + (rule.zone === null ? 0 : quarters * 900_000));
					assert.ok(
						found.lines.some((line) => holds(line, local)),
						`${moment.toISOString()} ${JSON.stringify(found)}`,
					);
				}
			},
		),
	);
});
