/** Puts jobs into words, for the terminal and the editor alike, and exports the readers of words that both use. Pure. */
import { shellWord } from "../platform/shell-word.ts";
import { type Job, type JobRequest, shortId, signalNumber } from "./index.ts";

export { closest } from "../platform/closest.ts";
export { readBytes, readSpan } from "../platform/quantities.ts";
export { readMoment } from "./moment.ts";

/** The state and end of a job, an entry of the history, or an event. */
export type HowItIs = Pick<Job, "state" | "result" | "exitCode" | "signal"> & Partial<Pick<Job, "request">>;

/** Makes foreign text safe to print on one line: escapes control characters and those that change the direction of text. */
export function printable(text: string): string {
	return text.replace(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, (character) => {
		const code = character.charCodeAt(0);
		const short = { 9: "\\t", 10: "\\n", 13: "\\r" }[code];
		return short ?? (code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`);
	});
}

/** The state and the reason of a failure: "failed, exit code 1", "failed, time limit", "running". */
export function stateWords(job: HowItIs & Pick<Job, "attempt" | "reason">): string {
	if (job.state === "failed") return `failed, ${endWords(job)}${job.attempt > 1 ? `, ${job.attempt} attempts` : ""}`;
	if (job.state === "queued" && job.attempt > 1) return "restarting";
	if (job.state === "running" && job.attempt > 1) return `running, attempt ${job.attempt}`;
	if (job.state === "unknown" && job.reason?.startsWith("unreadable")) return "unreadable";
	return job.state;
}

/** The latest run of a scheduled job, with the state in which it ended. Any other job as it is. */
export function asRun(job: Job): Job {
	const state = job.result === "success" ? "succeeded" : job.result === "stopped" || job.result === "lost" ? job.result : "failed";
	return job.state === "scheduled" && job.run > 0 ? { ...job, state } : job;
}

/** How a job ended: "time limit", "SIGTERM", "exit code 1". */
export function endWords(job: HowItIs): string {
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
			return job.signal ?? (job.request == null ? `exit code ${job.exitCode}` : requestEnd(job.request, job.exitCode));
	}
}

/** What curl's exit codes mean that come most often, in words. */
const CURL_ENDS: Readonly<Record<number, string>> = {
	5: "unknown proxy",
	6: "unknown host",
	7: "no connection",
	28: "timed out",
	35: "TLS failed",
	47: "too many redirects",
	52: "empty response",
	60: "untrusted certificate",
};

/** "status 404"; "timed out, exit code 28". */
function requestEnd({ response }: JobRequest, exitCode: number | null): string {
	if (exitCode === 22 && response?.status != null) return `status ${response.status}`;
	const how = CURL_ENDS[exitCode ?? 0];
	return `${how === undefined ? "" : `${how}, `}exit code ${exitCode}`;
}

/** What came of an HTTP job's request: "status 200, 12 B from 127.0.0.1:8080, 0.31 s, 3 tries". */
export function responseWords({ url: asked, response }: JobRequest): string | undefined {
	if (response === null) return undefined;
	const { status, receivedBytes, remoteAddress, durationMs, tries, url } = response;
	const from = remoteAddress === null ? "" : ` from ${remoteAddress}`;
	return [
		...(status === null ? [`none${from}`] : [`status ${status}`, `${bytes(receivedBytes)}${from}`]),
		span(durationMs),
		...(tries > 1 ? [`${tries} tries`] : []),
		...(url === null || url === asked ? [] : [`by a redirect to ${url}`]),
	].join(", ");
}

/** "2 processes that it left behind were ended"; undefined if there were none, or nobody knows. */
export function leftBehindWords({ leftBehind }: Pick<Job, "leftBehind">): string | undefined {
	if (!leftBehind) return undefined;
	return leftBehind === 1 ? "1 process that it left behind was ended" : `${leftBehind} processes that it left behind were ended`;
}

/** The exit status that commands return for a job's end: its own code, 128 + signal, 124 for the time limit, 125 for lost. */
export function exitStatus(job: Job): number {
	if (job.state === "lost") return 125;
	if (job.result === "timeout") return 124;
	if (job.result === "start-failed") return job.exitCode === 126 || job.exitCode === 127 ? job.exitCode : 125;
	return job.exitCode ?? 128 + (signalNumber(job.signal ?? "") ?? 0);
}

/** A command as one could type it in a shell; for `/bin/sh -c LINE`, the line. */
export function commandLine(command: readonly string[]): string {
	const [shell, flag, line] = command;
	if (command.length === 3 && shell === "/bin/sh" && flag === "-c" && line !== undefined) return line;
	return command.map(shellWord).join(" ");
}

/** What may stand before the program in a line of shell: assignments, a change of directory, and words that say how to run it. */
const BEFORE_PROGRAM =
	/^(?:[A-Za-z_]\w*=(?:'[^']*'|"[^"]*"|[^\s'"])*|cd\s+\S+?\s*(?:&&|;)|(?:exec|env|command|nohup|time|sudo)(?=\s+[^\s-]))\s+/;

/** The word of a shell's line after which its job is named if the user gives no name: the first program, "vite" of "PORT=1 exec vite". */
export function programOf(line: string): string | undefined {
	let rest = line.trim();
	while (BEFORE_PROGRAM.test(rest)) rest = rest.replace(BEFORE_PROGRAM, "");
	return rest.split(/\s/)[0];
}

/** A duration with about three digits: "0.31 s", "41.2 s", "3 min", "2 h 5 min". */
export function span(milliseconds: number): string {
	const seconds = Math.max(0, milliseconds) / 1000;
	if (milliseconds < 10) return "less than 0.01 s";
	if (seconds < 10) return `${seconds.toFixed(2)} s`;
	if (seconds < 60) return `${seconds.toFixed(1)} s`;
	return age(milliseconds);
}

/** A duration in whole units: "12 s", "3 min", "2 h 5 min", "4 d". */
export function age(milliseconds: number): string {
	const seconds = Math.max(0, Math.floor(milliseconds / 1000));
	if (seconds < 60) return `${seconds} s`;
	const minutes = Math.floor(seconds / 60);
	if (minutes < 60) return `${minutes} min`;
	const hours = Math.floor(minutes / 60);
	if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
	return `${Math.floor(hours / 24)} d`;
}

/** A moment in local time: "14:02" or "14:02:11" today, with the date before it on another day. */
export function localTime(
	moment: Date,
	{ now = new Date(), seconds = false }: { readonly now?: Date; readonly seconds?: boolean } = {},
): string {
	const two = (number: number): string => String(number).padStart(2, "0");
	const parts = [moment.getHours(), moment.getMinutes(), ...(seconds ? [moment.getSeconds()] : [])];
	const time = parts.map(two).join(":");
	if (moment.toDateString() === now.toDateString()) return time;
	return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())} ${time}`;
}

/** "build (1c9e2f40)". The id is there because a name can be used again. */
export function nameWords({ name, id }: Pick<Job, "name" | "id">): string {
	return `${name} (${shortId(id)})`;
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
