/** What a crontab and launchd can be told alike: minutes of the machine's own clock, by day of the month or by weekday. Pure. */
import { type Calendar, listed, type Rule, type Values } from "../calendar.ts";

/** The rest of a rule, which the program that they wake must check: today is one of these. */
export type DayGuard = { readonly days: readonly number[] } | { readonly weekdays: readonly number[] };

/** A rule of which only the day of the month or only the weekday is restricted; if both were, the rest is in the guard. */
export interface Slot extends Pick<Rule, "months" | "days" | "weekdays" | "hours" | "minutes"> {
	readonly guard: DayGuard | null;
}

/** What of a calendar they cannot be told, to be said after their name: "has no years". */
export function lackingFor(calendar: Calendar): string | undefined {
	if (calendar.some(({ seconds }) => seconds === "any" || seconds.join() !== "0")) return "has no seconds";
	if (calendar.some(({ years }) => years !== "any")) return "has no years";
	if (calendar.some(({ daysFromEnd }) => daysFromEnd !== "any")) return "cannot count days from the end of the month";
	if (calendar.some(({ zone }) => zone !== null)) return "has no time zone but the machine's own";
	return undefined;
}

/**
 * Of a rule that `lackingFor` finds no fault with. Both systems take a day of the month and a weekday as alternatives, so they are
 * told the one that wakes less often.
 */
export function slotOf({ months, days, weekdays, hours, minutes }: Rule): Slot {
	const [everyDay, everyWeekday] = [isWhole(days, "days"), isWhole(weekdays, "weekdays")];
	const slot = { months, days: everyDay ? "any" : days, weekdays: everyWeekday ? "any" : weekdays, hours, minutes, guard: null } as const;
	if (slot.days === "any" || slot.weekdays === "any") return slot;
	return slot.days.length / 31 <= slot.weekdays.length / 7
		? { ...slot, weekdays: "any", guard: { weekdays: slot.weekdays } }
		: { ...slot, days: "any", guard: { days: slot.days } };
}

/** Whether the field restricts nothing. */
export function isWhole(values: Values, field: keyof Omit<Slot, "guard">): boolean {
	return values === "any" || values.length === listed("any", field).length;
}

/** For both systems Sunday is 0. */
export function sundayFirst(weekdays: Values): Values {
	return weekdays === "any" ? "any" : weekdays.map((day) => day % 7).sort((one, other) => one - other);
}
