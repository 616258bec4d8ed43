/**
 * Kills, at random instants, the manager, the hook, the command line that starts jobs, and the jobs, and then counts:
 * every job is there exactly once, with an end that can be true, and nothing of an ended job is left.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import * as systemd from "../../platform/systemd/index.ts";
import { hasEnded, type Job } from "../../src/core/job.ts";
import { eventually, HANGS_MS, isEmpty, isRunning, kill } from "../support/eventually.ts";
import { type Home, makeHome } from "../support/home.ts";
import { randomFrom, testBySeed } from "../support/random.ts";
import { rounds } from "../support/rounds.ts";
import { crashManager, userManager } from "../support/user-manager.ts";

const { skip, skipHarm } = userManager(import.meta);
const ROUNDS = rounds(36);
const CRASH_EVERY = 12;
/** Long enough that some commands end before they are killed, on a slow machine, too. */
const PATIENCE_MS = 60_000;

/** The command line, killed after so many milliseconds; resolves with the id it printed, if it came to that. */
function killedRun(home: Home, killAfterMs: number): Promise<string | undefined> {
	const child = spawn(process.execPath, ["dist/cli.cjs", "run", "-q", "--", "sh", "-c", "sleep 0.1; exit 5"], {
		env: { ...process.env, CHORE_HOME: home.path },
		stdio: ["ignore", "pipe", "ignore"],
	});
	let text = "";
	child.stdout.setEncoding("utf8").on("data", (data: string) => {
		text += data;
	});
	const timer = setTimeout(() => {
		if (child.kill("SIGKILL")) kills++;
	}, killAfterMs);
	return new Promise((resolve) =>
		child.on("close", () => {
			clearTimeout(timer);
			resolve(text.trim() || undefined);
		}),
	);
}

/** The processes whose command line has this in it. */
function processesWith(text: string): number[] {
	return readdirSync("/proc")
		.filter((name) => /^[0-9]+$/.test(name))
		.filter((name) => {
			try {
				return readFileSync(`/proc/${name}/cmdline`, "latin1").includes(text);
			} catch {
				return false;
			}
		})
		.map(Number);
}

let kills = 0;

function killQuietly(pid: number): void {
	if (kill(pid, "SIGKILL")) kills++;
}

const LIMITS = { skip: skip || skipHarm, timeout: HANGS_MS + ROUNDS * 2000 };
testBySeed("every job is accounted for exactly once, whatever is killed when", LIMITS, async (seed, context) => {
	const random = randomFrom(seed);
	await using home = await makeHome("systemd", systemd);
	const started: { readonly job: Job; readonly code: number; harmed: boolean }[] = [];
	const printed = new Set<string>();
	for (let round = 0; round < ROUNDS; round++) {
		const code = 1 + random(100);
		const job = await home.chore.run({ command: ["sh", "-c", `sleep 0.${random(4)}; exit ${code}`] });
		const entry = { job, code, harmed: false };
		started.push(entry);
		const killing = killedRun(home, random(4) === 0 ? PATIENCE_MS : random(150));
		const choice = random(4);
		if (choice === 0) {
			const { pid } = await home.chore.get(job.id);
			if (pid !== null && isRunning(pid)) {
				entry.harmed = true;
				killQuietly(pid);
			}
		} else if (choice === 1) {
			// The hook of this very job, if it is caught at work.
			entry.harmed = true;
			for (let tries = 0; tries < 40; tries++) {
				for (const pid of processesWith(`/hook\0${home.path}/default/jobs/${job.id}`)) killQuietly(pid);
				await new Promise((resume) => setImmediate(resume));
			}
		}
		if (round % CRASH_EVERY === CRASH_EVERY - 1) {
			for (const one of started) one.harmed ||= !hasEnded(await home.chore.get(one.job.id));
			await crashManager();
			kills++;
		}
		const id = await killing;
		if (id !== undefined) printed.add(id);
	}

	const jobs = await eventually("all jobs are over", async () => {
		const all = await home.chore.list({ all: true });
		return all.every(hasEnded) && all;
	});
	assert.equal(new Set(jobs.map(({ id }) => id)).size, jobs.length, "each job is listed once");
	assert.ok(printed.size > 0, "some starts by the command line came to their end");
	for (const id of printed)
		assert.ok(
			jobs.some((job) => job.id === id),
			`the printed job ${id} is there`,
		);
	let lost = 0;
	for (const { job, code, harmed } of started) {
		const end = jobs.find(({ id }) => id === job.id);
		assert.ok(end, `${job.id} is there`);
		if (!harmed) assert.equal(end.exitCode, code, JSON.stringify(end));
		else assert.ok(end.exitCode === code || end.signal === "SIGKILL" || end.state === "lost", JSON.stringify(end));
		if (end.state === "lost") lost++;
	}
	const ends = new Map<string, number>();
	for await (const { event, id, run } of home.chore.events()) {
		if (event === "exited" || event === "lost") ends.set(`${id} ${run}`, (ends.get(`${id} ${run}`) ?? 0) + 1);
	}
	for (const job of jobs) assert.equal(ends.get(`${job.id} ${job.run}`), 1, `one end of ${job.id} is in the ledger`);
	assert.deepEqual(readdirSync(`${home.path}/default/active`), []);
	await eventually("no process of an ended job is left", () => processesWith(`${home.path}/default/jobs/`), isEmpty);
	context.diagnostic(`${ROUNDS} rounds, ${kills} kills, ${jobs.length} jobs, ${lost} lost with the manager or their hook`);
});
