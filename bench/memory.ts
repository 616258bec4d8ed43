/** What stays in memory while jobs run, besides the jobs. */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Benchmark } from "./support/benchmark.ts";
import type { Row } from "./support/row.ts";
import type { Scene } from "./support/scene.ts";
import { median, textOf, until } from "./support/timing.ts";

const LIVE = 100;

export const memory: Benchmark = {
	name: "memory",
	platforms: ["posix", "systemd"],
	async measure(scene) {
		const session = scene.newSession();
		const chore = await scene.open(session);
		const jobs = await scene.live(chore, LIVE);
		const mains = (await chore.list()).flatMap(({ pid }) => pid ?? []);
		if (mains.length !== LIVE) throw new Error(`${mains.length} of ${LIVE} jobs run`);
		const others = besides(scene, new Set(mains));
		if (scene.platform === "systemd") {
			const kilobytes = others.reduce((sum, pid) => sum + (field(pid, "Rss") ?? 0), 0);
			const what = `${LIVE} live jobs: ${others.length} processes besides them, RSS`;
			return [{ what, unit: "kB", chore: kilobytes, peer: null, bound: { of: "value", atMost: 0 } }];
		}
		const shims = jobs.map(({ id }) => Number.parseInt(textOf(join(scene.runFolder(session, id), "pid")), 10));
		const strangers = others.filter((pid) => !shims.includes(pid)).length;
		if (strangers > 0) throw new Error(`${strangers} processes are neither a job nor the shim of one`);
		return shimRows(shims);
	},
};

/** A shell that waits for a program is the least that can tell how the program ended. */
async function shimRows(shims: readonly number[]): Promise<readonly Row[]> {
	const shell = spawn("/bin/sh", ["-c", "sleep 100000; :"], { stdio: "ignore", detached: true });
	try {
		await until("the shell waits for its program", () => childrenOf(shell) !== "");
		const row = (what: string, measure: (pid: number) => number, atMost: number): Row => ({
			what: `${LIVE} live jobs: the shim of one, ${what}`,
			unit: "kB",
			chore: median(shims.map(measure)),
			peer: { name: "sh -c 'sleep; :'", value: measure(shell.pid ?? 0) },
			bound: { of: "value", atMost },
		});
		return [
			row("RSS", (pid) => field(pid, "Rss") ?? 0, 3300),
			row("private", (pid) => (field(pid, "Private_Clean") ?? 0) + (field(pid, "Private_Dirty") ?? 0), 1000),
		];
	} finally {
		if (shell.pid !== undefined) process.kill(-shell.pid, "SIGKILL");
	}
}

function childrenOf({ pid }: ChildProcess): string {
	return textOf(`/proc/${pid}/task/${pid}/children`).trim();
}

/** All processes that speak of this state folder, or are in the cgroup of a job of it, but these. */
function besides(scene: Scene, mains: ReadonlySet<number>): readonly number[] {
	const groups = new Set([...mains].map((pid) => textOf(`/proc/${pid}/cgroup`)));
	// Without a unit of its own a job is in our cgroup.
	groups.delete(textOf("/proc/self/cgroup"));
	return readdirSync("/proc")
		.map(Number)
		.filter((pid) => pid > 0 && pid !== process.pid && !mains.has(pid))
		.filter((pid) => {
			const words = textOf(`/proc/${pid}/cmdline`) + textOf(`/proc/${pid}/environ`);
			const group = textOf(`/proc/${pid}/cgroup`);
			return words.includes(scene.home) || (group !== "" && groups.has(group));
		});
}

/** Kilobytes of a process (proc_pid_smaps(5)); undefined for one that is gone. */
function field(pid: number, name: string): number | undefined {
	const value = new RegExp(`^${name}: +([0-9]+) kB`, "m").exec(textOf(`/proc/${pid}/smaps_rollup`))?.[1];
	return value === undefined ? undefined : Number(value);
}
