/** A disk that becomes full at any write of any verb, on systemd: an error that says so, nothing half made, no end lost. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statfsSync, truncateSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { isChoreError } from "../../platform/errors.ts";
import * as systemd from "../../platform/systemd/index.ts";
import type { Job } from "../../src/core/job.ts";
import { eventually, HANGS_MS } from "../support/eventually.ts";
import { type Home, makeHome } from "../support/home.ts";
import { smallDisk } from "../support/small-disk.ts";
import { userManager } from "../support/user-manager.ts";

const folder = smallDisk(import.meta);
const { skip } = userManager(import.meta);
const patience = { skip: skip || (folder === undefined && "only root can make a small file system"), timeout: HANGS_MS };
const ballast = `${folder}/ballast`;
const MOST_PAGES = 60;

/** Fills the disk except for so many pages of 4096 bytes. */
function leave(pages: number): void {
	rmSync(ballast, { force: true });
	writeFileSync(ballast, Buffer.alloc((statfsSync(String(folder)).bavail - pages) * 4096));
}

/** Room for everything. */
function clear(): void {
	truncateSync(ballast);
}

/** The units of jobs that the manager has. */
function units(): readonly string[] {
	const words = ["--user", "list-units", "--all", "--plain", "--no-legend", "chore-*"];
	return execFileSync("systemctl", words, { encoding: "utf8" }).split("\n").filter(Boolean);
}

/** Asserts that there are these jobs and no other, none half made, and a unit for each that is active. */
async function assertWhole(home: Home, ids: readonly string[], when: string): Promise<void> {
	const jobs = await home.open().list({ all: true });
	assert.deepEqual(jobs.map(({ id }) => id).sort(), [...ids].sort(), when);
	for (const job of jobs) assert.notEqual(job.state, "unknown", `${when}: ${job.reason}`);
	for (const id of readdirSync(`${home.path}/default/active`)) assert.ok(ids.includes(id), `${when}: a mark without a job`);
	assert.deepEqual(readdirSync(`${home.path}/default/trash`), [], `${when}: nothing is left aside`);
	const active = jobs.filter(({ endedAt }) => endedAt === null).length;
	await eventually(`${when}: each unit belongs to a job`, () => units().length, active);
}

/** What a start on a full disk comes to: the job, or undefined where it was refused for want of space. */
async function started(start: Promise<Job>, when: string): Promise<Job | undefined> {
	try {
		return await start;
	} catch (error) {
		assert.ok(isChoreError(error) && error.code === "STATE_FULL", `${when}: ${error}`);
		assert.match(error.message, /no space left/, when);
		return undefined;
	}
}

/** A job that has written its end, and that nobody has looked at since. */
async function over(home: Home, code: number): Promise<string> {
	const { id } = await home.chore.run({ command: ["sh", "-c", `head -c 20000 /dev/zero; exit ${code}`] });
	const exit = `${home.path}/default/jobs/${id}/runs/1/exit`;
	await eventually("its end is recorded", () => readFileSync(exit, "utf8").includes("chore-exit"));
	return id;
}

test("run starts the job or reports that the disk is full, and so does its next run", patience, async () => {
	await using home = await makeHome("systemd", systemd, {}, `${folder}/home-`);
	const { id: again } = await home.chore.run({ command: ["sleep", "600"], name: "again" });
	const ids = [again];
	let refused = 0;
	for (let pages = 0; ids.length < 4; pages++) {
		assert.ok(pages < MOST_PAGES, "some free space is enough");
		leave(pages);
		const when = `${pages} free pages`;
		const job = await started(home.chore.run({ command: ["sleep", "600"] }), `run, ${when}`);
		if (job === undefined) refused++;
		else ids.push(job.id);
		await assertWhole(home, ids, `run, ${when}`);
	}
	assert.ok(refused >= 5, `${refused} starts met a full disk`);
	await home.chore.stop(again);
	let run = 1;
	for (let pages = 0; run < 4; pages++) {
		assert.ok(pages < MOST_PAGES, "some free space is enough");
		leave(pages);
		const when = `rerun, ${pages} free pages`;
		const job = await started(home.chore.rerun(again), when);
		if (job !== undefined) run++;
		const now = await home.open().get(again);
		assert.deepEqual([now.run, now.endedAt === null], [run, job !== undefined], when);
		if (job !== undefined) {
			assert.equal((await home.chore.pause(again)).state, "paused", when);
			assert.equal((await home.chore.resume(again)).state, "running", when);
		}
		assert.equal((await home.chore.stop(again)).state, "stopped", when);
		await assertWhole(home, ids, when);
	}
	clear();
	for (const id of ids) await home.chore.remove(id, { force: true, graceMs: 0 });
	await assertWhole(home, [], "removed");
});

test("stop, remove, prune and the look at an ended job go well however full the disk is", patience, async () => {
	await using home = await makeHome("systemd", systemd, {}, `${folder}/home-`);
	for (let pages = 0; pages < 4; pages++) {
		clear();
		const { id: running } = await home.chore.run({ command: ["sleep", "600"] });
		const [settled, removed, pruned] = [await over(home, 5), await over(home, 6), await over(home, 7)];
		const when = `${pages} free pages`;
		leave(pages);
		assert.equal((await home.open().stop(running)).state, "stopped", when);
		leave(pages);
		const seen = await home.open().get(settled);
		assert.deepEqual([seen.state, seen.exitCode], ["failed", 5], when);
		leave(pages);
		await home.open().remove(removed);
		await assertWhole(home, [running, settled, pruned], when);
		leave(pages);
		const { jobs, failures } = await home.open().prune({ all: true });
		assert.deepEqual([jobs.map(({ id }) => id).sort(), failures], [[running, settled, pruned].sort(), []], when);
		await assertWhole(home, [], when);
	}
	clear();
});

test("a refused start reports the refusal or the disk, and leaves nothing", patience, async () => {
	await using home = await makeHome("systemd", systemd, {}, `${folder}/home-`);
	const { id } = await home.chore.run({ command: ["true"] });
	await home.chore.wait(id);
	await home.chore.remove(id);
	let refused = 0;
	for (let pages = 0; refused < 3; pages++) {
		assert.ok(pages < MOST_PAGES, "some free space is enough");
		leave(pages);
		const native = { properties: ["CPUSchedulingPriority=10"] };
		const start = home.chore.run({ command: ["true"], native, restart: { policy: "always", delayMs: 1 } });
		const error: unknown = await start.catch((reason: unknown) => reason);
		const when = `${pages} free pages: ${error}`;
		assert.ok(isChoreError(error) && ["STATE_FULL", "INVALID_ARGUMENT"].includes(error.code), when);
		if (error.code === "INVALID_ARGUMENT") refused++;
		await assertWhole(home, [], when);
	}
	clear();
});
