/** How jobs, times and sizes are put into words for people. */
import { hasEnded, type Job, signalNumber } from "../index.ts";
import { printable } from "./output.ts";

/** How a run is, or how it ended: of a job, an entry of the history, or an event. */
type HowItIs = Pick<Job, "state" | "result" | "exitCode" | "signal">;

/** The state with what matters of the end: "failed, code 1", "failed, time limit", "running". */
export function stateWords(job: HowItIs & Pick<Job, "attempt" | "reason">): string {
	if (job.state === "failed") return `failed, ${endWords(job)}${job.attempt > 1 ? `, ${job.attempt} attempts` : ""}`;
	if (job.state === "queued" && job.attempt > 1) return "restarting";
	if (job.state === "running" && job.attempt > 1) return `running, attempt ${job.attempt}`;
	if (job.state === "unknown" && job.reason?.startsWith("unreadable")) return "unreadable";
	return job.state;
}

/** The colour in which a state is shown. */
export function colourOf({ state }: Pick<Job, "state">): "green" | "red" | "yellow" | "dim" {
	if (state === "failed" || state === "lost") return "red";
	if (state === "unknown") return "yellow";
	return hasEnded({ state }) ? "dim" : "green";
}

/** Why a job ended as it did, in a few words. */
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
			return job.signal ?? `code ${job.exitCode}`;
	}
}

/** How a run ended and after what time: "failed: exit code 2 after 41.2 s"; undefined for one that has not. */
export function endOf(job: HowItIs & Pick<Job, "startedAt" | "endedAt">): string | undefined {
	const ran = job.startedAt !== null && job.endedAt !== null ? ` after ${span(Date.parse(job.endedAt) - Date.parse(job.startedAt))}` : "";
	const how: Partial<Record<Job["state"], string>> = {
		succeeded: `succeeded${ran}`,
		failed: `failed: ${endWords(job).replace(/^code/, "exit code")}${ran}`,
		stopped: `stopped${job.signal === null ? (job.exitCode === null ? "" : ` with exit code ${job.exitCode}`) : ` by ${job.signal}`}${ran}`,
		lost: "lost",
	};
	return how[job.state];
}

/** One sentence on how a job is: "web (1c9e2f40) failed: exit code 2 after 41.2 s". */
export function summary(job: Job): string {
	const because = job.reason === null || !hasEnded(job) ? "" : `: ${job.reason}`;
	return printable(`${job.name} (${job.id.slice(-8)}) ${endOf(job) ?? `is ${job.state}`}${because}`);
}

/** A moment on the clock of this place: "14:02:11", with the date before it where that is not today's. */
export function localTime(moment: Date): string {
	const two = (number: number): string => String(number).padStart(2, "0");
	const time = [moment.getHours(), moment.getMinutes(), moment.getSeconds()].map(two).join(":");
	if (moment.toDateString() === new Date().toDateString()) return time;
	return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())} ${time}`;
}

/** A span of time, to the digits that matter: "0.31 s", "41.2 s", "3 min", "2 h 5 min". */
export function span(milliseconds: number): string {
	const seconds = Math.max(0, milliseconds) / 1000;
	if (milliseconds < 10) return "less than 0.01 s";
	if (seconds < 10) return `${seconds.toFixed(2)} s`;
	if (seconds < 60) return `${seconds.toFixed(1)} s`;
	return age(milliseconds);
}

/** A span in whole units: "12 s", "3 min", "2 h 5 min", "4 d". */
export function age(milliseconds: number): string {
	const seconds = Math.max(0, Math.floor(milliseconds / 1000));
	if (seconds < 60) return `${seconds} s`;
	const minutes = Math.floor(seconds / 60);
	if (minutes < 60) return `${minutes} min`;
	const hours = Math.floor(minutes / 60);
	if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
	return `${Math.floor(hours / 24)} d`;
}

/** Since when a job is as it is: a span for one that goes on, a time ago for one that is over. */
export function since(job: Job, nowMs: number): string {
	if (hasEnded(job)) return job.endedAt === null ? "" : `${age(nowMs - Date.parse(job.endedAt))} ago`;
	return age(nowMs - Date.parse(job.startedAt ?? job.createdAt));
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

/** A command as it could be typed. */
export function commandLine(command: readonly string[]): string {
	const [shell, flag, line] = command;
	if (command.length === 3 && shell === "/bin/sh" && flag === "-c" && line !== undefined) return printable(line);
	return command.map((word) => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : printable(`'${word.replaceAll("'", "'\\''")}'`))).join(" ");
}

/** A path with `~` for the home directory. */
export function shortPath(path: string): string {
	const home = process.env["HOME"];
	return printable(home && (path === home || path.startsWith(`${home}/`)) ? `~${path.slice(home.length)}` : path);
}

/** The exit status that stands for a job's end: its own code, 128 + signal, 124 for the time limit, 125 for lost. */
export function exitStatus(job: Job): number {
	if (job.state === "lost") return 125;
	if (job.result === "timeout") return 124;
	if (job.result === "start-failed") return job.exitCode === 126 || job.exitCode === 127 ? job.exitCode : 125;
	return job.exitCode ?? 128 + (signalNumber(job.signal ?? "") ?? 0);
}
