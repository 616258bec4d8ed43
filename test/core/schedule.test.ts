/** What a schedule means at a given moment: its options, its next moment, and what it has missed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { calendarTexts } from "../../platform/calendar-text.ts";
import { readScheduleOptions } from "../../src/core/prepare/schedule.ts";
import type { ScheduleOptions } from "../../src/core/prepare/spec.ts";
import { nextTimes } from "../../src/core/schedule/next-times.ts";
import { hasOccasions, missedSlots, nextSlot, type Schedule, wakingOf } from "../../src/core/schedule/schedule.ts";

const CREATED = Date.parse("2026-12-01T10:20:30Z");
const schedule = (options: ScheduleOptions): Schedule => readScheduleOptions(options, CREATED);
const ms = (text: string): number => Date.parse(text);
const said = (time: number | undefined): string | undefined =>
	time === undefined ? undefined : new Date(time).toISOString().replace(/:00\.000Z$/, "");

test("within one trigger any expression may hold, and all triggers must", () => {
	const both = schedule({ calendar: ["Mon 9:00", "Fri 9:00"], cron: ["0 * 1-10 * *"], zone: "Europe/Berlin" });
	assert.deepEqual(calendarTexts(wakingOf(both).calendar), [
		"Mon *-*-01..10 09:00:00 Europe/Berlin",
		"Fri *-*-01..10 09:00:00 Europe/Berlin",
	]);
	assert.deepEqual(
		both.triggers.map(({ id, kind }) => [id, kind]),
		[
			["t1", "calendar"],
			["t2", "cron"],
		],
	);
	assert.equal(said(nextSlot(both, null, CREATED, nextTimes)), "2026-12-04T08:00");
});

test("an interval that divides no day counts from the last firing, which may have been late", () => {
	const seven = schedule({ everyMs: 7 * 60_000 });
	assert.equal(said(nextSlot(seven, null, CREATED, nextTimes)), "2026-12-01T10:21");
	for (const last of ["2026-12-01T10:21:00Z", "2026-12-01T10:21:40Z"])
		assert.equal(said(nextSlot(seven, ms(last), ms("2026-12-01T10:22:00Z"), nextTimes)), "2026-12-01T10:28", last);
	const beside = schedule({ calendar: ["Mon 9:00 UTC"], everyMs: 14 * 86_400_000 });
	assert.equal(said(nextSlot(beside, ms("2026-12-07T09:00:20Z"), ms("2026-12-07T09:00:20Z"), nextTimes)), "2026-12-21T09:00");
});

test("an interval of seconds is a grid of seconds, or the guard counts on one that divides a minute", () => {
	const fifteen = schedule({ everyMs: 15_000 });
	assert.deepEqual(calendarTexts(wakingOf(fifteen).calendar), ["*-*-* *:*:00/15 UTC"]);
	const ninety = schedule({ everyMs: 90_000 });
	assert.deepEqual(calendarTexts(wakingOf(ninety).calendar), ["*-*-* *:*:00,30 UTC"]);
	const times: (string | undefined)[] = [];
	for (let last = CREATED, count = 0; count < 3; count++) {
		last = nextSlot(ninety, last, last, nextTimes) ?? 0;
		times.push(new Date(last).toISOString().slice(11, 19));
	}
	assert.deepEqual(times, ["10:22:00", "10:23:30", "10:25:00"]);
	assert.deepEqual(calendarTexts(wakingOf(schedule({ everyMs: 7000 })).calendar), ["*-*-* *:*:* UTC"]);
});

test("occasions stand alone, hold no calendar, and lead to a first run", () => {
	const both = schedule({
		occasions: [
			{ after: "armed", delayMs: 0 },
			{ after: "run-end", delayMs: 60_000 },
		],
		notAfter: new Date(CREATED + 1000),
	});
	assert.deepEqual(wakingOf(both).calendar, []);
	assert.equal(nextSlot(both, null, CREATED, nextTimes), undefined);
	assert.deepEqual([hasOccasions(both, CREATED), hasOccasions(both, CREATED + 1000)], [true, false]);
	const refused: readonly (readonly [ScheduleOptions, RegExp])[] = [
		[{ occasions: [{ after: "run-start", delayMs: 60_000 }] }, /first run/],
		[{ occasions: [{ after: "boot", delayMs: 60_000 }], calendar: ["daily"] }, /counted from an event/],
		[{ occasions: [{ after: "boot", delayMs: 1500 }] }, /whole seconds, 0 or more, not 1500 ms/],
		[{ occasions: [{ after: "run-end", delayMs: 0 }] }, /whole seconds, 1 or more/],
		[{ occasions: [{ after: "toString" as "boot", delayMs: 1000 }] }, /such an event/],
		[{ occasions: [{ on: "moon" as "clock-change" }] }, /of that kind/],
	];
	for (const [options, message] of refused) {
		assert.throws(() => schedule(options), { code: "INVALID_ARGUMENT", message }, JSON.stringify(options));
	}
});

test("it fires neither before its first moment nor from its last one on", () => {
	const bounded = schedule({
		calendar: ["12:00 UTC"],
		notBefore: new Date("2026-12-05T12:00:00Z"),
		notAfter: new Date("2026-12-06T12:00:00Z"),
	});
	assert.equal(said(nextSlot(bounded, null, CREATED, nextTimes)), "2026-12-05T12:00");
	assert.equal(nextSlot(bounded, null, ms("2026-12-05T12:00:00Z"), nextTimes), undefined);
});

test("a single moment comes once, on a whole second", () => {
	const once = schedule({ at: new Date("2026-12-24T18:00:00.250Z") });
	assert.equal(nextSlot(once, null, CREATED, nextTimes), ms("2026-12-24T18:00:01Z"));
	assert.equal(nextSlot(once, null, ms("2026-12-24T18:00:01Z"), nextTimes), undefined);
});

test("the moments since the last firing at which nothing fired are missed", () => {
	const hourly = schedule({ calendar: ["*:00 UTC"] });
	const last = ms("2026-12-01T11:00:01Z");
	const missed = (until: string) => missedSlots(hourly, last, last, ms(until), nextTimes).map(said);
	assert.deepEqual(missed("2026-12-01T11:59:59Z"), []);
	assert.deepEqual(missed("2026-12-01T14:00:00Z"), ["2026-12-01T12:00", "2026-12-01T13:00", "2026-12-01T14:00"]);
	assert.equal(missed("2027-12-01T14:00:00Z").length, 1000);
});

test("what cannot be a schedule is refused", () => {
	const refused: readonly (readonly [ScheduleOptions, RegExp])[] = [
		[{}, /never fires/],
		[{ calendar: ["Munday"] }, /character 1/],
		[{ cron: ["* * * *"] }, /five/],
		[{ everyMs: 0 }, /at least one/],
		[{ everyMs: 30_500 }, /whole number of seconds/],
		[{ everyMs: -60_000 }, /at least one/],
		[{ at: new Date("2027-01-01"), calendar: ["daily"] }, /single moment/],
		[{ at: new Date(Number.NaN) }, /none after 1970/],
		[{ calendar: ["9:00 UTC"], cron: ["0 9 * * *"] }, /time zones/],
		[{ calendar: ["daily"], zone: "Mars/Olympus" }, /time zone/],
		[{ calendar: ["daily"], overlap: "allow" }, /one run at a time/],
		[{ calendar: ["daily"], keepRuns: 0 }, /1 or more/],
		[{ calendar: ["daily"], jitterMs: -1 }, /0 or more/],
	];
	for (const [options, message] of refused) {
		assert.throws(() => schedule(options), { code: "INVALID_ARGUMENT", message }, JSON.stringify(options));
	}
});
