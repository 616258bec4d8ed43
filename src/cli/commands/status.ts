/** `chore status`: prints jobs in detail. */
import type { Command } from "commander";
import { hasEnded, type Job, type JobDetails, type JobProcess, type JobRequest } from "../../index.ts";
import { count } from "../arguments.ts";
import { action, each, jsonLines, verb } from "../command.ts";
import type { Output } from "../output.ts";
import {
	age,
	asRun,
	bytes,
	commandLine,
	endOf,
	leftBehindWords,
	nameWords,
	nextWords,
	printable,
	responseWords,
	scheduleWords,
	shortPath,
	span,
	stateWords,
	summary,
} from "../words.ts";

interface Options {
	readonly lines: number;
}

const NOT_ACTIVE_STATUS = 3;

export function statusCommand(): Command {
	return verb("status", "show a job in detail: processes, resources, last lines; exit 0 active, 3 not active")
		.argument("[job...]", "names or ids (default: the newest job)")
		.option("-n, --lines <number>", "how many lines of its output", count, 10)
		.action(
			action<Options, [string[]]>(async (invocation, references) => {
				const { chore, options, output, setStatus } = invocation;
				const jobs = references.length > 0 ? references : [await newest(invocation)];
				const details = await each(jobs, invocation, (reference) => chore.status(reference, { lines: options.lines }));
				const allFound = details.length === jobs.length; // else the failure has set the status
				if (allFound && details.some(({ job }) => hasEnded(job) || job.state === "unknown")) setStatus(NOT_ACTIVE_STATUS);
				if (options.json) output.line(jsonLines(details.map(({ job, ...more }) => ({ ...job, ...more }))));
				else for (const [index, detail] of details.entries()) for (const line of describe(detail, output, index > 0)) output.line(line);
			}),
		);
}

/** The id of the newest job, for commands without a reference. Says on stderr which job that is. */
export async function newest({
	chore,
	options,
	output,
}: {
	chore: { newest(): Promise<Job> };
	options: { quiet?: boolean };
	output: Output;
}): Promise<string> {
	const job = await chore.newest();
	if (!options.quiet) output.note(`chore: the newest job is ${nameWords(job)}`);
	return job.id;
}

function describe({ job, usage, lastLines, earlierRuns, attempts }: JobDetails, output: Output, apart: boolean): string[] {
	const facts: (readonly [string, string | null])[] = [
		["note", hasEnded(job) ? (leftBehindWords(job) ?? null) : job.reason === null ? null : printable(job.reason)],
		[job.request === null ? "command" : "request", job.command.length === 0 ? null : commandLine(job.command)],
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
		["next run", nextRun(job)],
		["used", used(job, usage)],
		["output", outputWords(job)],
	];
	const lines = [output.paint("bold", headline(job))];
	for (const [name, value] of facts) if (value !== null) lines.push(`  ${name.padEnd(10)} ${value}`);
	if (usage !== null && usage.processes.length > 0) lines.push("  processes", ...processTree(usage.processes).map((line) => `    ${line}`));
	if (earlierRuns.length > 0) lines.push("  earlier runs", ...earlierRuns.slice(-MOST_RUNS).map((run) => `    ${earlierRun(run)}`));
	if (lastLines.length > 0) lines.push("  last lines", ...lastLines.map((line) => `    ${printable(line)}`));
	return apart ? ["", ...lines] : lines;
}

function headline(job: Job): string {
	if (hasEnded(job)) return job.endedAt === null ? summary(job) : `${summary(job)}, ${age(Date.now() - Date.parse(job.endedAt))} ago`;
	if (job.state === "scheduled") return `${summary(job)}, ${nextWords(job)}`;
	const pid = job.pid === null ? "" : `, pid ${job.pid}`;
	return `${summary(job)} for ${age(Date.now() - Date.parse(job.startedAt ?? job.createdAt))}${pid}`;
}

/** How many earlier runs are shown. `chore history` has them all. */
const MOST_RUNS = 5;

function earlierRun(job: Job): string {
	return `run ${job.run} ${stateWords(job)}${endedAgo(job)}`;
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
function nextRun(job: Job): string | null {
	const { nextRun: next } = job;
	if (next === null) return null;
	const shown = (facts: Pick<Job, "command" | "directory" | "description" | "restart" | "limits">): readonly string[] => [
		commandLine(facts.command),
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

function outputWords(job: Job): string | null {
	if (job.output.mode === "null") return "thrown away";
	if (job.run === 0) return null; // a schedule has not run it yet
	return `${job.output.paths.map(shortPath).join(", ")} (${bytes(job.output.bytes)})`;
}

/** The processes, each under its parent. */
function processTree(processes: readonly JobProcess[]): string[] {
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
