/** The launchd platform: on the simulator, under the kinds of /bin/sh that macOS has; and on this Mac, where this is one. */
import { spawnSync } from "node:child_process";
import { after } from "node:test";
import * as launchd from "../../platform/launchd/index.ts";
import { noProc, type Simulator, startSimulator } from "../launchd/simulator/simulator.ts";
import { testPlatform } from "./suite.ts";

/** bash 3.2 is /bin/sh there, and dash may be. */
const SHELLS: readonly (readonly [name: string, ...shell: string[]])[] = [
	["dash", "/bin/dash"],
	["bash", "/bin/bash", "--posix"],
];

/** One of them, while it is worked on: CHORE_TEST_SHELLS=dash */
const wanted = process.env["CHORE_TEST_SHELLS"]?.split(",");

let simulator: Promise<Simulator> | undefined;
after(async () => (await simulator)?.[Symbol.asyncDispose]());

for (const [name, ...shell] of SHELLS) {
	if (wanted !== undefined && !wanted.includes(name)) continue;
	const missing = spawnSync(shell[0] ?? "", [...shell.slice(1), "-c", ":"]).error !== undefined;
	testPlatform({
		title: `launchd, simulated, under ${name}`,
		name: "launchd",
		load: async () => {
			simulator ??= startSimulator();
			const { launchctl } = await simulator;
			return {
				detect: () => ({ available: true, reason: "a simulator for tests", paths: [] }),
				open: (context) => launchd.openWith(context, { shell, launchctl, uid: 501 }),
			};
		},
		skip: noProc || (missing && `${shell[0]} is not installed`),
		disturbances: [],
		shell: name,
	});
}

const { available, reason } = launchd.detect();
testPlatform({
	title: "launchd on this Mac",
	name: "launchd",
	load: async () => launchd,
	skip: !available && reason,
	disturbances: [],
	shell: "bash",
});
