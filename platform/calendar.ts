/**
 * Calendars in one neutral form: what the core reads from systemd's syntax or from a cron line, and what each platform writes
 * in its own words. Plain data, so that it can be kept in a record.
 */

/** The whole numbers at which a field holds: any of it, or these, ascending, none twice, at least one. cron tells "any" from a list of all. */
export type Values = "any" | readonly number[];

/** The moments at which every field holds: a product of sets. */
export interface Rule {
	/** 1970 to 2199, as in systemd. */
	readonly years: Values;
	/** 1 is January. */
	readonly months: Values;
	/** Days of the month. */
	readonly days: Values;
	/** Days of the month counted from its end: 1 is the last one, and 28 one that every month has. */
	readonly daysFromEnd: Values;
	/** 1 is Monday, 7 is Sunday (ISO 8601). */
	readonly weekdays: Values;
	readonly hours: Values;
	readonly minutes: Values;
	readonly seconds: Values;
	/** Whose date and time of day: "UTC", a name such as "Europe/Berlin", or null for the time zone that the machine has at that moment. */
	readonly zone: string | null;
}

/** The moments at which one or more of the rules hold. Without a rule there are none. */
export type Calendar = readonly Rule[];

/**
 * What a job is woken on beside a calendar: so many whole seconds after an event, or at once when a clock is changed.
 *
 * armed: what wakes it began to wait, which it does again whenever the platform itself begins. boot: that of the machine.
 * platform-start: that of the platform, such as a user's manager. run-start, run-end: those of the run that it woke the job for
 * last. An event before it was armed counts.
 */
export type Occasion =
	| { readonly after: "armed" | "boot" | "platform-start" | "run-start" | "run-end"; readonly delayMs: number }
	| { readonly on: "clock-change" | "timezone-change" };

/** A field of a rule that holds numbers. */
export type Field = Exclude<keyof Rule, "zone">;

/** The least and the greatest number of each field. */
export const RANGES: Readonly<Record<Field, readonly [least: number, greatest: number]>> = {
	years: [1970, 2199],
	months: [1, 12],
	days: [1, 31],
	daysFromEnd: [1, 28],
	weekdays: [1, 7],
	hours: [0, 23],
	minutes: [0, 59],
	seconds: [0, 59],
};

/** The numbers as a list, also for "any". */
export function listed(values: Values, field: Field): readonly number[] {
	if (values !== "any") return values;
	const [least, greatest] = RANGES[field];
	return Array.from({ length: greatest - least + 1 }, (_, index) => least + index);
}

/** The calendar with each single moment put off to the next whole minute: for what knows minutes only. */
export function wholeMinutes(calendar: Calendar): Calendar {
	return calendar.map((rule) => {
		const { years, months, days, daysFromEnd, weekdays, hours, minutes, seconds, zone } = rule;
		const [year, month, day, hour, minute, second, another] = [years, months, days, hours, minutes, seconds].flatMap((values) =>
			values === "any" ? [] : values,
		);
		if (zone !== "UTC" || weekdays !== "any" || daysFromEnd !== "any" || second === undefined || another !== undefined || !second)
			return rule;
		const moment = new Date(Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, (minute ?? 0) + 1));
		return {
			...rule,
			years: [moment.getUTCFullYear()],
			months: [moment.getUTCMonth() + 1],
			days: [moment.getUTCDate()],
			hours: [moment.getUTCHours()],
			minutes: [moment.getUTCMinutes()],
			seconds: [0],
		};
	});
}

/** The numbers at which both hold. @returns undefined where there are none */
export function meet(one: Values, other: Values): Values | undefined {
	if (one === "any") return other;
	if (other === "any") return one;
	const both = one.filter((value) => other.includes(value));
	return both.length === 0 ? undefined : both;
}

/** The numbers divided into rows in which each is one more than the one before. */
export function runs(values: readonly number[]): readonly (readonly number[])[] {
	const rows: number[][] = [];
	for (const value of values) {
		const row = rows.at(-1);
		if (row?.at(-1) === value - 1) row.push(value);
		else rows.push([value]);
	}
	return rows;
}
