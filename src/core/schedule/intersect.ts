/** The moments at which several calendars hold at once. Pure. */
import { type Calendar, type Field, meet, RANGES, type Rule } from "../../../platform/calendar.ts";
import { ChoreError } from "../../../platform/errors.ts";

/** Far more than anybody means. Each becomes a line of a timer or of a crontab, or several. */
const MOST_RULES = 100;

/**
 * The calendar that holds when both hold. It has no rule if they exclude each other at once; with rules it may still never hold
 * (the 30th of February), which `nextTimes` finds.
 *
 * @throws ChoreError INVALID_ARGUMENT if their time zones differ, or the alternatives of one with those of the other are too many
 */
export function intersect(one: Calendar, other: Calendar): Calendar {
	const rules = new Map(
		one.flatMap((rule) => other.flatMap((another) => both(rule, another) ?? [])).map((rule) => [JSON.stringify(rule), rule]),
	);
	if (rules.size <= MOST_RULES) return [...rules.values()];
	throw new ChoreError(
		"INVALID_ARGUMENT",
		`the calendars that must hold at once have ${rules.size} alternatives, more than ${MOST_RULES}`,
		{
			hint: "say it with fewer calendars: each alternative of one is combined with each of the other",
		},
	);
}

function both(one: Rule, other: Rule): Rule | undefined {
	if (one.zone !== other.zone) throw zonesDiffer(one, other);
	let rule = one;
	for (const field of Object.keys(RANGES) as Field[]) {
		const values = meet(one[field], other[field]);
		if (values === undefined) return undefined;
		rule = { ...rule, [field]: values };
	}
	return rule;
}

function zonesDiffer(...rules: readonly Rule[]): ChoreError {
	const zones = rules.map(({ zone }) => zone ?? "the machine's own").join(" and ");
	return new ChoreError("INVALID_ARGUMENT", `calendars that must hold at once are in different time zones: ${zones}`, {
		hint: "say them in one time zone",
	});
}
