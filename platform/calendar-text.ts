/** Writes calendars in the normal form of systemd.time(7), which people read and OnCalendar= of a timer takes. Pure. */
import { type Calendar, type Field, RANGES, type Rule, runs, type Values } from "./calendar.ts";
import { plainDays } from "./plain-days.ts";

const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** "Mon..Fri *-*-* 09:00:00", "*-*~01 00:00:00 UTC": a text for each rule, or several where it has no single one; none twice. */
export function calendarTexts(calendar: Calendar): readonly string[] {
	return [...new Set(calendar.flatMap(sayable).map(ruleText))];
}

/**
 * systemd knows days counted from the beginning or from the end, not both at once. Of a list of days from the end it refuses a
 * second one above 25, a third above 22, and so on (252), so that each row of days is a text of its own.
 */
function sayable(rule: Rule): readonly Rule[] {
	if (rule.daysFromEnd === "any") return [rule];
	return rule.days === "any" ? runs(rule.daysFromEnd).map((daysFromEnd) => ({ ...rule, daysFromEnd })) : plainDays(rule);
}

function ruleText(rule: Rule): string {
	const day = rule.daysFromEnd === "any" ? `-${valuesText(rule, "days")}` : `~${daysFromEndText(rule.daysFromEnd)}`;
	const date = `${valuesText(rule, "years")}-${valuesText(rule, "months")}${day}`;
	const time = (["hours", "minutes", "seconds"] as const).map((field) => valuesText(rule, field)).join(":");
	return [weekdaysText(rule.weekdays), date, time, rule.zone ?? ""].filter((word) => word !== "").join(" ");
}

function weekdaysText(weekdays: Values): string {
	return weekdays === "any" ? "" : runsText(weekdays, (day) => String(WEEKDAYS[day - 1]));
}

/** One row of days: a list of two would be refused above 25. */
function daysFromEndText(days: readonly number[]): string {
	return [...new Set([days[0], days.at(-1)])].map((day) => String(day).padStart(2, "0")).join("..");
}

function valuesText(rule: Rule, field: Exclude<Field, "daysFromEnd" | "weekdays">): string {
	const values = rule[field];
	if (values === "any") return "*";
	const name = (value: number) => String(value).padStart(2, "0");
	const [first = 0, second = first] = values;
	const last = values.at(-1) ?? first;
	const step = second - first;
	if (values.length < 3 || step === 1 || values.some((value, index) => value !== first + index * step)) return runsText(values, name);
	// From days without an end systemd counts on beyond the end of December, and misses the first ones of January (252).
	const isOpen = field !== "days" && last + step > RANGES[field][1];
	return isOpen ? `${name(first)}/${step}` : `${name(first)}..${name(last)}/${step}`;
}

/** A list, in which three numbers in a row and more are a range. */
function runsText(values: readonly number[], name: (value: number) => string): string {
	return runs(values)
		.map((run) => run.map(name))
		.map((names) => (names.length > 2 ? `${names[0]}..${names.at(-1)}` : names.join(",")))
		.join(",");
}
