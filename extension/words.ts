/** How the editor puts jobs into words: with clock times, since "5 minutes ago" would need a timer to stay true. */
import { hasEnded, type Job } from "../src/index.ts";
import { localTime, printable, stateWords } from "../src/words.ts";

export { age, bytes, commandLine, exitStatus, leftBehindWords, nameWords, printable, programOf, span, stateWords } from "../src/words.ts";

/** ZERO WIDTH SPACE: put into `$(` and `](`, it keeps the editor from drawing an icon or a link there. */
const BREAK = "\u200b";

/**
 * Foreign text as it is, wherever the editor shows text: no control character acts, `$(name)` is no icon and `[a](b)` no
 * link.
 */
export function literal(text: string): string {
	return printable(text).replace(/([$\]])\(/g, `$1${BREAK}(`);
}

/** A whole row as a screen reader says it: "build, failed, exit code 2, ended 14:02". */
export function rowWords(job: Job, now: Date = new Date()): string {
	return [job.name, stateWords(job), timeWords(job, now)].join(", ");
}

/** The moment that matters of a job: its end, else its start. */
export function timeWords(job: Job, now: Date = new Date()): string {
	if (hasEnded(job) && job.endedAt !== null) return `ended ${clock(job.endedAt, now)}`;
	return job.startedAt === null ? `made ${clock(job.createdAt, now)}` : `started ${clock(job.startedAt, now)}`;
}

/** "14:02" of today, "2026-11-20 14:02" of any other day, in local time. */
export function clock(time: string, now: Date = new Date()): string {
	return localTime(new Date(time), { now });
}
