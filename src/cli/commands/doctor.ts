/** `chore doctor`: what runs jobs here, and what it can do. */
import type { Command } from "commander";
import type { PlatformReport, Report } from "../../index.ts";
import { action, verb } from "../command.ts";
import type { Output } from "../output.ts";
import { shortPath } from "../words.ts";

export function doctorCommand(): Command {
	return verb("doctor", "show which platform runs jobs here, what it can do, and why").action(
		action<unknown, []>(async ({ chore, options, output, setStatus }) => {
			const report = await chore.doctor();
			if (options.json) output.line(JSON.stringify(report));
			else for (const line of describe(report, output)) output.line(line);
			if (!report.platforms.some(({ used, unavailable, error }) => used && unavailable === null && error === null)) setStatus(1);
		}),
	);
}

function describe(report: Report, output: Output): string[] {
	const lines = [
		row("chore", `${report.version}, Node ${report.node}, ${report.system}`),
		row("state", `${shortPath(report.paths.session)} (${report.jobs.all} jobs, ${report.jobs.active} active)`),
	];
	for (const platform of report.platforms) lines.push("", ...describePlatform(platform, output));
	return lines;
}

function describePlatform(platform: PlatformReport, output: Output): string[] {
	const state =
		platform.unavailable !== null
			? "not available"
			: platform.error !== null
				? "does not answer"
				: platform.used
					? "used for new jobs"
					: "available";
	const lines = [`${output.paint("bold", platform.name)}: ${state}`];
	const why = platform.unavailable ?? platform.error;
	if (why !== null) lines.push(row("why", why));
	for (const { name, value } of platform.facts) lines.push(row(name, value));
	if (platform.capabilities !== null) {
		const names = Object.entries(platform.capabilities).filter(([, value]) => typeof value === "boolean");
		const list = (wanted: boolean): string =>
			names
				.filter(([, value]) => value === wanted)
				.map(([name]) => WORDS[name] ?? name)
				.join(", ") || "nothing";
		lines.push(row("can", list(true)), row("cannot", list(false)), row("holds jobs", CONTAINMENT[platform.capabilities.containment]));
	}
	if (platform.logout !== null) {
		lines.push(
			row("at logout", platform.logout.survives ? "jobs go on" : `${platform.logout.reason}; to keep them: ${platform.logout.cure}`),
		);
	}
	return lines;
}

const WORDS: Readonly<Record<string, string>> = {
	timeout: "time limit",
	memoryLimit: "memory limit",
	cpuLimit: "CPU limit",
	taskLimit: "limit of processes",
	accounting: "count CPU time and memory",
	units: "named units and slices",
	hangUp: "HUP after the stop signal",
	enqueue: "start without waiting",
};

const CONTAINMENT = {
	cgroup: "by cgroup: a process stays in it whatever it forks",
	"group-and-mark": "by process group, and by CHORE_JOB_ID in the environment of those that leave it",
} as const;

function row(name: string, value: string): string {
	return `  ${name.padEnd(12)} ${value}`;
}
