/** Reads when a job is to run, as a person types it in one line. `whenWords` in words.ts is the way back. Pure. */
import { ChoreError, type ScheduleOptions } from "../../src/index.ts";
import { readMoment, readSpan } from "../words.ts";

/**
 * "every 10min", "at 23:30", a calendar of systemd.time(7): "Mon..Fri 9:00", or a line of crontab(5): "0 9 * * 1-5". Several
 * calendars of one kind stand between bars, any of them counts; their time zone may follow in brackets: "9:00 (Europe/Berlin)".
 *
 * @throws ChoreError INVALID_ARGUMENT for a span or a moment that is none. Whether a calendar is one, `momentsOf` says
 */
export function readWhen(line: string, now: Date = new Date()): ScheduleOptions {
	const text = line.trim();
	const [, word, rest = ""] = /^(every|at)\s+(.*)$/is.exec(text) ?? [];
	if (word?.toLowerCase() === "every") return { everyMs: spanOf(rest) };
	if (word?.toLowerCase() === "at") return { at: momentOf(rest, now) };
	const [, calendars = text, zone] = /^(.*?)\s*\(([^()]*)\)$/s.exec(text) ?? [];
	const texts = calendars.split("|").map((one) => one.trim());
	return { [texts.every(isCron) ? "cron" : "calendar"]: texts, zone };
}

/** Five fields without a colon, which each time of systemd's has; or a word like @daily, but not @ and the seconds since 1970. */
function isCron(text: string): boolean {
	return /^@[a-z]/i.test(text) || (!text.includes(":") && text.split(/\s+/).length === 5);
}

function spanOf(text: string): number {
	const microseconds = readSpan(text);
	if (microseconds !== undefined && Number.isFinite(microseconds)) return microseconds / 1000;
	throw new ChoreError("INVALID_ARGUMENT", `"${text}" is no span of time`, { hint: "for example: every 10min, every 6h" });
}

function momentOf(text: string, now: Date): Date {
	const found = readMoment(text, now);
	if (found !== undefined) return found;
	throw new ChoreError("INVALID_ARGUMENT", `"${text}" is no moment`, { hint: "for example: at 23:30, at 2026-12-24 18:00" });
}
