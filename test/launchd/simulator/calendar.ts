/** StartCalendarInterval: when a job is due. */
import type { Value } from "./property-list.ts";

const MINUTE_MS = 60_000;

/**
 * Whether a slot lies between two times. However many there are, a job that missed them is started once.
 *
 * @param intervals the key's value: a dictionary, or an array of them
 */
export function isDue(intervals: Value, afterMs: number, untilMs: number): boolean {
	const slots = Array.isArray(intervals) ? intervals : [intervals];
	for (let at = Math.floor(afterMs / MINUTE_MS + 1) * MINUTE_MS; at <= untilMs; at += MINUTE_MS) {
		if (slots.some((slot) => matches(slot as Readonly<Record<string, number>>, new Date(at)))) return true;
	}
	return false;
}

/** A key that is missing matches always; day and weekday together match either. */
function matches({ Minute, Hour, Day, Weekday, Month }: Readonly<Record<string, number>>, time: Date): boolean {
	const fits = (wanted: number | undefined, actual: number): boolean => wanted === undefined || wanted === actual;
	if (!fits(Minute, time.getMinutes()) || !fits(Hour, time.getHours()) || !fits(Month, time.getMonth() + 1)) return false;
	const weekday = Weekday === undefined ? undefined : Weekday % 7;
	if (Day !== undefined && weekday !== undefined) return Day === time.getDate() || weekday === time.getDay();
	return fits(Day, time.getDate()) && fits(weekday, time.getDay());
}
