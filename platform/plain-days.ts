/** Says days that are counted from the end of the month as days counted from its beginning. Pure. */
import { listed, meet, type Rule, type Values } from "./calendar.ts";

const YEARS = listed("any", "years");
const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

/** The months by their length. February has two. */
const LENGTHS: readonly (readonly [days: number, months: Values, years: Values])[] = [
	[31, [1, 3, 5, 7, 8, 10, 12], "any"],
	[30, [4, 6, 9, 11], "any"],
	[29, [2], YEARS.filter(isLeap)],
	[28, [2], YEARS.filter((year) => !isLeap(year))],
];

/** The same moments as rules of which none counts days from the end: up to four, one for each length of a month. */
export function plainDays(rule: Rule): readonly Rule[] {
	const { daysFromEnd } = rule;
	if (daysFromEnd === "any") return [rule];
	return LENGTHS.flatMap(([length, ofLength, inYears]) => {
		const years = meet(rule.years, inYears);
		const months = meet(rule.months, ofLength);
		const days = meet(rule.days, daysFromEnd.map((day) => length + 1 - day).reverse());
		if (years === undefined || months === undefined || days === undefined) return [];
		return [{ ...rule, years, months, days, daysFromEnd: "any" as const }];
	});
}
