/** The options that say when a job is run: of `chore run` and `chore trigger set`. */
import type { Command } from "commander";
import type { Occasion, ScheduleOptions, TriggerOptions } from "../index.ts";
import { count, duration, oneOf, overlap, repeated } from "./arguments.ts";
import { UsageError } from "./failure.ts";
import { moment } from "./moment.ts";

/** As commander gives them. */
export interface ScheduleWords {
	readonly onCalendar?: readonly string[];
	readonly cron?: readonly string[];
	readonly every?: number;
	readonly at?: Date;
	readonly onActive?: readonly number[];
	readonly onBoot?: readonly number[];
	readonly onStartup?: readonly number[];
	readonly onUnitActive?: readonly number[];
	readonly onUnitInactive?: readonly number[];
	readonly onClockChange?: boolean;
	readonly onTimezoneChange?: boolean;
	readonly notBefore?: Date;
	readonly notAfter?: Date;
	readonly wake?: "platform" | "tick";
	readonly when?: string;
	readonly overlap?: "skip" | "queue" | "replace";
	readonly missed?: "once" | "skip";
	readonly jitter?: number;
	readonly keepRuns?: number;
	readonly utc?: boolean;
	readonly timezone?: string;
}

export function addScheduleOptions(command: Command): Command {
	return command
		.option("--on-calendar <when>", "at these moments, as in systemd: 'Mon..Fri 9:00' (repeatable)", repeated)
		.option("--cron <line>", "at these moments, as in crontab: '0 9 * * 1-5' (repeatable)", repeated)
		.option("--every <time>", "again and again: 10min, 6h", duration)
		.option("--at <moment>", "once, then: 23:30, tomorrow, 2026-12-24 18:00", moment)
		.option("--on-active <time>", "once, after so long (repeatable)", durations)
		.option("--on-boot <time>", "so long after the machine was booted (repeatable)", durations)
		.option("--on-startup <time>", "so long after the user manager was started (repeatable)", durations)
		.option("--on-unit-active <time>", "so long after the last start of a run (repeatable)", durations)
		.option("--on-unit-inactive <time>", "so long after the last end of a run (repeatable)", durations)
		.option("--on-clock-change", "when the clock is set")
		.option("--on-timezone-change", "when the time zone is changed")
		.option("--not-before <moment>", "not before then", moment)
		.option("--not-after <moment>", "not from then on", moment)
		.option("--wake <by>", "what wakes it: platform, or tick (`chore tick`) (default: platform)", oneOf(["platform", "tick"]))
		.option("--when <line>", "only if this line of shell succeeds at the moment, within 10 s")
		.option("--overlap <what>", "when a run is still active: skip, queue (run after it), or replace (stop it) (default: skip)", overlap)
		.option("--missed <what>", "when it could not be run in time: once (later), or skip (default: once)", oneOf(["once", "skip"]))
		.option("--jitter <time>", "delay each moment by up to so long", duration)
		.option("--keep-runs <number>", "how many runs are kept (default: 100)", count)
		.option("--utc", "moments are in UTC")
		.option("--timezone <zone>", "moments are in this time zone: Europe/Berlin");
}

/**
 * @param what "new": one of the options has to say when; "change": policies alone will do
 * @returns undefined if none is given
 * @throws UsageError
 */
export function scheduleOptions(options: ScheduleWords, what: "new" | "change"): ScheduleOptions | undefined {
	const { onCalendar, cron, every, at, onActive, notBefore, notAfter, wake, when, overlap, missed, jitter, keepRuns, utc, timezone } =
		options;
	if (at !== undefined && onActive !== undefined)
		throw new UsageError("--at and --on-active both say the one moment", "leave one of them out");
	if (utc && timezone !== undefined) throw new UsageError("--utc and --timezone both say the time zone", "leave one of them out");
	const more = { notBefore, notAfter, wake, when, overlap, missed, jitterMs: jitter, keepRuns, zone: utc ? "UTC" : timezone };
	const occasions = occasionsOf(options);
	if ([onCalendar, cron, every, at, onActive].every((one) => one === undefined) && occasions.length === 0) {
		if (Object.values(more).every((one) => one === undefined)) return undefined;
		if (what === "change" && more.zone === undefined) return more;
		throw new UsageError("it is not said when the job is to be run", "with --on-calendar, --cron, --every, --at or --on-active");
	}
	const triggers = { calendar: onCalendar, cron, everyMs: every, at };
	if (onActive === undefined || occasions.length > 0) return { ...triggers, occasions, ...more };
	const [first = 0, ...others] = onActive.map((milliseconds) => Date.now() + milliseconds);
	if (others.length === 0) return { ...triggers, at: new Date(first), ...more };
	if (onCalendar !== undefined) throw new UsageError("--on-active and --on-calendar both say moments", "leave one of them out");
	return { ...triggers, calendar: [first, ...others].map((moment) => `@${Math.ceil(moment / 1000)}`), ...more };
}

/** What is counted from events. --on-active is, where it stands beside another of these: alone it is a moment. */
function occasionsOf(options: ScheduleWords): readonly Occasion[] {
	const after = (event: Event, spans: readonly number[] = []) => spans.map((delayMs): Occasion => ({ after: event, delayMs }));
	const occasions: readonly Occasion[] = [
		...after("boot", options.onBoot),
		...after("platform-start", options.onStartup),
		...after("run-start", options.onUnitActive),
		...after("run-end", options.onUnitInactive),
		...(options.onClockChange ? [{ on: "clock-change" } as const] : []),
		...(options.onTimezoneChange ? [{ on: "timezone-change" } as const] : []),
	];
	return occasions.length === 0 ? [] : [...after("armed", options.onActive), ...occasions];
}

type Event = Extract<Occasion, { readonly after: unknown }>["after"];

/** For an option that can be given again and again. */
function durations(text: string, before: readonly number[] = []): readonly number[] {
	return [...before, duration(text)];
}

/**
 * What these options say of single triggers.
 * @throws UsageError where they say nothing of when, or something of the whole schedule
 */
export function triggerOptions(options: ScheduleWords): TriggerOptions {
	const { calendar, cron, everyMs, at, occasions = [], zone, ...policies } = scheduleOptions(options, "new") ?? {};
	if ([calendar, cron, everyMs, at].every((one) => one === undefined) && occasions.length === 0)
		throw new UsageError("it is not said when the job is to be run", "with --on-calendar, --cron, --every, --at or --on-active");
	if (Object.values(policies).some((policy) => policy !== undefined))
		throw new UsageError("one of these options is of the whole schedule, not of a trigger", "chore trigger set JOB changes it");
	return { calendar, cron, everyMs, at, occasions, zone };
}
