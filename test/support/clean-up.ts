/**
 * Ends all jobs of a state folder. Never uses the code under test: finds units and labels by asking the supervisor, and
 * kills every process that names the folder or carries the mark of one of its jobs.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { Handle } from "../../platform/contract.ts";
import { eventually, isEmpty, isRunning, kill } from "./eventually.ts";
import { endFakeRuns } from "./fake-platform.ts";

/** How long a supervisor may take for a request. */
const PATIENCE = { stdio: "ignore", timeout: 60_000 } as const;

/** @returns what could not be ended, a line each */
export async function endJobs(home: string): Promise<readonly string[]> {
	endFakeRuns(home);
	const handles = unfinished(home);
	const units = (platform: string): readonly string[] =>
		handles
			.filter((handle) => handle.platform === platform)
			.map(({ data }) => String(data["unit"]))
			.filter((unit) => unit.endsWith(".service")); // a test may write what it likes
	for (const [platform, ...manager] of [["systemd", "--user"], ["systemd-system"]] as const) endUnits(manager, units(platform));
	endTimers(home);
	if (!existsSync("/proc/self/environ")) for (const label of labelsOf(home)) spawnSync("launchctl", ["remove", label], PATIENCE);
	const look = () => {
		const left = processesOf(home);
		for (const { pid } of left) kill(pid, "SIGKILL");
		return left;
	};
	try {
		await eventually(`no process of ${home} is left`, look, isEmpty);
		return [];
	} catch (error) {
		return [(error as Error).message];
	}
}

/** Stopped first, so that none is started again. */
function endUnits(manager: readonly string[], units: readonly string[]): void {
	if (units.length === 0) return;
	const systemctl = (...words: readonly string[]) => spawnSync("systemctl", [...manager, "--quiet", ...words, "--", ...units], PATIENCE);
	systemctl("thaw");
	systemctl("stop", "--no-block");
	systemctl("kill", "--signal=KILL");
	systemctl("stop");
	systemctl("reset-failed");
}

/** What would wake jobs that are gone. */
function endTimers(home: string): void {
	for (const { folder } of jobsIn(home)) {
		const units = namesIn(`${folder}/schedule`).filter((name) => /\.(timer|service)$/.test(name));
		if (units.length > 0) spawnSync("systemctl", ["--user", "--quiet", "disable", "--now", "--", ...units], PATIENCE);
	}
}

/** The handles of runs whose end is not written down. */
function unfinished(home: string): readonly Handle[] {
	return jobsIn(home).flatMap(({ folder }) =>
		namesIn(`${folder}/runs`)
			.map((run) => `${folder}/runs/${run}`)
			.filter((run) => !existsSync(`${run}/end.json`))
			.flatMap((run) => {
				try {
					return (JSON.parse(readFileSync(`${run}/run.json`, "utf8")) as { handle: Handle }).handle;
				} catch {
					return []; // torn or removed by the test
				}
			}),
	);
}

function labelsOf(home: string): readonly string[] {
	return jobsIn(home).flatMap(({ id, folder }) => namesIn(`${folder}/runs`).map((run) => `dev.chore.job.${id}.${run}`));
}

function jobsIn(home: string): readonly { readonly id: string; readonly folder: string }[] {
	return namesIn(home).flatMap((session) =>
		namesIn(`${home}/${session}/jobs`).map((id) => ({ id, folder: `${home}/${session}/jobs/${id}` })),
	);
}

function namesIn(folder: string): readonly string[] {
	try {
		return readdirSync(folder);
	} catch {
		return [];
	}
}

interface Left {
	readonly pid: number;
	readonly command: string;
}

function processesOf(home: string): readonly Left[] {
	if (!existsSync("/proc/self/environ")) return processesByPs(home);
	return processesNaming(home, new Set(jobsIn(home).map(({ id }) => id))).map((pid) => ({
		pid,
		command: read(pid, "cmdline").replaceAll("\0", " ").slice(0, 200),
	}));
}

/** The processes whose command line or environment holds the text, or that carry the mark of one of the jobs; not this one, and no zombies. */
export function processesNaming(text: string, jobs: ReadonlySet<string> = new Set()): readonly number[] {
	return namesIn("/proc")
		.filter((name) => /^[0-9]+$/.test(name))
		.map(Number)
		.filter((pid) => pid !== process.pid)
		.filter((pid) => {
			const environment = read(pid, "environ");
			const [, mark = ""] = /(?:^|\0)CHORE_JOB_ID=([^\0]*)/.exec(environment) ?? [];
			return (environment.includes(text) || read(pid, "cmdline").includes(text) || jobs.has(mark)) && isRunning(pid);
		});
}

function processesByPs(home: string): readonly Left[] {
	const { stdout } = spawnSync("ps", ["-axww", "-o", "pid=,args="], { encoding: "utf8", maxBuffer: 1 << 26 });
	return stdout
		.split("\n")
		.filter((line) => line.includes(home))
		.map((line) => ({ pid: Number.parseInt(line, 10), command: line.trim().slice(0, 200) }));
}

/** The home is named by a path that may hold any character. */
function read(pid: number, file: string): string {
	try {
		return readFileSync(`/proc/${pid}/${file}`, "utf8");
	} catch {
		return ""; // gone meanwhile, or another user's
	}
}
