/** How the editor puts jobs into words: with clock times, since "5 minutes ago" would need a timer to stay true. */
import { hasEnded, isIdle, type Job, type JobSchedule } from "../src/index.ts";
import { asRun, localTime, printable, stateWords } from "../src/words.ts";

export {
	age,
	asRun,
	bytes,
	commandLine,
	exitStatus,
	leftBehindWords,
	nameWords,
	printable,
	programOf,
	readMoment,
	readSpan,
	span,
	stateWords,
} from "../src/words.ts";

/** ZERO WIDTH SPACE: put into `$(` and `](`, it keeps the editor from drawing an icon or a link there. */
const BREAK = "\u200b";

/**
 * Foreign text as it is, wherever the editor shows text: no control character acts, `$(name)` is no icon and `[a](b)` no
 * link.
 */
export function literal(text: string): string {
	return printable(text).replace(/([$\]])\(/g, `$1${BREAK}(`);
}

/** A host as it is shown: a URL without its scheme, its user and, above all, the password. */
export function hostWords(host: string): string {
	return host.replace(/^[a-z]+:\/\/(.*@)?/s, "").replace(/\/+$/, "");
}

/** A whole row as a screen reader says it: "build, failed, exit code 2, ended 14:02". */
export function rowWords(job: Job, now: Date = new Date()): string {
	return [job.name, stateWords(job), timeWords(job, now)].join(", ");
}

/** The moment that matters of a job: its end, its next run, or else its start. */
export function timeWords(job: Job, now: Date = new Date()): string {
	if (hasEnded(job) && job.endedAt !== null) return `ended ${clock(job.endedAt, now)}`;
	if (job.schedule !== null && isIdle(job)) return nextWords(job.schedule, now);
	return job.startedAt === null ? `made ${clock(job.createdAt, now)}` : `started ${clock(job.startedAt, now)}`;
}

/** What a row of a scheduled job says beside its name: when it runs next, what its last run came to, and how it is scheduled. */
export function scheduleWords(job: Job, now: Date = new Date()): readonly string[] {
	const { schedule } = job;
	if (schedule === null) return [stateWords(job)];
	const missed = schedule.missedSince === null ? [] : [`missed ${schedule.missed} since ${shortClock(schedule.missedSince, now)}`];
	return [nextWords(schedule, now), lastWords(job, now), ...missed, whenWords(schedule)];
}

function nextWords({ next, paused }: JobSchedule, now: Date): string {
	if (paused) return "paused";
	return next === null ? "next unknown" : `next ${shortClock(next, now)}`;
}

function lastWords(job: Job, now: Date): string {
	if (job.run === 0) return "has not run yet";
	const state = stateWords(asRun(job));
	if (!isIdle(job)) return state;
	const time = job.startedAt ?? job.endedAt;
	return time === null ? `last ${state}` : `last ${shortClock(time, now)}, ${state}`;
}

/** When a job is run, as one would type it: "Mon..Fri 9:00", "every 10min", "at 2026-12-24 18:00:00". */
export function whenWords({ triggers }: JobSchedule): string {
	return triggers.map(triggerWords).join(" and ");
}

function triggerWords({ kind, text }: JobSchedule["triggers"][number]): string {
	switch (kind) {
		case "every":
			return `every ${wholeUnits(text)}`;
		case "at":
			// With its date also on that day: the words stay true.
			return `at ${localTime(new Date(text), { now: new Date(0), seconds: true })}`;
		default:
			// The zone stands behind the calendars, not among them.
			return text.replace(/ \| (\([^()|]*\))$/, " $1");
	}
}

const UNITS = [
	[86_400, "d"],
	[3600, "h"],
	[60, "min"],
] as const;

/** "600s" as "10min". */
function wholeUnits(text: string): string {
	const [, seconds = ""] = /^(\d+)s$/.exec(text) ?? [];
	const [size, unit] = UNITS.find(([size]) => Number(seconds) % size === 0) ?? [];
	return seconds === "" || size === undefined ? text : `${Number(seconds) / size}${unit}`;
}

/** "14:02" of today, "2026-11-20 14:02" of any other day, in local time. */
export function clock(time: string, now: Date = new Date()): string {
	return localTime(new Date(time), { now });
}

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;

const DAY_MS = 24 * 60 * 60 * 1000;

/** The same, short enough for a row: "Wed 09:00" of the six days before today and after it. */
function shortClock(time: string, now: Date): string {
	const moment = new Date(time);
	const words = clock(time, now);
	const isNear = Math.abs(startOfDay(moment) - startOfDay(now)) < 6.5 * DAY_MS; // a day may have 25 hours
	return isNear && words.includes(" ") ? `${WEEKDAYS[moment.getDay()]} ${words.split(" ")[1]}` : words;
}

function startOfDay(moment: Date): number {
	return new Date(moment.getFullYear(), moment.getMonth(), moment.getDate()).getTime();
}
