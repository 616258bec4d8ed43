/** What the readers of calendars share: numbers within the range of a field, and sets made of ranges. */
import { type Field, RANGES } from "../../../platform/calendar.ts";
import type { Expression, Part } from "./expression.ts";

/** A field in the singular, for messages. */
export const NOUNS: Readonly<Record<Field, string>> = {
	years: "year",
	months: "month",
	days: "day",
	daysFromEnd: "day from the end",
	weekdays: "weekday",
	hours: "hour",
	minutes: "minute",
	seconds: "second",
};

/** The first is the weekday 1. */
export const WEEKDAYS: readonly string[] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/** @returns the value. @throws ChoreError INVALID_ARGUMENT if it is out of range */
export function checkRange(
	expression: Expression,
	word: Part,
	value: number,
	field: Field,
	[least, greatest]: readonly [number, number] = RANGES[field],
): number {
	if (value >= least && value <= greatest) return value;
	throw expression.fault(word.at, `the ${NOUNS[field]} ${shown(word.text)} is not from ${least} to ${greatest}`);
}

/** `from` and each `step` after it until `to`; downwards if `to` is less. */
export function progression(from: number, to: number, step: number): readonly number[] {
	const direction = Math.sign(to - from);
	return Array.from({ length: Math.floor(Math.abs(to - from) / step) + 1 }, (_, index) => from + direction * index * step);
}

/** All numbers of the lists, ascending, none twice. */
export function union(lists: readonly (readonly number[])[]): readonly number[] {
	return [...new Set(lists.flat())].sort((one, other) => one - other);
}

/** A word of the user in a message, cut if it is long. */
export function shown(text: string): string {
	return text.length > 20 ? `${text.slice(0, 20)}…` : text;
}
