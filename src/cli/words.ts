/** Puts jobs, times and sizes into words for the terminal. Pure, except for the present time and HOME. */
import { hasEnded, type Job } from "../index.ts";
import {
	age,
	localTime as clockTime,
	endWords,
	type HowItIs,
	leftBehindWords,
	nameWords,
	printable,
	span,
	commandLine as typed,
	stateWords as wholeWords,
} from "../words.ts";

export { age, asRun, bytes, exitStatus, leftBehindWords, nameWords, printable, programOf, responseWords, span } from "../words.ts";

/** The state, short enough for a column: "failed, code 1", "failed, time limit", "running". */
export function stateWords(job: HowItIs & Pick<Job, "attempt" | "reason">): string {
	return wholeWords(job).replace("exit code", "code");
}

/** The colour of a state. */
export function colourOf({ state }: Pick<Job, "state">): "green" | "red" | "yellow" | "dim" {
	if (state === "failed" || state === "lost") return "red";
	if (state === "unknown") return "yellow";
	return hasEnded({ state }) ? "dim" : "green";
}

/** How and after how long a run ended: "failed: exit code 2 after 41.2 s"; undefined if it has not ended. */
export function endOf(job: HowItIs & Pick<Job, "startedAt" | "endedAt">): string | undefined {
	const ran = job.startedAt !== null && job.endedAt !== null ? ` after ${span(Date.parse(job.endedAt) - Date.parse(job.startedAt))}` : "";
	const how: Partial<Record<Job["state"], string>> = {
		succeeded: `succeeded${ran}`,
		failed: `failed: ${endWords(job)}${ran}`,
		stopped: `stopped${job.signal === null ? (job.exitCode === null ? "" : ` with exit code ${job.exitCode}`) : ` by ${job.signal}`}${ran}`,
		lost: "lost",
	};
	return how[job.state];
}

/** The state of a job in one sentence: "web (1c9e2f40) failed: exit code 2 after 41.2 s". */
export function summary(job: Job): string {
	const because = job.reason === null || !hasEnded(job) ? "" : `: ${job.reason}`;
	return printable(`${nameWords(job)} ${endOf(job) ?? `is ${job.state}`}${because}`);
}

/** What is said when a job that was waited for has ended; undefined after a success that left nothing behind. */
export function endNote(job: Job): string | undefined {
	const left = leftBehindWords(job);
	if (left !== undefined) return `${summary(job)}; ${left}`;
	return job.state === "succeeded" ? undefined : summary(job);
}

/** A moment in local time: "14:02:11" today, "2026-01-31 14:02:11" on another day. */
export function localTime(moment: Date): string {
	return clockTime(moment, { seconds: true });
}

/** When a scheduled job runs next: "next 23:30:00 (in 10 h)", "next: unknown"; of one that feeds a listener: "next: when there are events". */
export function nextWords({ schedule }: Job, nowMs: number = Date.now()): string {
	if (schedule === null) return "next: when there are events";
	if (schedule.paused) return "paused";
	if (schedule.next === null) return "next: unknown";
	const next = new Date(schedule.next);
	return `next ${localTime(next)} (in ${age(next.getTime() - nowMs)})`;
}

/**
 * When it is run, how, and what was missed: "Mon..Fri *-*-* 09:00:00; if on-ac; queue; missed 3 since 2026-11-29 09:00:00"; null
 * without a schedule.
 */
export function scheduleWords({ schedule }: Job): string | null {
	if (schedule === null) return null;
	const { calendar, leastIntervalMs, missed, missedSince, overlap, queued, triggers, wake, when } = schedule;
	const spans = triggers.filter(({ kind, paused }) => kind === "every" && !paused).map(({ text }) => text);
	const [every] = spans.sort((one, other) => Number.parseFloat(other) - Number.parseFloat(one));
	const times = triggers.find(({ kind }) => kind === "occasion")?.text ?? calendar.join(", ");
	const moments = every !== undefined && leastIntervalMs !== null ? `${times}, every ${every}` : times;
	return [
		wake === "tick" ? `${moments}, by chore tick` : moments,
		...(when === null ? [] : [`if ${printable(when)}`]),
		...(overlap === "skip" ? [] : [queued ? `${overlap}, one waits` : overlap]),
		...(missedSince === null ? [] : [`missed ${missed} since ${localTime(new Date(missedSince))}`]),
	].join("; ");
}

/** How long an active job has been running, or how long ago a job ended. */
export function since(job: Job, nowMs: number): string {
	if (job.state === "scheduled")
		return job.schedule?.next == null || job.schedule.paused ? "" : `in ${age(Date.parse(job.schedule.next) - nowMs)}`;
	if (hasEnded(job)) return job.endedAt === null ? "" : `${age(nowMs - Date.parse(job.endedAt))} ago`;
	return age(nowMs - Date.parse(job.startedAt ?? job.createdAt));
}

/** A command as one could type it in a shell. */
export function commandLine(command: readonly string[]): string {
	return printable(typed(command));
}

/** A path with `~` for the home directory. */
export function shortPath(path: string): string {
	const home = process.env["HOME"];
	return printable(home && (path === home || path.startsWith(`${home}/`)) ? `~${path.slice(home.length)}` : path);
}
