/** The limit of active jobs: jobs that have ended and are not settled do not count. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { openSession } from "../../src/core/disk/session.ts";
import { HANGS_MS } from "../support/eventually.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { makeHome } from "../support/home.ts";
import { makePast } from "../support/past.ts";

/** More than a process may have files open, as most systems limit that. */
const MANY = 1500;

test("1,500 jobs that ended without being settled do not prevent a start, and each keeps its own end", { timeout: HANGS_MS }, async () => {
	await using home = await makeHome("fake", fakePlatform, { maxJobs: MANY });
	const { id } = await home.chore.run({ command: ["sh", "-c", "exit 3"], name: "model" });
	await home.chore.wait(id);
	const session = openSession(home.path, "default");
	const quick = Array.from({ length: MANY }, (_, index) =>
		makePast(session, id, { hoursAgo: 0, isOfThisBoot: true, isSeen: false, name: `quick-${index}` }),
	);
	assert.equal(readdirSync(session.active).length, MANY);
	const live = await home.chore.run({ command: ["sleep", "60"], name: "live" });
	assert.deepEqual(readdirSync(session.active), [live.id]);
	const jobs = await home.chore.list({ states: ["failed"] });
	assert.deepEqual(new Set(jobs.map((job) => job.id)), new Set([id, ...quick]));
	assert.deepEqual(new Set(jobs.map(({ exitCode }) => exitCode)), new Set([3]));
	const told = (await home.chore.history({ states: ["failed"] })).map((entry) => entry.id);
	assert.deepEqual([told.length, new Set(told).size], [MANY + 1, MANY + 1]);
});

test("jobs of another container, which may be over, do not count against max_jobs", async () => {
	await using home = await makeHome("fake", fakePlatform, { maxJobs: 1 });
	const elsewhere = await home.chore.run({ command: ["sleep", "60"] });
	const path = `${home.path}/default/jobs/${elsewhere.id}/runs/1/run.json`;
	const run = JSON.parse(readFileSync(path, "utf8"));
	await assert.rejects(home.chore.run({ command: ["sleep", "60"] }), { code: "TOO_MANY_JOBS" });
	writeFileSync(path, JSON.stringify({ ...run, place: { ...run.place, pidNamespace: "pid:[1]" } }));
	assert.equal((await home.chore.get(elsewhere.id)).state, "unknown");
	await home.chore.run({ command: ["sleep", "60"] });
	await assert.rejects(home.chore.run({ command: ["sleep", "60"] }), { code: "TOO_MANY_JOBS", message: /^1 jobs are active/ });
});

test("max_jobs jobs may be active and not one more, in whatever process they are started", async () => {
	await using home = await makeHome("fake", fakePlatform, { maxJobs: 3 });
	const run = (): Promise<unknown> => home.open().run({ command: ["sleep", "60"] });
	const first = await home.chore.run({ command: ["sleep", "60"] });
	await Promise.all([run(), run()]);
	await assert.rejects(run(), { code: "TOO_MANY_JOBS", message: /^3 jobs are active in session "default", and the limit is 3$/ });
	await assert.rejects(home.open({ maxJobs: 0 }).run({ command: ["true"] }), { code: "TOO_MANY_JOBS" });
	await home.chore.stop(first.id);
	await run();
	await assert.rejects(home.chore.rerun(first.id), { code: "TOO_MANY_JOBS" });
	assert.equal((await home.chore.get(first.id)).run, 1);
	await home.open({ session: "other" }).run({ command: ["true"] });
});
