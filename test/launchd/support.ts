/** Runs jobs on a simulated launchd for each test, under the kinds of /bin/sh that macOS has. */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import type { PlatformModule } from "../../platform/contract.ts";
import { type LaunchdOptions, openWith } from "../../platform/launchd/index.ts";
import type { Job } from "../../src/core/job.ts";
import { eventually, HANGS_MS, isEmpty } from "../support/eventually.ts";
import { type Home, makeHome } from "../support/home.ts";
import { noProc, type Simulator, startSimulator } from "./simulator/simulator.ts";
import type { Switches } from "./simulator/switches.ts";

export const SHELLS: readonly (readonly [name: string, shell: readonly string[]])[] = [
	["dash", ["/bin/dash"]],
	["bash --posix", ["/bin/bash", "--posix"]],
];

/** What a test works with. */
export interface Stage {
	readonly home: Home;
	readonly simulator: Simulator;
}

/** The platform on a simulator. */
export function moduleOf(launchctl: string, options: LaunchdOptions = {}): PlatformModule {
	return {
		detect: () => ({ available: true, reason: "a simulator for tests", paths: [] }),
		open: (context) => openWith(context, { uid: 501, launchctl, agents: `${dirname(launchctl)}/LaunchAgents`, ...options }),
	};
}

/** A test with a launchd and a home of its own. */
export function on(
	title: string,
	switches: Partial<Switches>,
	body: (stage: Stage) => Promise<void>,
	options: LaunchdOptions & { readonly prefix?: string } = {},
): void {
	test(title, { skip: noProc, timeout: HANGS_MS }, async () => {
		await using simulator = await startSimulator(switches);
		await using home = await makeHome("launchd", moduleOf(simulator.launchctl, options), {}, options.prefix ?? "chore launchd é & <-");
		await body({ home, simulator });
	});
}

/** The same under each shell. */
export function onEachShell(title: string, body: (stage: Stage) => Promise<void>): void {
	for (const [name, shell] of SHELLS) on(`${title}, under ${name}`, {}, body, { shell });
}

export function outputOf(job: Job): string {
	return readFileSync(job.output.paths[0] ?? "", "utf8");
}

/** Starts a line of shell, and waits until it has said that it is ready. */
export async function ready({ home }: Stage, line: string, options: object = {}): Promise<Job> {
	const job = await home.chore.run({ command: ["/bin/sh", "-c", line], directory: home.path, ...options });
	await eventually("the job is ready", () => outputOf(job).includes("ready"));
	return job;
}

/** A small file of the first run, as words. */
export function wordsIn({ home }: Stage, job: Job, name: string): readonly string[] {
	return readFileSync(`${home.path}/default/jobs/${job.id}/runs/1/${name}`, "utf8").trim().split(/\s+/);
}

/** The pids of the shim, and of the shell that waits for it. */
export function keepers(stage: Stage, job: Job): { readonly shim: number; readonly waiter: number } {
	const [shim = Number.NaN, waiter = Number.NaN] = ["pid", "waiter"].map((name) => Number(wordsIn(stage, job, name)[0]));
	if (!(shim > 1 && waiter > 1)) throw new Error("the run has no two shells");
	return { shim, waiter };
}

export function targetOf(job: Job, domain = "gui/501"): string {
	return `${domain}/dev.chore.job.${job.id}.1`;
}

export function noLabels({ simulator }: Stage): Promise<unknown> {
	return eventually("launchd has forgotten the jobs", () => simulator.labels(), isEmpty);
}
