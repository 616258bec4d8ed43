/** The two files by which the program `due` (due.sh) tells whether a moment of a calendar is due. */
import { type Calendar, type Values, wholeMinutes } from "../../../platform/calendar.ts";
import { machineZone } from "../../../platform/machine-zone.ts";
import { replaceFile } from "../disk/files.ts";
import { type Schedule, wakingOf } from "../schedule/schedule.ts";

/** @param folder the folder of the schedule */
export function writeCalendar(folder: string, schedule: Schedule): void {
	const { calendar } = wakingOf(schedule);
	replaceFile(`${folder}/calendar`, `${schedule.missed} ${clockOf(calendar)}\n${calendarLines(wholeMinutes(calendar))}`);
}

/** Notes that no moment up to this one is due any more. */
export function writeLooked(folder: string, schedule: Schedule, timeMs: number): void {
	const timeZone = clockOf(wakingOf(schedule).calendar) === "utc" ? "UTC" : machineZone();
	const two = "2-digit";
	const fields = { year: "numeric", month: two, day: two, hour: two, minute: two, hourCycle: "h23", timeZone } as const;
	const parts = new Intl.DateTimeFormat("en", fields).formatToParts(timeMs);
	const { year, month, day, hour, minute } = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
	replaceFile(`${folder}/looked`, `${year}-${month}-${day} ${hour}:${minute}\n`);
}

/** Whose minutes are compared with the calendar: what asks `due` refuses other zones, and both at once. */
function clockOf(calendar: Calendar): "utc" | "local" {
	return calendar.every(({ zone }) => zone === "UTC") ? "utc" : "local";
}

/** A line for each rule. Seconds are left out: what asks `due` has none. */
function calendarLines(calendar: Calendar): string {
	return calendar
		.map(({ years, months, days, daysFromEnd, weekdays, hours, minutes }) =>
			[years, months, days, daysFromEnd, weekdays, hours, minutes].map(fieldText).join(" "),
		)
		.map((line) => `${line}\n`)
		.join("");
}

/** Each number is between two commas. */
function fieldText(values: Values): string {
	return values === "any" ? "*" : `,${values.join(",")},`;
}
