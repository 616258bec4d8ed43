/** Puts jobs, times and sizes into words for the terminal. Pure, except for the present time and HOME. */
import { summary } from "../facts.ts";
import type { Job } from "../index.ts";
import { leftBehindWords, printable } from "../words.ts";

export {
	clockTime as localTime,
	colourOf,
	earlierRun,
	endOf,
	facts,
	headline,
	nextWords,
	processTree,
	scheduleWords,
	shortStateWords as stateWords,
	shownCommand as commandLine,
	since,
	summary,
} from "../facts.ts";
export { age, asRun, bytes, exitStatus, nameWords, printable, programOf, span } from "../words.ts";

/** What is said when a job that was waited for has ended; undefined after a success that left nothing behind. */
export function endNote(job: Job): string | undefined {
	const left = leftBehindWords(job);
	if (left !== undefined) return `${summary(job)}; ${left}`;
	return job.state === "succeeded" ? undefined : summary(job);
}

/** A path with `~` for the home directory. */
export function shortPath(path: string): string {
	const home = process.env["HOME"];
	return printable(home && (path === home || path.startsWith(`${home}/`)) ? `~${path.slice(home.length)}` : path);
}
