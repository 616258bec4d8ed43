/** Records of systemd's jobs that are read later: after the clock was set, with a pid that another has, without the package. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import * as systemd from "../../platform/systemd/index.ts";
import type { RunRecord } from "../../src/core/disk/store.ts";
import { eventually, HANGS_MS, isRunning, kill } from "../support/eventually.ts";
import { type Home, makeHome } from "../support/home.ts";
import { crashManager, userManager } from "../support/user-manager.ts";

const { skip, skipHarm } = userManager(import.meta);
const patience = { skip, timeout: HANGS_MS };
const HOUR_MS = 3_600_000;

function runFolder(home: Home, id: string): string {
	return `${home.path}/default/jobs/${id}/runs/1`;
}

/** Waits until the hook has written the end, without chore looking at it. */
async function recorded(home: Home, id: string): Promise<void> {
	const exit = `${runFolder(home, id)}/exit`;
	await eventually("its end is recorded", () => readFileSync(exit, "utf8").includes("chore-exit"));
}

test("durations, the order of history and what is kept are right when the clock was set back an hour", patience, async () => {
	await using home = await makeHome("systemd", systemd);
	const { id: first } = await home.chore.run({ command: ["sh", "-c", "sleep 0.3; exit 2"], name: "first" });
	await recorded(home, first);
	// The first job was made by a clock an hour ahead of the one that wrote its later files, and made the next job.
	const record = `${runFolder(home, first)}/run.json`;
	const run = JSON.parse(readFileSync(record, "utf8")) as RunRecord;
	writeFileSync(record, JSON.stringify({ ...run, createdAtMs: run.createdAtMs + HOUR_MS }));
	const early = new Date(Date.now() - 2 * HOUR_MS);
	for (const file of ["started", "exit", "output"]) utimesSync(`${runFolder(home, first)}/${file}`, early, early);
	const { id: second } = await home.chore.run({ command: ["true"], name: "second" });
	await home.chore.wait(second);
	const job = await home.chore.get(first);
	assert.deepEqual([job.state, job.exitCode, (job.startedAt ?? "") >= job.createdAt], ["failed", 2, true]);
	const ranMs = Date.parse(job.endedAt ?? "") - Date.parse(job.startedAt ?? "");
	assert.ok(ranMs >= 280 && ranMs < HOUR_MS - 600_000, `${ranMs} ms: not with the hour`);
	const history = await home.chore.history();
	assert.deepEqual(new Set(history.map(({ name }) => name)), new Set(["first", "second"]));
	for (const entry of history) assert.ok((entry.endedAt ?? "") >= (entry.startedAt ?? ""), JSON.stringify(entry));
	// The one that ended an hour from now is not older than anything, and is not forgotten for its age.
	assert.deepEqual((await home.chore.prune({ olderThanMs: HOUR_MS / 2 })).jobs, []);
	assert.equal((await home.chore.prune({ all: true })).jobs.length, 2);
});

test("a process that has the pid of a job by now is neither taken for it nor signalled", {
	...patience,
	skip: skip || skipHarm,
}, async () => {
	await using home = await makeHome("systemd", systemd);
	const stranger = spawn("sleep", ["600"], { detached: true });
	try {
		await once(stranger, "spawn");
		const pid = stranger.pid as number;
		const { id } = await home.chore.run({ command: ["sh", "-c", "trap '' USR1; exec sleep 600"], name: "web" });
		const main = await eventually("it runs", async () => (await home.chore.get(id)).pid ?? undefined);
		const started = `${runFolder(home, id)}/started`;
		writeFileSync(started, readFileSync(started, "utf8").replace(/^\d+/, String(pid)));
		await home.chore.kill(id, { signal: "SIGUSR1", whom: "main" });
		// The next manager does not know the unit.
		await crashManager();
		await home.open().kill(id, { signal: "SIGUSR1" });
		kill(main, "SIGKILL");
		await eventually("its process is gone", () => !isRunning(main));
		assert.equal((await home.open().get(id)).state, "lost");
		await home.open().remove(id, { force: true, graceMs: 0 });
		assert.ok(isRunning(pid), "the stranger lives");
	} finally {
		stranger.kill("SIGKILL");
	}
});

test("a job is started again, and recorded, after the package was deleted", patience, async () => {
	await using home = await makeHome("systemd", systemd);
	const copy = `${home.path}/package`;
	cpSync("dist", copy, { recursive: true });
	const script = `echo x >>'${home.path}/attempts'; until [ -e '${home.path}/go' ]; do sleep 0.02; done; exit 3`;
	const words = ["run", "-q", "-n", "web", "--restart", "on-failure", "--restart-max", "2", "--restart-delay", "10ms", "-c", script];
	const env = { ...process.env, CHORE_HOME: home.path, CHORE_PLATFORM: "" };
	const { status, stderr } = spawnSync(process.execPath, [`${copy}/cli.cjs`, ...words], { env, encoding: "utf8" });
	assert.equal(status, 0, stderr);
	rmSync(copy, { recursive: true });
	writeFileSync(`${home.path}/go`, "");
	const { exitCode, attempt, result } = await home.chore.wait("web");
	assert.deepEqual([exitCode, attempt, result], [3, 3, "start-limit"]);
	assert.equal(readFileSync(`${home.path}/attempts`, "utf8"), "x\nx\nx\n");
});
