/**
 * What a crontab and launchd can be told alike: minutes of the machine's own clock, by day of the month or by weekday. That holds
 * at all moments of a calendar, and at others besides: the program that they run (`Wake.due` in contract.ts) tells them apart. Pure.
 */
import { type Calendar, type Field, listed, meet, RANGES, type Rule, type Values } from "../calendar.ts";

/** Only the day of the month or only the weekday is restricted: both systems take the two as alternatives. */
export type Slot = Pick<Rule, "months" | "days" | "weekdays" | "hours" | "minutes">;

/** What of a calendar they cannot be told, to be said after their name: "has no seconds". */
export function lackingFor(calendar: Calendar): string | undefined {
	if (calendar.some(({ seconds }) => seconds === "any" || seconds.join() !== "0")) return "has no seconds";
	if (calendar.some(({ zone }) => zone !== null && zone !== "UTC")) return "has no time zone but the machine's own and UTC";
	if (new Set(calendar.map(({ zone }) => zone)).size > 1) return "cannot keep moments in UTC beside others";
	return undefined;
}

/** Slots for a calendar that `lackingFor` finds no fault with. Of days and weekdays each has the ones that come less often. */
export function slotsOf(calendar: Calendar): readonly Slot[] {
	return calendar.flatMap((rule) => {
		const days = meet(rule.days, daysOf(rule.daysFromEnd));
		if (days === undefined) return [];
		const { months, weekdays, hours, minutes } = rule;
		const slot = { months, days, weekdays, hours, minutes };
		return [rarer(rule.zone === null ? slot : anywhere(slot))];
	});
}

/** Whether the field restricts nothing. */
export function isWhole(values: Values, field: keyof Slot): boolean {
	return values === "any" || values.length === listed("any", field).length;
}

/** For both systems Sunday is 0. */
export function sundayFirst(weekdays: Values): Values {
	return weekdays === "any" ? "any" : ascending(weekdays.map((day) => day % 7));
}

function rarer(slot: Slot): Slot {
	const days = isWhole(slot.days, "days") ? "any" : slot.days;
	const weekdays = isWhole(slot.weekdays, "weekdays") ? "any" : slot.weekdays;
	if (days === "any" || weekdays === "any") return { ...slot, days, weekdays };
	return days.length / 31 <= weekdays.length / 7 ? { ...slot, days, weekdays: "any" } : { ...slot, days: "any", weekdays };
}

/** The days of the month that can be so many from its end, as months have 28 to 31 days. */
function daysOf(daysFromEnd: Values): Values {
	if (daysFromEnd === "any") return "any";
	return ascending(daysFromEnd.flatMap((day) => [28, 29, 30, 31].map((length) => length + 1 - day)).filter((day) => day > 0));
}

/** Of a slot in UTC all minutes at which it may hold by a clock that is off by quarters of an hour, up to a day. */
function anywhere({ months, days, weekdays, minutes }: Slot): Slot {
	return {
		months: days === "any" || days.some((day) => day === 1 || day >= 28) ? withNeighbours(months, "months") : months,
		days:
			days === "any"
				? "any"
				: ascending(
						days
							.flatMap((day) => (day >= 28 ? [day - 1, day, day + 1, 1] : day === 1 ? [28, 29, 30, 31, 1, 2] : [day - 1, day, day + 1]))
							.filter((day) => day <= 31),
					),
		weekdays: withNeighbours(weekdays, "weekdays"),
		hours: "any",
		minutes: minutes === "any" ? "any" : ascending(minutes.flatMap((minute) => [0, 15, 30, 45].map((more) => (minute + more) % 60))),
	};
}

/** Each value with the one before and the one after it; after the greatest comes the least. */
function withNeighbours(values: Values, field: Field): Values {
	const [least, greatest] = RANGES[field];
	const count = greatest - least + 1;
	const around = (value: number): readonly number[] => [-1, 0, 1].map((more) => least + ((value - least + more + count) % count));
	return values === "any" ? "any" : ascending(values.flatMap(around));
}

function ascending(values: readonly number[]): readonly number[] {
	return [...new Set(values)].sort((one, other) => one - other);
}
