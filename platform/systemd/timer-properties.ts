/** Checks the properties of a timer, as `--timer-property` of systemd-run has them: systemd.timer(5). Pure. */
import { closest } from "../closest.ts";
import type { NativeOptions } from "../contract.ts";
import { split } from "./properties.ts";
import { invalid, quoted } from "./property-refusals.ts";
import { readBoolean, readTime } from "./values.ts";

/** Those that are taken, with the values that each takes. */
const TAKEN: Readonly<Record<string, { readonly takes: string; readonly isRight: (value: string) => boolean }>> = {
	AccuracySec: { takes: "a time from 1us on (1min)", isRight: (value) => (readTime(value) ?? 0) >= 1 },
	FixedRandomDelay: { takes: "yes or no", isRight: (value) => readBoolean(value) !== undefined },
};

/** Those that would undo what chore asks the timer for, and what to use instead. */
const REFUSED: readonly (readonly [names: RegExp, instead: string])[] = [
	[/^On(Calendar|(Active|Boot|Startup|Unit(Active|Inactive))Sec|ClockChange|TimezoneChange)$/, "use --on-calendar, --on-boot and the like"],
	[/^Persistent$/, "use --missed"],
	[/^Randomized/, "use --jitter"],
	[/^DeferReactivation$/, "a moment at which a run is active is skipped"],
	[/^WakeSystem$/, "the timer of a user's manager fails with it; chore wakes no machine"],
	[/^RemainAfterElapse$/, "a schedule ends after its last run, or with `chore rm`"],
	[/^Unit$/, "the command of a job is what follows --"],
];

/** As they were given, `Name=Value` each. @throws ChoreError INVALID_ARGUMENT with what to use instead */
export function timerProperties({ timerProperties: given = [] }: NativeOptions): readonly string[] {
	const words = typeof given === "string" ? [given] : given;
	for (const word of words) check(...split(word));
	return words;
}

function check(name: string, value: string): void {
	const taken = Object.hasOwn(TAKEN, name) ? TAKEN[name] : undefined;
	if (taken === undefined) refuse(name);
	if (/\p{Cc}/u.test(value) || !taken.isRight(value))
		throw invalid(`${name} takes ${taken.takes}, not ${quoted(value)}`, "see systemd.timer(5)");
}

function refuse(name: string): never {
	const instead = REFUSED.find(([names]) => names.test(name))?.[1];
	if (instead !== undefined) throw invalid(`the property ${name} cannot be set for the timer of a job`, instead);
	const names = Object.keys(TAKEN);
	const meant = closest(name, names);
	throw invalid(
		`${quoted(name)} is no property of a timer that chore takes`,
		meant === undefined ? `it takes ${names.join(" and ")}` : `did you mean ${meant}?`,
	);
}

/** The names of those that are taken. */
export const TIMER_PROPERTY_NAMES: readonly string[] = Object.keys(TAKEN);
