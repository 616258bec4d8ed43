/** Writes a calendar as the five fields of lines of a crontab, in what every crontab(5) reads: plain numbers, ranges, lists and stars. Pure. */
import { type Calendar, runs, type Values, wholeMinutes } from "../calendar.ts";
import { isWhole, lackingFor, type Slot, slotsOf, sundayFirst } from "../shell/slot.ts";

/** A crontab is read by people, too. */
const MOST_LINES = 100;

/**
 * The fields of one line a rule, none twice. Several lines may hold at the same minute, and any at minutes that are none of the
 * calendar's. A star stays a star, and a list of all hours is no star: Vixie's cron makes up for jobs of a fixed hour when the clock
 * jumps, not for those of any hour or minute.
 *
 * @returns `cannot`, in one clause, if a crontab cannot say it
 */
export function cronFields(given: Calendar): { readonly lines: readonly string[] } | { readonly cannot: string } {
	const calendar = wholeMinutes(given);
	const lacking = lackingFor(calendar);
	if (lacking !== undefined) return { cannot: `a crontab ${lacking}` };
	const lines = [...new Set(slotsOf(calendar).map(fieldsOf))];
	return lines.length > MOST_LINES ? { cannot: `a crontab would need more than ${MOST_LINES} lines` } : { lines };
}

function fieldsOf({ minutes, hours, days, months, weekdays }: Slot): string {
	const everyMinute = isWhole(minutes, "minutes") ? "any" : minutes;
	return [everyMinute, hours, days, months, sundayFirst(weekdays)].map(fieldText).join(" ");
}

function fieldText(values: Values): string {
	if (values === "any") return "*";
	return runs(values)
		.map((run) => (run.length > 2 ? `${run[0]}-${run.at(-1)}` : run.join(",")))
		.join(",");
}
