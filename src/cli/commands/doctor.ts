/** `chore doctor`: prints the report of the library's `doctor`. */
import type { Command } from "commander";
import {
	type Capabilities,
	doctor,
	type Finding,
	type Location,
	openChore,
	type PlatformReport,
	type Report,
	type SelfTest,
} from "../../index.ts";
import { anywhere, verb } from "../command.ts";
import { hostOf, openRemote, refuseHost } from "../open.ts";
import type { Output } from "../output.ts";
import { type CommonOptions, choreOptions, tolerantOptions } from "../settings.ts";
import { bytes, printable, span } from "../words.ts";

interface Options {
	readonly linger?: boolean;
	readonly test: boolean;
}

export function doctorCommand(): Command {
	return verb("doctor", "show which platform runs jobs here, what it can do and why, and what needs attention")
		.option("--linger", "first have the system keep your jobs beyond the last logout")
		.option("--no-test", "do not try out the platform with three short jobs")
		.action(
			anywhere<Options, []>(async ({ options, output, setStatus }) => {
				const host = hostOf(options);
				const report = host === undefined ? await examineHere(options) : await examineThere(host, options);
				if (options.json) output.line(JSON.stringify(report));
				else for (const line of describe(report, output)) output.line(host === undefined ? withoutHome(line) : line);
				if (!report.well) setStatus(1);
			}),
		);
}

async function examineHere(options: Options & CommonOptions): Promise<Report> {
	if (options.linger) {
		await using chore = await openChore(await choreOptions(options));
		await chore.linger();
	}
	const settings = await tolerantOptions(options);
	return doctor({ ...settings.options, settings, selfTest: options.test });
}

async function examineThere(host: string, options: Options & CommonOptions): Promise<Report> {
	refuseHost("--linger", "it is for the user of that machine", options.linger === true);
	await using jobs = await openRemote(host, options);
	return await jobs.doctor({ selfTest: options.test }); // before it is closed
}

function describe(report: Report, output: Output): string[] {
	const lines = describeHere(report);
	for (const platform of report.platforms) lines.push("", ...describePlatform(platform, output));
	if (report.selfTest !== null) lines.push("", describeTest(report.selfTest, output));
	for (const [level, title] of [
		["problem", "needs attention"],
		["note", "good to know"],
	] as const) {
		const findings = report.findings.filter((finding) => finding.level === level);
		if (findings.length > 0) lines.push("", output.paint("bold", title));
		for (const finding of findings) lines.push(...describeFinding(finding, output));
	}
	return lines;
}

function describeHere({ version, node, system, release, session, locations, disk, sessions }: Report): string[] {
	const lines = [row("chore", `${version}, Node ${node}, ${system}`), row("system", release)];
	for (const location of locations) {
		const on =
			location.name === "state" && disk !== null ? `; ${disk.fileSystem ?? "file system unknown"}, ${bytes(disk.freeBytes)} free` : "";
		lines.push(row(location.name, `${whereabouts(location)}${on}`));
	}
	// The session that was asked for may not exist yet.
	if (sessions.every(({ name }) => name !== session)) lines.push(row("session", `${session}: no jobs`));
	for (const { name, jobs, active, bytes: size } of sessions)
		lines.push(row("session", `${name}: ${jobs === 1 ? "1 job" : `${jobs} jobs`}, ${active} active, ${bytes(size)}`));
	return lines;
}

function describePlatform({ name, used, available, reason, error, facts, locations, ...more }: PlatformReport, output: Output): string[] {
	const state = !available ? "not available" : error !== null ? "does not answer" : used ? "used for new jobs" : "available";
	return [
		`${output.paint("bold", name)}: ${state}`,
		row("why", printable(error ?? reason)),
		...facts.map((fact) => row(fact.name, printable(fact.value))),
		...locations.map((location) => row(location.name, whereabouts(location))),
		...(more.capabilities === null ? [] : describeCapabilities(more.capabilities, more.lacking)),
		...(more.logout === null
			? []
			: [row("at logout", more.logout.survives ? "jobs go on" : `${more.logout.reason}; to keep them: ${more.logout.cure}`)]),
	];
}

function describeCapabilities(capabilities: Capabilities, lacking: PlatformReport["lacking"]): string[] {
	const skills = Object.keys(SKILLS) as Skill[];
	const own = Object.keys(capabilities.native);
	const has = (skill: Skill): boolean => (skill === "native" ? own.length > 0 : capabilities[skill]);
	const words = (some: readonly Skill[]): string =>
		some.map((skill) => (skill === "native" && own.length > 0 ? `${SKILLS.native} (${own.join(", ")})` : SKILLS[skill])).join(", ");
	const cannot = skills.filter((skill) => !has(skill));
	const reasons = [...new Set(cannot.map((skill) => lacking[skill]))];
	return [
		row("can", words(skills.filter(has))),
		...reasons.map((reason) => {
			const some = words(cannot.filter((skill) => lacking[skill] === reason));
			return row("cannot", reason === undefined ? some : `${some}: ${reason}`);
		}),
		row("holds jobs", CONTAINMENT[capabilities.containment]),
	];
}

function describeTest({ platform, tookMs, checks }: SelfTest, output: Output): string {
	const failed = checks.filter(({ problem }) => problem !== null).length;
	const how = failed === 0 ? output.paint("green", "ok") : output.paint("red", `failed, ${failed} of ${checks.length}`);
	return `${output.paint("bold", "self-test")} on ${platform}: ${how} (${span(tookMs)})`;
}

function describeFinding({ level, what, cure }: Finding, output: Output): string[] {
	const mark = level === "problem" ? output.paint("red", "!") : "-";
	return [`  ${mark} ${printable(what)}`, ...(cure === null ? [] : [`    mend it: ${printable(cure)}`])];
}

/** A path with its kind, mode and owner: "/run/user/1000/bus (socket 0666, yours)". */
function whereabouts({ path, kind, mode, owner }: Location): string {
	const whose = owner === process.geteuid?.() ? "yours" : owner === 0 ? "root's" : `of uid ${owner}`;
	const how = kind === "missing" ? "not there" : kind === "unreachable" ? "cannot be looked at" : `${kind} ${mode}, ${whose}`;
	return `${printable(path)} (${how})`;
}

type Skill = Exclude<keyof Capabilities, "containment">;

const SKILLS: Readonly<Record<Skill, string>> = {
	restart: "restarts",
	timeout: "time limit",
	memoryLimit: "memory limit",
	cpuLimit: "CPU limit",
	taskLimit: "limit of processes",
	accounting: "count CPU time and memory",
	pause: "pause and resume",
	native: "options of its own",
	hangUp: "HUP after the stop signal",
	enqueue: "start without waiting",
	schedule: "schedules",
	occasions: "schedules by boots, runs and clock changes",
};

const CONTAINMENT = {
	cgroup: "by cgroup: a process stays in it whatever it forks",
	"group-and-mark": "by process group, and by CHORE_RUN_ID in the environment of those that leave it",
} as const;

function row(name: string, value: string): string {
	return `  ${name.padEnd(12)} ${value}`;
}

/** Replaces the home folder by `~`, so that a pasted report does not show the user's name. Also inside a quoted word. */
function withoutHome(line: string): string {
	const home = process.env["HOME"] ?? "";
	if (home.length < 2) return line;
	return line.replaceAll(`'${home}/`, "~/'").replaceAll(`${home}/`, "~/");
}
