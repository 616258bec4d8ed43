/** The two files by which the program `due` (due.sh) tells whether a moment of a calendar is due. */
import type { Calendar, Values } from "../../../platform/calendar.ts";
import { replaceFile } from "../disk/files.ts";
import { type Schedule, wakingOf } from "../schedule/schedule.ts";

/** @param folder the folder of the schedule */
export function writeCalendar(folder: string, schedule: Schedule): void {
	replaceFile(`${folder}/calendar`, `${schedule.missed}\n${calendarLines(wakingOf(schedule).calendar)}`);
}

/** Notes that no moment up to this one is due any more. */
export function writeLooked(folder: string, moment: Date): void {
	const [month, day, hour, minute] = [moment.getMonth() + 1, moment.getDate(), moment.getHours(), moment.getMinutes()].map((number) =>
		String(number).padStart(2, "0"),
	);
	replaceFile(`${folder}/looked`, `${moment.getFullYear()}-${month}-${day} ${hour}:${minute}\n`);
}

/** A line for each rule. Seconds and time zones are left out: what asks `due` has neither. */
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
