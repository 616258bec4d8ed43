/** systemd's calendar syntax: systemd.time(7), "CALENDAR EVENTS". */
import assert from "node:assert/strict";
import { test } from "node:test";
import { calendarTexts } from "../../platform/calendar-text.ts";
import { isChoreError } from "../../platform/errors.ts";
import { readCalendar } from "../../src/core/schedule/calendar.ts";
import { nextTimes } from "../../src/core/schedule/next-times.ts";
import { noSystemdAnalyze, systemdCalendar, takenBySystemd } from "../support/systemd-calendar.ts";

const text = (expression: string): string => calendarTexts([readCalendar(expression)]).join(" | ");

/** Those whose normal form is systemd's own, too. */
const NORMAL: readonly (readonly [expression: string, normalForm: string])[] = [
	["Sat,Thu,Mon..Wed,Sat..Sun", "Mon..Thu,Sat,Sun *-*-* 00:00:00"],
	["Mon,Sun 12-*-* 2,1:23", "Mon,Sun 2012-*-* 01,02:23:00"],
	["Wed *-1", "Wed *-*-01 00:00:00"],
	["Wed..Wed,Wed *-1", "Wed *-*-01 00:00:00"],
	["Wed, 17:48", "Wed *-*-* 17:48:00"],
	["Wed..Sat,Tue 12-10-15 1:2:3", "Tue..Sat 2012-10-15 01:02:03"],
	["*-*-7 0:0:0", "*-*-07 00:00:00"],
	["10-15", "*-10-15 00:00:00"],
	["monday *-12-* 17:00", "Mon *-12-* 17:00:00"],
	["12..14:10,20,30", "*-*-* 12..14:10..30/10:00"],
	["03-05 08:05:40", "*-03-05 08:05:40"],
	["08:05:40", "*-*-* 08:05:40"],
	["Sat,Sun 12-05 08:05:40", "Sat,Sun *-12-05 08:05:40"],
	["2003-03-05 05:40 UTC", "2003-03-05 05:40:00 UTC"],
	["2003-02..04-05", "2003-02..04-05 00:00:00"],
	["minutely", "*-*-* *:*:00"],
	["HOURLY", "*-*-* *:00:00"],
	["daily UTC", "*-*-* 00:00:00 UTC"],
	["weekly Pacific/Auckland", "Mon *-*-* 00:00:00 Pacific/Auckland"],
	["monthly", "*-*-01 00:00:00"],
	["yearly", "*-01-01 00:00:00"],
	["annually", "*-01-01 00:00:00"],
	...["semiannually", "semi-annually", "biannually", "bi-annually"].map((word) => [word, "*-01,07-01 00:00:00"] as const),
	["*:2/3", "*-*-* *:02/3:00"],
	["*-*-4..31/12", "*-*-04..28/12 00:00:00"],
	["*:*:*", "*-*-* *:*:*"],
	["*-*~1", "*-*~01 00:00:00"],
	["*~*", "*-*-* 00:00:00"],
	["Mon-Fri", "Mon..Fri *-*-* 00:00:00"],
	["70-1-1", "1970-01-01 00:00:00"],
	["69-1-1", "2069-01-01 00:00:00"],
	["2026/4-2-29", "2026/4-02-29 00:00:00"],
	["1..5/9:00", "*-*-* 01:00:00"],
	["@86400", "1970-01-02 00:00:00 UTC"],
];

test("a calendar is read as systemd reads it, and written in its normal form", () => {
	for (const [expression, normalForm] of NORMAL) assert.equal(text(expression), normalForm, expression);
	for (const [expression, normalForm] of [
		["12,14,13,12:20,10,30", "*-*-* 12..14:10..30/10:00"],
		["Mon,Fri *-*-3,1,2 *:30:45", "Mon,Fri *-*-01..03 *:30:45"],
		["mon,fri *-1/2-1,3 *:30:45", "Mon,Fri *-01/2-01,03 *:30:45"],
		["quarterly", "*-01/3-01 00:00:00"],
		["  9:00  europe/berlin ", "*-*-* 09:00:00 Europe/Berlin"],
		["9:00 Etc/UTC", "*-*-* 09:00:00 UTC"],
		["9:00 GMT", "*-*-* 09:00:00 UTC"],
		["9:00 Asia/Kolkata", "*-*-* 09:00:00 Asia/Kolkata"],
		["*:0/1", "*-*-* *:00..59:00"],
		["Mon..Sun", "Mon..Sun *-*-* 00:00:00"],
		["*-*-4/12", "*-*-04..28/12 00:00:00"],
		["Mon *-05~07/1", "Mon *-05~01..07 00:00:00"],
		["*-*~7/3", "*-*~01 00:00:00 | *-*~04 00:00:00 | *-*~07 00:00:00"],
		["*-*~1,26,27,28", "*-*~01 00:00:00 | *-*~26..28 00:00:00"],
	] as const)
		assert.equal(text(expression), normalForm, expression);
});

test("systemd has the same normal forms, and takes what chore writes", { skip: noSystemdAnalyze }, () => {
	const judged = systemdCalendar([...NORMAL.map(([expression]) => expression), ...NORMAL.map(([, normalForm]) => normalForm)], "UTC");
	for (const [index, [expression, normalForm]] of NORMAL.entries()) {
		// Lists of a range stay lists in systemd.
		if (!normalForm.includes("..30/10")) assert.equal(judged[index]?.normalForm, normalForm, expression);
		assert.equal(judged[index + NORMAL.length]?.normalForm, normalForm);
	}
	// The second has no single text: the last days that are also the 28th to the 30th.
	for (const rule of [readCalendar("*-*~1..3,20,26,27"), { ...readCalendar("*-*-28..30"), daysFromEnd: [1, 2, 3] }]) {
		const texts = calendarTexts([rule]);
		assert.ok(texts.length > 2, texts.join(" | "));
		assert.deepEqual(takenBySystemd(texts), texts);
		assert.deepEqual(
			texts.map(readCalendar).flatMap((one) => calendarTexts([one])),
			texts,
		);
	}
});

test("what systemd misses in a calendar as it is written, it does not miss as chore writes it", { skip: noSystemdAnalyze }, () => {
	const rule = readCalendar("*-*-4/12 UTC");
	const inJanuary = nextTimes([rule], Date.UTC(2026, 11, 28), 1);
	assert.deepEqual(inJanuary, [Date.UTC(2027, 0, 4)]);
	assert.deepEqual(systemdCalendar(calendarTexts([rule]), "UTC", Date.UTC(2026, 11, 28))[0]?.nextTimes, inJanuary);
});

test("any value and the list of all are told apart", () => {
	assert.equal(readCalendar("*:00").hours, "any");
	assert.equal(readCalendar("0..23:00").hours.length, 24);
});

/** What is wrong with each, at which character, and the hint where it is a special one. */
const WRONG: readonly (readonly [expression: string, at: number, wrong: RegExp])[] = [
	["", 1, /it is empty/],
	["   ", 1, /it is empty/],
	["9", 1, /"9" is neither a date nor a time \(a time is written 9:00, a date/],
	["*", 1, /neither a date nor a time/],
	["25:00", 1, /the hour 25 is not from 0 to 23 \(for example: Mon\.\.Fri/],
	["Mon 9:60", 7, /the minute 60 is not from 0 to 59/],
	["9:00:60", 6, /the second 60/],
	["*-13-1", 3, /the month 13 is not from 1 to 12/],
	["*-*-0", 5, /the day 0 is not from 1 to 31/],
	["*-*~29", 5, /the day from the end 29 is not from 1 to 28/],
	["1969-1-1", 1, /the year 1969 is not from 1970 to 2199/],
	["100-1-1", 1, /the year 100/],
	["99999999999999999999999999:00", 1, /the hour 99999999999999999999… is not/],
	["9,10,11..99:00", 10, /the hour 99/],
	["17..9:00", 1, /the range 17\.\.9 goes backwards/],
	["Fri..Mon 9:00", 1, /the range Fri\.\.Mon goes backwards/],
	["Sat,Mon..Wed..Fri", 5, /"Mon\.\.Wed\.\.Fri" is neither a weekday/],
	["Mon.. 9:00", 6, /"" is neither a weekday/],
	["Mon,,Tue", 5, /"" is neither a weekday/],
	["Moonday", 1, /"Moonday" is neither a weekday nor a word such as daily/],
	["fortnightly", 1, /neither a weekday nor a word such as daily/],
	["*:*/5", 3, /\* takes no repetition \(a minute that repeats is written 0\/5\)/],
	["*-*/2-1", 3, /\* takes no repetition \(a month that repeats is written 1\/2\)/],
	["9,*:00", 3, /\* stands alone/],
	["0/0:00", 1, /0\/0 does not repeat/],
	["*:50/20", 3, /50\/20 does not repeat from 0 to 59/],
	["*-*~7/7", 5, /7\/7 does not repeat/],
	["9:00:00.5", 6, /seconds are whole, without fractions/],
	["9:00:0/0.5", 6, /seconds are whole, without fractions/],
	["9:00:00:00", 9, /a time has no more parts/],
	[":00", 1, /the hour is missing/],
	["2026--1", 6, /the month is missing/],
	["2026-1-1-1", 1, /neither a date nor a time/],
	["2026~1-1", 1, /neither a date nor a time/],
	["2026-01-01T09:00", 1, /"2026-01-01T09" is no hour/],
	["Mon 2026-01-01 9:00 10:00", 21, /after the time comes nothing but a time zone/],
	["9:00 CET", 6, /there is no time zone "CET" \(a time zone is UTC, or a name such as Europe\/Berlin\)/],
	["9:00 Europe/Berln", 6, /there is no time zone "Europe\/Berln" \(did you mean Europe\/Berlin\?\)/],
	["9:00 +02:00", 6, /after the time comes nothing but a time zone/],
	["UTC", 1, /"UTC" is neither a weekday/],
	["@1.5", 1, /after @ come whole seconds/],
	["@-5", 1, /after @ come whole seconds/],
	["@9999999999", 1, /the year 2286/],
	["@86400 UTC", 8, /a moment written with @ stands alone/],
	["9:00\n", 5, /a control character/],
	["9:\u001b[31m00", 3, /a control character/],
	["9:\u202e00", 3, /a control character/],
	["é 9:00", 1, /"é" is neither a date nor a time/],
	[`9:00${",1".repeat(5000)}`, 1501, /it has more than 1500 characters/],
];

test("what is no calendar is refused with the place, the reason and what is right", () => {
	for (const [expression, at, wrong] of WRONG) {
		assert.throws(
			() => readCalendar(expression),
			(error) => {
				assert.ok(isChoreError(error) && error.code === "INVALID_ARGUMENT" && error.hint !== undefined, String(error));
				const message = `${error.message} (${error.hint})`;
				assert.match(message, wrong);
				assert.match(message, new RegExp(`^the calendar ".*" is wrong at character ${at}: `));
				assert.doesNotMatch(message, /\p{Cc}/u);
				assert.ok(message.length < 300, message);
				return true;
			},
			expression.slice(0, 100),
		);
	}
});

test("systemd takes none of what chore refuses, but fractions, moments with more words and abbreviations", {
	skip: noSystemdAnalyze,
}, () => {
	const words = WRONG.map(([expression]) => expression).filter((expression) => !/\p{C}|.{1000}/u.test(expression));
	const taken = takenBySystemd(words);
	assert.deepEqual(taken, ["9:00:00.5", "9:00:0/0.5", "9:00 CET", "@86400 UTC"]);
});
