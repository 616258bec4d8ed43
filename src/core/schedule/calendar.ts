/** Reads systemd's calendar syntax: systemd.time(7), "CALENDAR EVENTS". Pure. */
import { type Field, RANGES, type Rule, type Values } from "../../../platform/calendar.ts";
import { isChoreError } from "../../../platform/errors.ts";
import { Expression, type Part, split } from "./expression.ts";
import { checkRange, NOUNS, progression, shown, union, WEEKDAYS } from "./numbers.ts";
import { readZone } from "./zone.ts";

const YEARLY = "*-01-01 00:00:00";
const HALF_YEARLY = "*-01,07-01 00:00:00";
const SHORTHANDS: ReadonlyMap<string, string> = new Map([
	["minutely", "*-*-* *:*:00"],
	["hourly", "*-*-* *:00:00"],
	["daily", "*-*-* 00:00:00"],
	["weekly", "Mon *-*-* 00:00:00"],
	["monthly", "*-*-01 00:00:00"],
	["quarterly", "*-01,04,07,10-01 00:00:00"],
	["semiannually", HALF_YEARLY],
	["semi-annually", HALF_YEARLY],
	["biannually", HALF_YEARLY],
	["bi-annually", HALF_YEARLY],
	["yearly", YEARLY],
	["annually", YEARLY],
]);

type DatePart = Pick<Rule, "years" | "months" | "days" | "daysFromEnd">;
type TimePart = Pick<Rule, "hours" | "minutes" | "seconds">;
const EVERY_DAY: DatePart = { years: "any", months: "any", days: "any", daysFromEnd: "any" };
const MIDNIGHT: TimePart = { hours: [0], minutes: [0], seconds: [0] };

/**
 * "Mon..Fri 9:00", "*-*~1 23:30 Europe/Berlin", "hourly", "@1767225600". Refuses what systemd refuses, fractions of a second,
 * and zones that `readZone` refuses.
 *
 * @throws ChoreError INVALID_ARGUMENT with the place and the reason
 */
export function readCalendar(text: string): Rule {
	const expression = new Expression("calendar", text, "Mon..Fri *-*-* 09:00");
	const [first, ...rest] = expression.words();
	if (first.text.startsWith("@")) return readMoment(expression, first, rest[0]);
	const last = rest.at(-1);
	const zone = last !== undefined && startsWithLetter(last) ? readLastZone(expression, last) : null;
	if (zone !== null) rest.pop();
	const shorthand = rest.length === 0 ? SHORTHANDS.get(first.text.toLowerCase()) : undefined;
	if (shorthand !== undefined) return { ...readCalendar(shorthand), zone };
	const weekdays = startsWithLetter(first) ? readWeekdays(expression, first) : "any";
	const dateAndTime = weekdays === "any" ? [first, ...rest] : rest;
	const hasDate = dateAndTime[0]?.text.includes(":") === false;
	const [date, time, more] = hasDate ? dateAndTime : [undefined, ...dateAndTime];
	if (more !== undefined) throw expression.fault(more.at, `after the time comes nothing but a time zone, not ${shown(more.text)}`);
	return {
		...(date === undefined ? EVERY_DAY : readDate(expression, date)),
		weekdays,
		...(time === undefined ? MIDNIGHT : readTime(expression, time)),
		zone,
	};
}

function startsWithLetter({ text }: Part): boolean {
	return /^[A-Za-z]/.test(text);
}

/** "@1767225600": seconds since 1970. */
function readMoment(expression: Expression, { text, at }: Part, more: Part | undefined): Rule {
	if (more !== undefined) throw expression.fault(more.at, "a moment written with @ stands alone");
	if (!/^@[0-9]{1,12}$/.test(text)) throw expression.fault(at, "after @ come whole seconds since 1970");
	const moment = new Date(Number(text.slice(1)) * 1000);
	const year = moment.getUTCFullYear();
	return {
		years: [checkRange(expression, { text: String(year), at }, year, "years")],
		months: [moment.getUTCMonth() + 1],
		days: [moment.getUTCDate()],
		daysFromEnd: "any",
		weekdays: "any",
		hours: [moment.getUTCHours()],
		minutes: [moment.getUTCMinutes()],
		seconds: [moment.getUTCSeconds()],
		zone: "UTC",
	};
}

function readLastZone(expression: Expression, { text, at }: Part): string {
	try {
		return readZone(text);
	} catch (error) {
		throw isChoreError(error) ? expression.fault(at, error.message, error.hint) : error;
	}
}

/** "Mon", "mon..Friday,Sun". As in systemd a range can have one dash instead, and a comma may come last. */
function readWeekdays(expression: Expression, word: Part): readonly number[] {
	const elements = split(word, ",");
	const hasLastComma = elements.length > 1 && elements.at(-1)?.text === "";
	return union(
		elements.slice(0, hasLastComma ? -1 : undefined).map(({ text, at }) => {
			const [, from = text, dash = "", to = from] = /^([A-Za-z]+)(\.\.|-)([A-Za-z]*)$/.exec(text) ?? [];
			const first = readWeekday(expression, { text: from, at });
			const last = readWeekday(expression, { text: to, at: at + from.length + dash.length });
			if (last < first) throw backwards(expression, { text, at });
			return progression(first, last, 1);
		}),
	);
}

function readWeekday(expression: Expression, { text, at }: Part): number {
	const word = text.toLowerCase();
	const index = WEEKDAYS.findIndex((name) => word === name || word === name.slice(0, 3));
	if (index >= 0) return index + 1;
	throw expression.fault(at, `${JSON.stringify(shown(text))} is neither a weekday nor a word such as daily`);
}

/** "2026-01-31", "*-1,15", "*-02~1". */
function readDate(expression: Expression, word: Part): DatePart {
	const parts = split(word, /[-~]/);
	const separators = word.text.replaceAll(/[^-~]/g, "");
	const year = parts.length === 3 ? parts[0] : undefined;
	const [month, day] = parts.slice(-2);
	if (month === undefined || day === undefined || !/^-?[-~]$/.test(separators))
		throw expression.fault(
			word.at,
			`${JSON.stringify(shown(word.text))} is neither a date nor a time`,
			"a time is written 9:00, a date *-*-15",
		);
	const field = separators.endsWith("~") ? "daysFromEnd" : "days";
	return {
		...EVERY_DAY,
		years: year === undefined ? "any" : readValues(expression, year, "years"),
		months: readValues(expression, month, "months"),
		[field]: readValues(expression, day, field),
	};
}

/** "9:00", "*:0/15:30". */
function readTime(expression: Expression, word: Part): TimePart {
	const [hour, minute, second, more] = split(word, ":");
	if (hour === undefined || minute === undefined) throw expression.fault(word.at, `${JSON.stringify(shown(word.text))} is no time`);
	if (more !== undefined) throw expression.fault(more.at, "a time has no more parts than hour, minute and second");
	return {
		hours: readValues(expression, hour, "hours"),
		minutes: readValues(expression, minute, "minutes"),
		seconds: second === undefined ? MIDNIGHT.seconds : readValues(expression, second, "seconds"),
	};
}

/** "*", or a list of "5", "5..20", "5/15", "5..20/5". */
function readValues(expression: Expression, part: Part, field: Field): Values {
	return part.text === "*" ? "any" : union(split(part, ",").map((element) => readElement(expression, element, field)));
}

function readElement(expression: Expression, element: Part, field: Field): readonly number[] {
	const [, first = "", last, repetition] = /^([0-9]+)(?:\.\.([0-9]+))?(?:\/([0-9]+))?$/.exec(element.text) ?? [];
	if (first === "") throw noValue(expression, element, field);
	const value = (text: string, at: number) => checkRange(expression, { text, at }, fullYear(text, field), field);
	const from = value(first, element.at);
	const to = last === undefined ? undefined : value(last, element.at + first.length + 2);
	if (to !== undefined && to < from) throw backwards(expression, element);
	if (repetition === undefined) return progression(from, to ?? from, 1);
	const [least, greatest] = RANGES[field];
	// From the end, too, days repeat forwards: "7/2" is the 7th last day, the 5th last, the 3rd last and the last.
	const end = field === "daysFromEnd" ? least : greatest;
	const step = Math.min(Number(repetition), Number.MAX_SAFE_INTEGER);
	if (step > 0 && (to !== undefined || step <= Math.abs(end - from))) return progression(from, to ?? end, step);
	throw expression.fault(element.at, `${shown(element.text)} does not repeat from ${least} to ${greatest}`);
}

/** Two digits mean a year from 1970 to 2069. */
function fullYear(digits: string, field: Field): number {
	const value = Number(digits);
	return field !== "years" || value > 99 ? value : value + (value < 70 ? 2000 : 1900);
}

function noValue(expression: Expression, { text, at }: Part, field: Field): Error {
	const noun = NOUNS[field];
	if (text === "") return expression.fault(at, `the ${noun} is missing`);
	const [, repetition] = /^\*\/([0-9]+)$/.exec(text) ?? [];
	if (repetition !== undefined)
		return expression.fault(at, "* takes no repetition", `a ${noun} that repeats is written ${RANGES[field][0]}/${repetition}`);
	if (text.includes("*")) return expression.fault(at, "* stands alone in its place");
	if (/[0-9]\.[0-9]/.test(text)) return expression.fault(at, `${field} are whole, without fractions`);
	return expression.fault(at, `${JSON.stringify(shown(text))} is no ${noun}`);
}

function backwards(expression: Expression, { text, at }: Part): Error {
	return expression.fault(at, `the range ${shown(text)} goes backwards`);
}
