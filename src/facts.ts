/** What is told of a job, for the terminal and the page of the server alike. Pure, except for the present time. */
import { hasEnded, type Job, type JobDetails, type JobProcess, type JobRequest } from "./index.ts";
import {
	age,
	asRun,
	bytes,
	commandLine,
	endWords,
	type HowItIs,
	leftBehindWords,
	localTime,
	nameWords,
	printable,
	responseWords,
	span,
	stateWords,
} from "./words.ts";

/**
 * What there is to tell of a job in detail, each with its name.
 * @param shortPath puts a path into words
 */
export function facts(
	{ job, usage, attempts }: Pick<JobDetails, "job" | "usage" | "attempts">,
	shortPath: (path: string) => string,
): readonly (readonly [name: string, words: string])[] {
	const all: readonly (readonly [string, string | null])[] = [
		["note", hasEnded(job) ? (leftBehindWords(job) ?? null) : job.reason === null ? null : printable(job.reason)],
		[job.request === null ? "command" : "request", job.command.length === 0 ? null : shownCommand(job.command)],
		["headers", job.request === null || job.request.headers.length === 0 ? null : printable(job.request.headers.join(", "))],
		["response", job.request === null ? null : response(job.request)],
		["about", job.description === null ? null : printable(job.description)],
		["directory", job.directory === "" ? null : shortPath(job.directory)],
		["platform", job.unit === null ? job.platform : `${job.platform}, unit ${job.unit}`],
		["id", job.id],
		["started by", job.origin === null ? null : `${printable(job.origin.client)}, by the API`],
		["schedule", scheduleWords(job)],
		["last run", job.state !== "scheduled" || job.run === 0 ? null : `run ${job.run} ${endOf(asRun(job))}${endedAgo(job)}`],
		["restarts", restarts(job, attempts)],
		["limits", limits(job)],
		["next run", nextRun(job, shortPath)],
		["used", used(job, usage)],
		["output", outputWords(job, shortPath)],
	];
	return all.flatMap(([name, words]) => (words === null ? [] : [[name, words] as const]));
}

/** The state, short enough for a column: "failed, code 1", "failed, time limit", "running". */
export function shortStateWords(job: HowItIs & Pick<Job, "attempt" | "reason">): string {
	return stateWords(job).replace("exit code", "code");
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

/** A moment in local time: "14:02:11" today, "2026-01-31 14:02:11" on another day. */
export function clockTime(moment: Date): string {
	return localTime(moment, { seconds: true });
}

/** When a scheduled job runs next: "next 23:30:00 (in 10 h)", "next: unknown"; of one that feeds a listener: "next: when there are events". */
export function nextWords({ schedule }: Job, nowMs: number = Date.now()): string {
	if (schedule === null) return "next: when there are events";
	if (schedule.paused) return "paused";
	if (schedule.next === null) return "next: unknown";
	const next = new Date(schedule.next);
	return `next ${clockTime(next)} (in ${age(next.getTime() - nowMs)})`;
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
		...(missedSince === null ? [] : [`missed ${missed} since ${clockTime(new Date(missedSince))}`]),
	].join("; ");
}

/** How long an active job has been running, or how long ago a job ended. */
export function since(job: Job, nowMs: number): string {
	if (job.state === "scheduled")
		return job.schedule?.next == null || job.schedule.paused ? "" : `in ${age(Date.parse(job.schedule.next) - nowMs)}`;
	if (hasEnded(job)) return job.endedAt === null ? "" : `${age(nowMs - Date.parse(job.endedAt))} ago`;
	return age(nowMs - Date.parse(job.startedAt ?? job.createdAt));
}

/** A command as one could type it in a shell, on one line. */
export function shownCommand(command: readonly string[]): string {
	return printable(commandLine(command));
}

/** What a job is, in one line: "web (1c9e2f40) is running for 12 s, pid 4711". */
export function headline(job: Job): string {
	if (hasEnded(job)) return job.endedAt === null ? summary(job) : `${summary(job)}, ${age(Date.now() - Date.parse(job.endedAt))} ago`;
	if (job.state === "scheduled") return `${summary(job)}, ${nextWords(job)}`;
	const pid = job.pid === null ? "" : `, pid ${job.pid}`;
	return `${summary(job)} for ${age(Date.now() - Date.parse(job.startedAt ?? job.createdAt))}${pid}`;
}

/** "run 2 failed, code 1, 3 min ago". */
export function earlierRun(job: Job): string {
	return `run ${job.run} ${shortStateWords(job)}${endedAgo(job)}`;
}

function endedAgo({ endedAt }: Job): string {
	return endedAt === null ? "" : `, ${age(Date.now() - Date.parse(endedAt))} ago`;
}

function restarts({ restart, attempt }: Job, attempts: JobDetails["attempts"]): string | null {
	if (restart.policy === "no") return null;
	const last = attempts.at(-1);
	const how = last === undefined ? "" : `; attempt ${last.attempt} ended with ${last.signal ?? `code ${last.exitCode}`}`;
	const most = restart.max === null ? "" : `, ${restart.max} times at most`;
	return `${restart.policy}, after ${span(restart.delayMs ?? 0)}${most}; attempt ${attempt}${last?.attempt === attempt ? "" : how}`;
}

/** What of the settings was changed since this run. */
function nextRun(job: Job, shortPath: (path: string) => string): string | null {
	const { nextRun: next } = job;
	if (next === null) return null;
	const shown = (facts: Pick<Job, "command" | "directory" | "description" | "restart" | "limits">): readonly string[] => [
		shownCommand(facts.command),
		shortPath(facts.directory),
		facts.description === null ? "" : printable(facts.description),
		facts.restart.policy === "no" ? "no restarts" : `restarts ${facts.restart.policy}`,
		limits(facts) ?? "no limits",
	];
	const before = shown(job);
	const changed = shown(next).filter((words, index) => words !== before[index] && words !== "");
	return changed.length === 0 ? "with changed settings" : changed.join("; ");
}

function limits(job: Pick<Job, "limits">): string | null {
	const { timeoutMs, memoryBytes, cpus, tasks } = job.limits;
	const parts = [
		timeoutMs === null ? "" : `time ${span(timeoutMs)}`,
		memoryBytes === null ? "" : `memory ${bytes(memoryBytes)}`,
		cpus === null ? "" : `${cpus} CPUs`,
		tasks === null ? "" : `${tasks} tasks`,
	].filter(Boolean);
	return parts.length === 0 ? null : parts.join(", ");
}

function used(job: Job, usage: JobDetails["usage"]): string | null {
	const cpuTimeMs = usage?.cpuTimeMs ?? job.cpuTimeMs;
	const peak = usage?.memoryPeakBytes ?? job.memoryPeakBytes;
	const parts = [
		cpuTimeMs === null ? "" : `${span(cpuTimeMs)} CPU`,
		usage?.memoryBytes == null ? "" : `${bytes(usage.memoryBytes)} memory`,
		peak === null ? "" : `${bytes(peak)} peak memory`,
	].filter(Boolean);
	return parts.length === 0 ? null : parts.join(", ");
}

function response(request: JobRequest): string | null {
	const words = responseWords(request);
	return words === undefined ? null : printable(words);
}

function outputWords(job: Job, shortPath: (path: string) => string): string | null {
	if (job.output.mode === "null") return "thrown away";
	if (job.run === 0) return null; // a schedule has not run it yet
	return `${job.output.paths.map(shortPath).join(", ")} (${bytes(job.output.bytes)})`;
}

/** The processes, each in a line under its parent's, and farther in. */
export function processTree(processes: readonly JobProcess[]): string[] {
	const known = new Set(processes.map(({ pid }) => pid));
	const below = (parentPid: number | undefined, depth: number): string[] =>
		processes
			.filter((one) => (parentPid === undefined ? !known.has(one.parentPid) : one.parentPid === parentPid))
			.flatMap((one) => [
				`${"  ".repeat(depth)}${one.pid} ${printable(one.command)}${one.escaped ? " (left the group)" : ""}`,
				...below(one.pid, depth + 1),
			]);
	return below(undefined, 0);
}
