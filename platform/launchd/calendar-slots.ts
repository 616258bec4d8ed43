/** Writes a calendar as dictionaries of StartCalendarInterval, launchd.plist(5). Pure. */
import { type Calendar, listed, type Values, wholeMinutes } from "../calendar.ts";
import { isWhole, lackingFor, type Slot, slotsOf, sundayFirst } from "../shell/slot.ts";

/** A dictionary holds one number for a field, so that lists multiply. */
const MOST_SLOTS = 500;

const KEYS = [
	["months", "Month"],
	["days", "Day"],
	["weekdays", "Weekday"],
	["hours", "Hour"],
	["minutes", "Minute"],
] as const;

/** A field that is left out is any. */
export type CalendarSlot = Readonly<Partial<Record<(typeof KEYS)[number][1], number>>>;

/**
 * The dictionaries of one agent, none twice. launchd starts a job once, however many of its dictionaries hold; some may hold at
 * moments that are none of the calendar's.
 *
 * @returns `cannot`, in one clause, if launchd cannot be told so
 */
export function calendarSlots(given: Calendar): { readonly slots: readonly CalendarSlot[] } | { readonly cannot: string } {
	const calendar = wholeMinutes(given);
	const lacking = lackingFor(calendar);
	if (lacking !== undefined) return { cannot: `launchd ${lacking}` };
	const slots = slotsOf(calendar);
	if (slots.map(count).reduce((sum, one) => sum + one, 0) > MOST_SLOTS)
		return { cannot: `launchd would need more than ${MOST_SLOTS} calendar slots` };
	const dictionaries = new Map(slots.flatMap(dictionariesOf).map((one) => [JSON.stringify(one), one]));
	return { slots: [...dictionaries.values()] };
}

function count(slot: Slot): number {
	return KEYS.reduce((product, [field]) => product * choices(slot, field).length, 1);
}

function dictionariesOf(slot: Slot): readonly CalendarSlot[] {
	const dictionaries = KEYS.reduce<readonly CalendarSlot[]>(
		(made, [field, key]) =>
			made.flatMap((one) => choices(slot, field).map((value) => (value === undefined ? one : { ...one, [key]: value }))),
		[{}],
	);
	// launchd.plist(5) does not say what a dictionary without a key means.
	return dictionaries.flatMap<CalendarSlot>((one) =>
		Object.keys(one).length > 0 ? [one] : listed("any", "minutes").map((Minute) => ({ Minute })),
	);
}

/** The numbers of which each needs a dictionary; undefined for a field that is left out. */
function choices(slot: Slot, field: (typeof KEYS)[number][0]): readonly (number | undefined)[] {
	const values: Values = field === "weekdays" ? sundayFirst(slot.weekdays) : slot[field];
	return values === "any" || isWhole(values, field) ? [undefined] : values;
}
