/** Reads the five fields of crontab(5), as Vixie's cron and its successors understand them. Pure. */
import { type Calendar, RANGES, type Values } from "../../../platform/calendar.ts";
import { Expression, type Part, split } from "./expression.ts";
import { checkRange, NOUNS, progression, shown, union, WEEKDAYS } from "./numbers.ts";

const SHORTHANDS: ReadonlyMap<string, string> = new Map([
	["@hourly", "0 * * * *"],
	["@daily", "0 0 * * *"],
	["@midnight", "0 0 * * *"],
	["@weekly", "0 0 * * 0"],
	["@monthly", "0 0 1 * *"],
	["@yearly", "0 0 1 1 *"],
	["@annually", "0 0 1 1 *"],
]);

/** What is no calendar, and what does it. */
const NO_CALENDARS: ReadonlyMap<string, string> = new Map([
	["@reboot", "on systemd, --on-startup starts a job together with the user manager"],
	["@every", "--every DURATION starts a job again and again"],
]);

type CronField = "minutes" | "hours" | "days" | "months" | "weekdays";

/** Words in the place of numbers, the first for 0. */
const NAMES: Readonly<Partial<Record<CronField, readonly string[]>>> = {
	months: ["", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
	weekdays: ["sun", ...WEEKDAYS.map((name) => name.slice(0, 3)).slice(0, 6)],
};

/** What other schedulers understand besides, and how it is said here. */
const EXTENSIONS: readonly (readonly [pattern: RegExp, name: string, hint: string])[] = [
	[/\?/, '"?"', "any day is written *"],
	[/^L(-[0-9]+)?$/i, '"L" for the last day of the month', "it is written --on-calendar '*-*~1'"],
	[/^[0-9a-z]+L$/i, '"L" for the last weekday of the month', "the last Friday is written --on-calendar 'Fri *-*~7/1'"],
	[/#/, '"#" for a weekday by its place in the month', "the second Friday is written --on-calendar 'Fri *-*-8..14'"],
	[/^[0-9L]+W$/i, '"W" for the nearest workday', "there is no such calendar; Mon..Fri restricts one to workdays"],
	[/^H\b|~/, "a time by chance", "--jitter DURATION delays each firing"],
];

/**
 * "0 9 * * 1-5", "0 0 1,15 jan-mar *", "@daily", all in the machine's own time zone.
 *
 * Where day of the month and weekday are both restricted, either is enough: that makes two rules. Vixie's cron asks only
 * whether a field begins with a star, so one with a star and a step ("every second day") must hold together with the other.
 *
 * @throws ChoreError INVALID_ARGUMENT with the place and the reason
 */
export function readCron(text: string): Calendar {
	const expression = new Expression("cron line", text.replaceAll("\t", " "), "0 9 * * 1-5");
	const words = expression.words();
	if (words[0].text.startsWith("@")) return readShorthand(expression, words);
	const [minute, hour, day, month, weekday, more] = words;
	if (hour === undefined || day === undefined || month === undefined || weekday === undefined || more !== undefined) {
		const wrong = `it has ${words.length} fields instead of five: minute, hour, day of the month, month, weekday`;
		throw expression.fault((more ?? words[0]).at, wrong, more && "the command comes after --; seconds can be said with --on-calendar");
	}
	const rule = {
		years: "any",
		daysFromEnd: "any",
		months: readField(expression, month, "months"),
		hours: readField(expression, hour, "hours"),
		minutes: readField(expression, minute, "minutes"),
		seconds: [0],
		zone: null,
	} as const;
	const days = readField(expression, day, "days");
	const weekdays = readField(expression, weekday, "weekdays");
	if (startsWithStar(day) || startsWithStar(weekday)) return [{ ...rule, days, weekdays }];
	return [
		{ ...rule, days, weekdays: "any" },
		{ ...rule, days: "any", weekdays },
	];
}

function readShorthand(expression: Expression, [{ text, at }, more]: readonly [Part, ...Part[]]): Calendar {
	const name = text.toLowerCase();
	const instead = NO_CALENDARS.get(name);
	if (instead !== undefined) throw expression.fault(at, `${name} is no calendar`, instead);
	const line = SHORTHANDS.get(name);
	if (line === undefined) throw expression.fault(at, `there is no ${shown(text)}`, `there are ${[...SHORTHANDS.keys()].join(", ")}`);
	if (more !== undefined) throw expression.fault(more.at, `nothing follows ${name}`);
	return readCron(line);
}

function startsWithStar({ text }: Part): boolean {
	return text.startsWith("*");
}

/** A list of "*", "5", "5-20", with a step after a star or a range: "5-20/5". */
function readField(expression: Expression, word: Part, field: CronField): Values {
	const [least, greatest] = RANGES[field];
	const values = union(split(word, ",").map((element) => readElement(expression, element, field)));
	return startsWithStar(word) && values.length === greatest - least + 1 ? "any" : values;
}

function readElement(expression: Expression, element: Part, field: CronField): readonly number[] {
	const { text, at } = element;
	const match = /^(?:(\*)|([0-9]+|[a-z]+)(?:-([0-9]+|[a-z]+))?)(?:\/([0-9]+))?$/i.exec(text);
	if (match === null) throw noValue(expression, element, field);
	const [, star, first = "", last, repetition] = match;
	const [least, greatest] = field === "weekdays" ? [0, 7] : RANGES[field];
	const value = (text: string, at: number) => {
		const name = NAMES[field]?.indexOf(text.toLowerCase()) ?? -1;
		if (name < 0 && !/^[0-9]/.test(text)) throw noValue(expression, { text, at }, field);
		return checkRange(expression, { text, at }, name < 0 ? Number(text) : name, field, [least, greatest]);
	};
	const from = star === undefined ? value(first, at) : least;
	const to = star !== undefined ? greatest : last === undefined ? from : value(last, at + first.length + 1);
	if (to < from)
		throw expression.fault(at, `the range ${shown(text)} goes backwards`, field === "weekdays" ? "Sunday is 7, too" : undefined);
	if (repetition !== undefined && star === undefined && last === undefined)
		throw expression.fault(
			at,
			"a step after a single number is read in two ways",
			`write ${from} or ${from}-${greatest}/${shown(repetition)}`,
		);
	const step = Math.min(Number(repetition ?? 1), Number.MAX_SAFE_INTEGER);
	if (repetition !== undefined && (step === 0 || step > to - from))
		throw expression.fault(at, `${shown(text)} does not repeat from ${from} to ${to}`, `write ${from} for once`);
	const values = progression(from, to, step);
	return field === "weekdays" ? values.map((day) => day || 7) : values;
}

function noValue(expression: Expression, { text, at }: Part, field: CronField): Error {
	const extension = EXTENSIONS.find(([pattern]) => pattern.test(text));
	if (extension !== undefined) return expression.fault(at, `${extension[1]} is not known to cron`, extension[2]);
	return expression.fault(at, text === "" ? `a ${NOUNS[field]} is missing` : `${JSON.stringify(shown(text))} is no ${NOUNS[field]}`);
}
