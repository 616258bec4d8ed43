/** `chore tick`, on a platform in this process. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import type { Job } from "../../src/core/job.ts";
import { eventually } from "../support/eventually.ts";
import { armedIn, fakePlatform } from "../support/fake-platform.ts";
import { fakeWith } from "../support/held.ts";
import { type Home, makeHome } from "../support/home.ts";

const TICKED = { calendar: ["minutely UTC"], wake: "tick" } as const;

/** As if the schedule had been there for so long. */
function since(home: Home, { id }: Job, pastMs: number): void {
	const path = `${home.path}/default/jobs/${id}/schedule/schedule.json`;
	writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), sinceMs: Date.now() - pastMs }));
}

const names = (jobs: readonly Job[]): readonly string[] => jobs.map(({ name }) => name);

test("a job that waits for a tick is woken by nothing else, and run once for a moment by any number of ticks", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const job = await home.chore.run({
		command: ["/bin/sh", "-c", "exit 3"],
		name: "ticked",
		schedule: { ...TICKED, calendar: ["*-01-01 UTC"] },
	});
	assert.deepEqual([job.state, job.schedule?.wake, armedIn(home.path)], ["scheduled", "tick", []]);
	assert.notEqual(job.schedule?.next, null);
	assert.deepEqual(await home.chore.tick(), [], "none of its moments has come");
	since(home, job, 400 * 86_400_000);
	const other = home.open();
	const fired = (await Promise.all([home.chore.tick(), other.tick(), home.chore.tick({ all: true })])).flat();
	assert.deepEqual(names(fired), ["ticked"]);
	await eventually("its run is over", async () => (await home.chore.get(job.id)).exitCode, 3);
	assert.deepEqual(await home.chore.tick(), []);
	assert.deepEqual((await home.chore.get(job.id)).run, 1);
	await home.chore.remove("ticked");
	assert.deepEqual(await home.chore.tick(), []);
});

test("a tick leaves a paused job alone, and one that its platform wakes unless that is late", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const made = (name: string, schedule: object) => home.chore.run({ command: ["true"], name, schedule: { ...TICKED, ...schedule } });
	const [paused, late, soon, skipping] = [
		await made("paused", {}),
		await made("late", { wake: "platform" }),
		await made("soon", { wake: "platform" }),
		await made("skipping", { missed: "skip", calendar: ["2020-01-01 UTC", "2199-01-01 UTC"] }),
	];
	for (const job of [paused, late, skipping]) since(home, job, 600_000);
	since(home, soon, 61_000);
	await home.chore.pauseSchedule("paused");
	assert.deepEqual(await home.chore.tick(), []);
	assert.deepEqual(names(await home.chore.tick({ all: true })), ["late"]);
});

test("what wakes a job can be changed", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["true"], schedule: { calendar: ["daily"] } });
	const revisions = () => armedIn(home.path).map(({ revision }) => revision);
	assert.deepEqual(revisions(), [1]);
	assert.equal((await home.chore.reschedule(id, { wake: "tick" })).schedule?.wake, "tick");
	assert.deepEqual(revisions(), []);
	assert.equal((await home.chore.reschedule(id, { calendar: ["hourly"] })).schedule?.wake, "tick");
	assert.deepEqual(revisions(), []);
	assert.equal((await home.chore.reschedule(id, { wake: "platform" })).schedule?.wake, "platform");
	assert.deepEqual(revisions(), [4]);
});

test("where the platform wakes no job, a schedule is refused with the reason and with what helps", async () => {
	const module = fakeWith(({ schedules }) => ({
		capabilities: { schedule: false } as never,
		schedules: { ...(schedules as NonNullable<typeof schedules>), arm: () => Promise.reject(new Error("armed")) },
		describe: async () => ({ facts: [], lacking: { schedule: "it is always asleep" } }),
	}));
	await using home = await makeHome("fake", module);
	const schedule = { calendar: ["minutely"] };
	await assert.rejects(home.chore.run({ command: ["true"], schedule }), {
		code: "OPTION_UNSUPPORTED",
		message: "the platform fake cannot give a job a schedule here: it is always asleep",
		hint: /--wake tick/,
	});
	const job = await home.chore.run({ command: ["true"], name: "ticked", schedule: { ...schedule, wake: "tick" } });
	since(home, job, 200_000);
	assert.deepEqual(names(await home.chore.tick()), ["ticked"]);
});
