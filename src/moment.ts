/** Reads a point in time as written in systemd.time(7) or RFC 3339. Pure. */
import { readSpan } from "../platform/quantities.ts";

/**
 * `2026-01-31 15:04`, `15:04`, `yesterday`, `2h ago`, `-2h`, `@1767225600`, `2026-01-31T15:04:05Z`. Local time if it names no zone.
 * @returns undefined for another text
 */
export function readMoment(text: string, now: Date): Date | undefined {
	const words = text.trim();
	const found = byName(words, now) ?? bySpan(words, now) ?? byCalendar(words, now);
	return found !== undefined && Number.isFinite(found.getTime()) ? found : undefined;
}

const DAYS: Readonly<Record<string, number>> = { yesterday: -1, today: 0, tomorrow: 1 };

function byName(words: string, now: Date): Date | undefined {
	if (words === "now") return now;
	const days = Object.hasOwn(DAYS, words) ? DAYS[words] : undefined;
	if (days !== undefined) return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days);
	const seconds = /^@([0-9]+(?:\.[0-9]+)?)$/.exec(words)?.[1];
	return seconds === undefined ? undefined : new Date(Number(seconds) * 1000);
}

/** A duration before now, or after it with a plus. Without "-", "+" or "ago" it needs a unit, as in `docker logs --since 2h`. */
function bySpan(words: string, now: Date): Date | undefined {
	const [, sign, span = "", ago] = /^([+-])?(.*?)(\s+ago)?$/s.exec(words) ?? [];
	if (sign !== undefined && ago !== undefined) return undefined;
	if (!/^[0-9.]/.test(span) || (sign === undefined && ago === undefined && !/[A-Za-z\u00b5\u03bc]\s*$/.test(span))) return undefined;
	const microseconds = readSpan(span);
	return microseconds === undefined ? undefined : new Date(now.getTime() + (microseconds / 1000) * (sign === "+" ? 1 : -1));
}

const CALENDAR =
	/^(?:([0-9]{4})-([0-9]{2})-([0-9]{2}))?(?:(?:^|T|\s+)([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?)?(?: ?(?:(Z|UTC)|([+-])([0-9]{2}):?([0-9]{2})))?$/i;

function byCalendar(words: string, now: Date): Date | undefined {
	const found = CALENDAR.exec(words);
	if (found === null) return undefined;
	const [, ...parts] = found;
	const [year, month, day, hour = 0, minute = 0, second = 0] = parts.slice(0, 6).map((part) => (part === undefined ? part : Number(part)));
	const [fraction = "0", universal, sign, zoneHours, zoneMinutes] = parts.slice(6);
	if (year === undefined && parts[3] === undefined) return undefined;
	const date =
		year === undefined ? ([now.getFullYear(), now.getMonth() + 1, now.getDate()] as const) : ([year, month ?? 0, day ?? 0] as const);
	if (hour > 23 || minute > 59 || second > 59 || !isDay(...date)) return undefined;
	const time = [date[0], date[1] - 1, date[2], hour, minute, second, Number(`0.${fraction}`) * 1000] as const;
	if (universal === undefined && sign === undefined) return new Date(...time);
	const offsetMinutes = Number(`${sign ?? "+"}1`) * (Number(zoneHours ?? 0) * 60 + Number(zoneMinutes ?? 0));
	return new Date(Date.UTC(...time) - offsetMinutes * 60_000);
}

/** Whether the date exists. JavaScript's Date reads the 30th of February as a day in March, and the year 26 as 1926. */
function isDay(year: number, month: number, day: number): boolean {
	const date = new Date(Date.UTC(year, month - 1, day));
	return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}
