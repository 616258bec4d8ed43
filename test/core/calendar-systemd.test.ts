/** Random calendars, read by chore and by systemd: both accept the same, and both find the same moments. */
import assert from "node:assert/strict";
import { calendarTexts } from "../../platform/calendar-text.ts";
import { readCalendar } from "../../src/core/schedule/calendar.ts";
import { nextTimes } from "../../src/core/schedule/next-times.ts";
import { randomFrom, testBySeed } from "../support/random.ts";
import { rounds } from "../support/rounds.ts";
import { noSystemdAnalyze, systemdCalendar } from "../support/systemd-calendar.ts";

const ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"];
const COUNT = 5;
const HOUR_MS = 3_600_000;
/** The last moment for which systemd looks. */
const END_MS = Date.UTC(2200, 0, 1);

type Random = (below: number) => number;

/** "*" or a list of up to three numbers, ranges and repetitions, such as systemd takes. Days that repeat have an end (see calendar-text.ts). */
function randomField(random: Random, least: number, greatest: number, starsOfTen: number): string {
	if (random(10) < starsOfTen) return "*";
	const element = (): string => {
		const from = least + random(greatest - least);
		const to = from + 1 + random(greatest - from);
		const step = 1 + random(greatest - from);
		return String([from, greatest, `${from}..${to}`, `${from}..${to}/${step}`, `${from}/${step}`][random(greatest === 31 ? 4 : 5)]);
	};
	return Array.from({ length: 1 + random(3) }, element).join(",");
}

/** A row of days, or one: systemd 252 refuses the most of other lists, and reads "7/2" towards the end of the month. */
function randomDayFromEnd(random: Random): string {
	const day = 1 + random(28);
	return String([day, 1, "1..7", day > 7 ? `${day}/7` : "7/1", `1..${day + 1 > 28 ? 28 : day + 1}/3`][random(5)]);
}

function randomExpression(random: Random): string {
	const pick = (...words: readonly string[]): string => String(words[random(words.length)]);
	const months = randomField(random, 1, 12, 6);
	const day = pick(`~${randomDayFromEnd(random)}`, ...Array<string>(3).fill(`-${randomField(random, 1, 31, 4)}`));
	const date = pick(`${randomField(random, 2024, 2040, 6)}-${months}${day}`, `${months}${day}`, "");
	const weekdays = pick("", "", "Mon", "Sat,Sun", "Mon..Fri", "tue,thursday..Sunday,", "Sun");
	const time = pick(
		`${randomField(random, 0, 23, 3)}:${randomField(random, 0, 59, 3)}`,
		`${randomField(random, 0, 23, 5)}:${randomField(random, 0, 59, 5)}:${randomField(random, 0, 59, 3)}`,
		"2:30",
		"*:0/15",
		"",
	);
	return (
		[weekdays, date, time].filter((word) => word !== "").join(" ") || pick("daily", "hourly", "minutely", "weekly", "monthly", "quarterly")
	);
}

/** What a clock in the zone shows, less UTC. */
function offsetMs(zone: string, atMs: number): number {
	const parts = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" }).formatToParts(atMs);
	const [, sign = "+", hours = 0, minutes = 0] =
		/GMT([+-])(\d+):(\d+)/.exec(parts.find(({ type }) => type === "timeZoneName")?.value ?? "") ?? [];
	return Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

/** Without the hours around a change of the clock, for which systemd and croner have rules of their own. */
function away(zone: string, times: readonly number[]): readonly number[] {
	return times.filter((time) => offsetMs(zone, time - 3 * HOUR_MS) === offsetMs(zone, time + 3 * HOUR_MS));
}

const show = (times: readonly number[]): readonly string[] => times.map((time) => new Date(time).toISOString());

testBySeed(
	"random calendars hold at the same times as for systemd, as they are written and as chore writes them",
	{ skip: noSystemdAnalyze },
	async (seed, context) => {
		const random = randomFrom(seed);
		const count = rounds(40) / ZONES.length;
		let compared = 0;
		let givenUp = 0;
		for (const zone of ZONES) {
			const afterMs = Date.UTC(2024 + random(8), random(12), 1 + random(28), random(24), random(60), random(60));
			const expressions = Array.from({ length: count }, () => randomExpression(random));
			const rules = expressions.map(readCalendar);
			const texts = rules.map((rule) => calendarTexts([rule]));
			const judged = systemdCalendar([...expressions, ...texts.flat()], zone, afterMs, COUNT).map((answer) => answer?.nextTimes);
			const rewritten = judged.slice(count);
			for (const [index, rule] of rules.entries()) {
				const what = `${expressions[index]} in ${zone} after ${new Date(afterMs).toISOString()}`;
				const written = judged[index];
				const parts = rewritten.splice(0, texts[index]?.length);
				// systemd 252 does not get over the change of the clock in some calendars of several months and weekdays.
				if (written === undefined || parts.includes(undefined)) {
					givenUp++;
					continue;
				}
				const own = nextTimes([{ ...rule, zone }], afterMs, COUNT).filter((time) => time < END_MS);
				for (const [whose, times] of [
					["as it is written", written],
					[`as chore writes it: ${texts[index]?.join(" | ")}`, firstOf(parts.flatMap((part) => part ?? []))],
				] as const) {
					const until = Math.min(...[times, own].map((list) => (list.length < COUNT ? END_MS : Number(list.at(-1)))));
					const [expected, actual] = [times, own].map((list) => show(away(zone, list).filter((time) => time <= until)));
					assert.deepEqual(actual, expected, `${what}, ${whose}`);
				}
				compared += written.length;
			}
		}
		context.diagnostic(`${compared} times are the same; ${givenUp} calendars are too hard for systemd`);
	},
);

function firstOf(times: readonly number[]): readonly number[] {
	return [...new Set(times)].sort((one, other) => one - other).slice(0, COUNT);
}
