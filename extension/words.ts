/** How jobs are told in the editor: in words and clock times, never in ages, which would have to tick. */
import { hasEnded, type Job, shortId } from "../src/index.ts";

/** Breaks what the editor would take for an icon or a link, and cannot be seen itself (U+200B). */
const BREAK = "\u200b";

/**
 * Foreign text as it is, wherever the editor shows text: no control character acts, `$(name)` is no icon and `[a](b)` no
 * link.
 */
export function literal(text: string): string {
	return visible(text).replace(/([$\]])\(/g, `$1${BREAK}(`);
}

/** Text that stays on its line and in its order. */
export function visible(text: string): string {
	return text.replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, (character) => {
		const code = character.charCodeAt(0);
		const short = { 9: "\\t", 10: "\\n", 13: "\\r" }[code];
		return short ?? (code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`);
	});
}

/** The state with why it ended: "running", "failed, exit code 2", "stopped". */
export function stateWords(job: Job): string {
	if (job.state === "failed") return `failed, ${endWords(job)}${job.attempt > 1 ? `, ${job.attempt} attempts` : ""}`;
	if (job.state === "queued" && job.attempt > 1) return "restarting";
	if (job.state === "running" && job.attempt > 1) return `running, attempt ${job.attempt}`;
	if (job.state === "unknown" && job.reason?.startsWith("unreadable")) return "unreadable";
	return job.state;
}

function endWords(job: Job): string {
	switch (job.result) {
		case "timeout":
			return "time limit";
		case "oom-kill":
			return "out of memory";
		case "start-failed":
			return "could not start";
		case "session-ended":
			return "session ended";
		default:
			return job.signal ?? `exit code ${job.exitCode}`;
	}
}

/** A whole row for those who hear it: "build, failed, exit code 2, ended 14:02". */
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
	const at = new Date(time);
	const two = (count: number): string => String(count).padStart(2, "0");
	const day = (date: Date): string => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
	const hour = `${two(at.getHours())}:${two(at.getMinutes())}`;
	return day(at) === day(now) ? hour : `${day(at)} ${hour}`;
}

/** "build (1c9e2f40)": names are used again, ids are not. */
export function nameWords(job: Pick<Job, "name" | "id">): string {
	return `${job.name} (${shortId(job.id)})`;
}

/** A command as it could be typed, the line itself for one of /bin/sh -c. */
export function commandLine(command: readonly string[]): string {
	const [shell, flag, line] = command;
	if (command.length === 3 && shell === "/bin/sh" && flag === "-c" && line !== undefined) return line;
	return command.map((word) => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}

/** A span of time: "0.31 s", "41.2 s", "3 min", "2 h 5 min". */
export function span(milliseconds: number): string {
	const seconds = Math.max(0, milliseconds) / 1000;
	if (seconds < 10) return `${seconds.toFixed(2)} s`;
	if (seconds < 60) return `${seconds.toFixed(1)} s`;
	const minutes = Math.floor(seconds / 60);
	if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
	return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Bytes in binary units: "412 MiB". */
export function bytes(count: number): string {
	if (count < 1000) return `${count} B`;
	const units = ["KiB", "MiB", "GiB", "TiB"];
	let value = count / 1024;
	let unit = 0;
	for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1024;
	return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
