/** The options that say when a job is run: of `chore run` and `chore trigger set`. */
import type { Command } from "commander";
import type { ScheduleOptions } from "../index.ts";
import { count, duration, oneOf, overlap, repeated } from "./arguments.ts";
import { UsageError } from "./failure.ts";
import { moment } from "./moment.ts";

/** As commander gives them. */
export interface ScheduleWords {
	readonly onCalendar?: readonly string[];
	readonly cron?: readonly string[];
	readonly every?: number;
	readonly at?: Date;
	readonly onActive?: number;
	readonly notBefore?: Date;
	readonly notAfter?: Date;
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
		.option("--every <time>", "again and again, in whole minutes: 10min, 6h", duration)
		.option("--at <moment>", "once, then: 23:30, tomorrow, 2026-12-24 18:00", moment)
		.option("--on-active <time>", "once, after so long", duration)
		.option("--not-before <moment>", "not before then", moment)
		.option("--not-after <moment>", "not from then on", moment)
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
	const { onCalendar, cron, every, at, onActive, notBefore, notAfter, when, overlap, missed, jitter, keepRuns, utc, timezone } = options;
	if (at !== undefined && onActive !== undefined)
		throw new UsageError("--at and --on-active both say the one moment", "leave one of them out");
	if (utc && timezone !== undefined) throw new UsageError("--utc and --timezone both say the time zone", "leave one of them out");
	const more = { notBefore, notAfter, when, overlap, missed, jitterMs: jitter, keepRuns, zone: utc ? "UTC" : timezone };
	if ([onCalendar, cron, every, at, onActive].every((one) => one === undefined)) {
		if (Object.values(more).every((one) => one === undefined)) return undefined;
		if (what === "change" && more.zone === undefined) return more;
		throw new UsageError("it is not said when the job is to be run", "with --on-calendar, --cron, --every, --at or --on-active");
	}
	return { calendar: onCalendar, cron, everyMs: every, at: onActive === undefined ? at : new Date(Date.now() + onActive), ...more };
}
