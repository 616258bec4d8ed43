/** The launchd platform on the simulator, under one of the kinds of /bin/sh that macOS has. */
import { spawnSync } from "node:child_process";
import { after } from "node:test";
import * as launchd from "../../platform/launchd/index.ts";
import { noProc, type Simulator, startSimulator } from "../launchd/simulator/simulator.ts";
import { type Subject, testPlatform } from "./suite.ts";

/** @param words the path of the shell, and what it has to be told to be a /bin/sh */
export function testLaunchdUnder(name: NonNullable<Subject["shell"]>, words: readonly [path: string, ...rest: string[]]): void {
	const [path, ...rest] = words;
	const isMissing = spawnSync(path, [...rest, "-c", ":"]).error !== undefined;
	let simulator: Promise<Simulator> | undefined;
	after(async () => (await simulator)?.[Symbol.asyncDispose]());
	testPlatform({
		title: `launchd, simulated, under ${name}`,
		name: "launchd",
		load: async () => {
			simulator ??= startSimulator();
			const { launchctl, agents } = await simulator;
			return {
				detect: () => ({ available: true, reason: "a simulator for tests", paths: [] }),
				open: (context) => launchd.openWith(context, { shell: words, launchctl, agents, uid: 501 }),
			};
		},
		skip: noProc || (isMissing && `${path} is not installed`),
		disturbances: [],
		shell: name,
		isOtherShell: name !== "dash", // as in posix.ts
	});
}
