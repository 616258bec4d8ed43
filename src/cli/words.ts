/** How jobs, times and sizes are put into words for people at a terminal. */
import { hasEnded, type Job } from "../index.ts";
import {
	age,
	localTime as clockTime,
	endWords,
	type HowItIs,
	nameWords,
	printable,
	span,
	commandLine as typed,
	stateWords as wholeWords,
} from "../words.ts";

export { age, bytes, exitStatus, nameWords, printable, span } from "../words.ts";

/** The state as it fits into a column: "failed, code 1", "failed, time limit", "running". */
export function stateWords(job: HowItIs & Pick<Job, "attempt" | "reason">): string {
	return wholeWords(job).replace("exit code", "code");
}

/** The colour in which a state is shown. */
export function colourOf({ state }: Pick<Job, "state">): "green" | "red" | "yellow" | "dim" {
	if (state === "failed" || state === "lost") return "red";
	if (state === "unknown") return "yellow";
	return hasEnded({ state }) ? "dim" : "green";
}

/** How a run ended and after what time: "failed: exit code 2 after 41.2 s"; undefined for one that has not. */
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

/** One sentence on how a job is: "web (1c9e2f40) failed: exit code 2 after 41.2 s". */
export function summary(job: Job): string {
	const because = job.reason === null || !hasEnded(job) ? "" : `: ${job.reason}`;
	return printable(`${nameWords(job)} ${endOf(job) ?? `is ${job.state}`}${because}`);
}

/** A moment on the clock of this place, to the second. */
export function localTime(moment: Date): string {
	return clockTime(moment, { seconds: true });
}

/** Since when a job is as it is: a span for one that goes on, a time ago for one that is over. */
export function since(job: Job, nowMs: number): string {
	if (hasEnded(job)) return job.endedAt === null ? "" : `${age(nowMs - Date.parse(job.endedAt))} ago`;
	return age(nowMs - Date.parse(job.startedAt ?? job.createdAt));
}

/** A command as it could be typed. */
export function commandLine(command: readonly string[]): string {
	return printable(typed(command));
}

/** A path with `~` for the home directory. */
export function shortPath(path: string): string {
	const home = process.env["HOME"];
	return printable(home && (path === home || path.startsWith(`${home}/`)) ? `~${path.slice(home.length)}` : path);
}
