/** Writes a calendar as lines of a crontab, in what every crontab(5) reads: plain numbers, ranges, lists and stars. Pure. */
import { type Calendar, runs, type Values } from "../calendar.ts";
import { type DayGuard, lackingFor, type Slot, slotOf, sundayFirst } from "../shell/slot.ts";
import { disjoint } from "./disjoint.ts";

/** A crontab is read by people, too. */
const MOST_LINES = 100;

/** The five fields of a line, and what the program that it starts must check about the day. */
export interface CronLine {
	readonly fields: string;
	readonly guard: DayGuard | null;
}

/**
 * One line a rule, more where rules overlap: no two lines hold at the same minute. A star stays a star, and a list of all hours is
 * no star: Vixie's cron makes up for jobs of a fixed hour when the clock jumps, not for those of any hour or minute.
 *
 * @returns `cannot`, in one clause, if a crontab cannot say it
 */
export function cronLines(calendar: Calendar): { readonly lines: readonly CronLine[] } | { readonly cannot: string } {
	const lacking = lackingFor(calendar);
	if (lacking !== undefined) return { cannot: `a crontab ${lacking}` };
	const rules = disjoint(calendar, MOST_LINES);
	if (rules === undefined) return { cannot: `a crontab would need more than ${MOST_LINES} lines` };
	return { lines: rules.map(slotOf).map((slot) => ({ fields: fieldsOf(slot), guard: slot.guard })) };
}

function fieldsOf({ minutes, hours, days, months, weekdays }: Slot): string {
	return [minutes, hours, days, months, sundayFirst(weekdays)].map(fieldText).join(" ");
}

function fieldText(values: Values): string {
	if (values === "any") return "*";
	return runs(values)
		.map((run) => (run.length > 2 ? `${run[0]}-${run.at(-1)}` : run.join(",")))
		.join(",");
}
