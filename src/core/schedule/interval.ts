/** Turns an interval into moments at which a job is woken, and a least time between two firings. Pure. */
import { type Calendar, listed, type Rule } from "../../../platform/calendar.ts";
import { ChoreError } from "../../../platform/errors.ts";

const SECOND_MS = 1000;
const MINUTE_SECONDS = 60;
const HOUR_MINUTES = 60;
const DAY_MINUTES = 24 * HOUR_MINUTES;

/** How an interval is kept by a platform that knows calendars only. */
export interface WakeUps {
	readonly calendar: Calendar;
	/** What must have passed since the last firing, in milliseconds; null where each moment of the calendar is one to fire at. */
	readonly guardMs: number | null;
	/** Milliseconds from one moment of the calendar to the next. */
	readonly stepMs: number;
}

/**
 * The moments lie on a grid that goes through the moment of creation and is the same each day. In UTC an interval that divides a
 * day is its own grid: no moment is lost or doubled when clocks are changed. Any other is rounded down to one that does ("every 7
 * minutes" to 1, "every 14 days" to a day), and the guard counts. One that is not in whole minutes is rounded down to one that
 * divides a minute ("every 90 s" to 30).
 *
 * @param intervalMs whole seconds in milliseconds, one or more
 * @param createdMs milliseconds since 1970
 * @throws ChoreError INVALID_ARGUMENT
 */
export function wakeUps(intervalMs: number, createdMs: number): WakeUps {
	const seconds = intervalMs / SECOND_MS;
	if (!(seconds >= 1 && Number.isSafeInteger(seconds)))
		throw new ChoreError("INVALID_ARGUMENT", `an interval is a whole number of seconds, at least one, not ${seconds} s`, {
			hint: "for example 10s, 1min, 90min, 6h or 14d",
		});
	const created = new Date(createdMs);
	if (seconds % MINUTE_SECONDS !== 0) {
		const step = greatestCommonDivisor(seconds, MINUTE_SECONDS);
		const list = listed("any", "seconds").filter((second) => (second - created.getUTCSeconds()) % step === 0);
		const calendar: Calendar = [{ ...EVERY_MINUTE, seconds: list.length === MINUTE_SECONDS ? "any" : list }];
		return { calendar, guardMs: step === seconds ? null : intervalMs, stepMs: step * SECOND_MS };
	}
	const minutes = seconds / MINUTE_SECONDS;
	const step = greatestCommonDivisor(minutes, DAY_MINUTES);
	const minuteOfDay = created.getUTCHours() * HOUR_MINUTES + created.getUTCMinutes();
	return {
		calendar: grid(step, minuteOfDay),
		guardMs: step === minutes ? null : intervalMs,
		stepMs: step * MINUTE_SECONDS * SECOND_MS,
	};
}

const EVERY_MINUTE: Rule = {
	years: "any",
	months: "any",
	days: "any",
	daysFromEnd: "any",
	weekdays: "any",
	hours: "any",
	minutes: "any",
	seconds: [0],
	zone: "UTC",
};

/** Each `step` minutes of a day, through the given minute. Hours with the same minutes are one rule. */
function grid(step: number, minuteOfDay: number): Calendar {
	const hoursByMinutes = new Map<string, number[]>();
	for (const hour of listed("any", "hours")) {
		const minutes = listed("any", "minutes").filter((minute) => (hour * HOUR_MINUTES + minute - minuteOfDay) % step === 0);
		if (minutes.length > 0) hoursByMinutes.set(minutes.join(","), [...(hoursByMinutes.get(minutes.join(",")) ?? []), hour]);
	}
	return [...hoursByMinutes].map(([minutes, hours]): Rule => {
		const list = minutes.split(",").map(Number);
		return {
			...EVERY_MINUTE,
			hours: hours.length === 24 ? "any" : hours,
			minutes: list.length === 60 ? "any" : list,
		};
	});
}

function greatestCommonDivisor(one: number, other: number): number {
	return other === 0 ? one : greatestCommonDivisor(other, one % other);
}
