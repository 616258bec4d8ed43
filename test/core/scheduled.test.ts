/** Jobs that a schedule runs, on a platform in this process: what wakes them is run here by hand. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { armedIn, fakePlatform } from "../support/fake-platform.ts";
import { fakeWith } from "../support/held.ts";
import { type Home, makeHome } from "../support/home.ts";

const DAILY = { calendar: ["daily UTC"] } as const;

/** Wakes the only job, as its platform would. */
function fire(home: Home): void {
	const [wake] = armedIn(home.path);
	assert.ok(wake, "something wakes it");
	spawnSync("/bin/sh", [wake.fire, wake.jobFolder], { stdio: "ignore", env: { PATH: "/usr/bin:/bin" } });
}

async function eventsOf(home: Home): Promise<readonly string[]> {
	const events: string[] = [];
	for await (const { event, run } of home.chore.events()) events.push(`${event} ${run}`);
	return events;
}

test("a job with a schedule is listed as scheduled, holds its name, and has not run", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const job = await home.chore.run({ command: ["echo", "hi"], name: "tick", schedule: DAILY });
	assert.deepEqual([job.state, job.run, job.startedAt, job.exitCode, job.output.paths], ["scheduled", 0, null, null, []]);
	assert.deepEqual(job.schedule?.calendar, ["*-*-* 00:00:00 UTC"]);
	assert.equal(Date.parse(job.schedule?.next ?? "") % 86_400_000, 0);
	assert.deepEqual([job.schedule?.last, job.schedule?.missed, job.schedule?.paused], [null, 0, false]);
	assert.deepEqual(await home.chore.list(), [job]);
	assert.deepEqual(await home.chore.runs("tick"), []);
	assert.deepEqual(await home.chore.history(), []);
	await assert.rejects(home.chore.run({ command: ["true"], name: "tick" }), { code: "NAME_IN_USE" });
	await assert.rejects(home.chore.run({ command: ["true"], name: "tick", ifRunning: "replace" }), { code: "NAME_IN_USE" });
	for (const verb of ["pause", "resume", "kill"] as const) await assert.rejects(home.chore[verb]("tick"), { code: "JOB_NOT_ACTIVE" }, verb);
	await assert.rejects(home.chore.wait("tick"), { code: "JOB_NOT_ACTIVE" });
	assert.equal((await home.chore.stop("tick")).state, "scheduled");
	assert.deepEqual((await home.chore.prune({ all: true })).jobs, []);
	assert.deepEqual(
		(await home.chore.doctor({ selfTest: false })).findings.filter(({ kind }) => kind !== "disk"),
		[],
	);
});

test("what a schedule runs is a run like any other, and each end is written down though nobody looks", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["/bin/sh", "-c", "echo $CHORE_RUN_ID; exit 3"], name: "tick", schedule: DAILY });
	fire(home);
	fire(home);
	const job = await home.chore.get("tick");
	assert.deepEqual([job.state, job.run, job.result, job.exitCode], ["scheduled", 2, "exit-code", 3]);
	assert.notEqual(job.schedule?.last, null);
	assert.equal(readFileSync(job.output.paths[0] ?? "", "utf8"), `2.${id}\n`);
	assert.deepEqual(
		(await home.chore.history()).map(({ run, state, exitCode }) => [run, state, exitCode]),
		[
			[2, "failed", 3],
			[1, "failed", 3],
		],
	);
	assert.deepEqual(await eventsOf(home), ["created 0", "started 1", "exited 1", "started 2", "exited 2"]);
	assert.deepEqual(
		(await home.chore.status("tick")).earlierRuns.map(({ run, state }) => [run, state]),
		[[1, "failed"]],
	);
	for (const folder of ["active", "trash"]) assert.deepEqual(readdirSync(`${home.path}/default/${folder}`), [], folder);
});

test("start runs a scheduled job at once, and its schedule stays", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["/bin/sh", "-c", "exit 4"], schedule: DAILY });
	await home.chore.rerun(id);
	assert.equal((await home.chore.wait(id)).exitCode, 4);
	const job = await home.chore.get(id);
	assert.deepEqual([job.state, job.run, job.exitCode, job.schedule?.last], ["scheduled", 1, 4, null]);
	fire(home);
	assert.equal((await home.chore.get(id)).run, 2);
});

test("a removed job is not woken any more, nor does what wakes it late do anything", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["true"], name: "tick", schedule: DAILY });
	const [wake] = armedIn(home.path);
	assert.ok(wake);
	assert.equal((await home.chore.remove("tick")).id, id);
	assert.deepEqual(armedIn(home.path), []);
	spawnSync("/bin/sh", [wake.fire, wake.jobFolder], { stdio: "ignore" });
	for (const folder of ["jobs", "active", "names", "schedules", "trash"])
		assert.deepEqual(readdirSync(`${home.path}/default/${folder}`), []);
});

test("as many runs are kept as were asked for", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["true"], schedule: { ...DAILY, keepRuns: 2 } });
	for (let run = 1; run <= 4; run++) fire(home);
	assert.deepEqual(readdirSync(`${home.path}/default/jobs/${id}/runs`), ["3", "4"]);
	assert.deepEqual(
		(await home.chore.runs(id)).map(({ run }) => run),
		[3, 4],
	);
});

test("a wake-up that is too early or too late runs nothing", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["true"], schedule: { at: new Date(Date.now() + 3_600_000) } });
	fire(home);
	assert.equal((await home.chore.get(id)).run, 0);
	await home.chore.remove(id);
	const interval = await home.chore.run({ command: ["true"], schedule: { everyMs: 7 * 60_000 } });
	fire(home);
	fire(home);
	assert.equal((await home.chore.get(interval.id)).run, 1);
});

test("a schedule that never fires again ends: the job is then one that has ended", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["/bin/sh", "-c", "exit 5"], schedule: { at: new Date(Date.now() + 3_600_000) } });
	// The moment has come: by the plan of the fire program and by the record alike.
	const folder = `${home.path}/default/jobs/${id}/schedule`;
	const past = Math.floor(Date.now() / 1000) - 1;
	rewrite(`${folder}/plan`, (text) => text.replace(/^begin=.*$/m, `begin=${past}`));
	rewrite(`${folder}/schedule.json`, (text) => {
		const record = JSON.parse(text);
		record.sinceMs = past * 1000 - 5000;
		record.schedule.triggers[0].atMs = past * 1000;
		return JSON.stringify(record);
	});
	assert.equal((await home.chore.get(id)).state, "scheduled", "it is due, and has not fired yet");
	fire(home);
	const job = await home.chore.get(id);
	assert.deepEqual([job.state, job.run, job.exitCode, job.schedule], ["failed", 1, 5, null]);
	assert.deepEqual(armedIn(home.path), []);
	assert.deepEqual(await eventsOf(home), ["created 0", "started 1", "exited 1"]);
});

test("a schedule that can never fire is refused, and so is one that its platform refuses; nothing is left", async () => {
	const arm = async (): Promise<never> => {
		throw new Error("the platform has no room");
	};
	const module = fakeWith(({ schedules }) => (schedules === undefined ? {} : { schedules: { ...schedules, arm } }));
	for (const [schedule, message, from] of [
		[{ calendar: ["*-02-30"] }, /never fires/, fakePlatform],
		[{ at: new Date(Date.now() - 1000) }, /never fires/, fakePlatform],
		[DAILY, /no room/, module],
	] as const) {
		await using home = await makeHome("fake", from);
		await assert.rejects(home.chore.run({ command: ["true"], name: "tick", schedule }), { message });
		for (const folder of readdirSync(`${home.path}/default`, { withFileTypes: true })) {
			if (folder.isDirectory()) assert.deepEqual(readdirSync(`${home.path}/default/${folder.name}`), [], folder.name);
		}
		assert.deepEqual(armedIn(home.path), []);
	}
});

test("a start that the platform refuses is recorded as a failed one", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["true"], schedule: DAILY });
	writeFileSync(`${home.path}/default/jobs/${id}/schedule/launch`, "launch() { return 1; }\nalive() { return 1; }\n");
	fire(home);
	const job = await home.chore.get(id);
	assert.deepEqual([job.state, job.run, job.result], ["scheduled", 1, "start-failed"]);
	const [run] = await home.chore.history();
	assert.deepEqual([run?.state, run?.reason], ["failed", "the platform could not start it"]);
});

test("a start whose outcome is not known is lost if nothing of it is there, and the next moment runs the job", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["true"], schedule: DAILY });
	const launch = `${home.path}/default/jobs/${id}/schedule/launch`;
	renameSync(launch, `${launch}.right`);
	writeFileSync(launch, "launch() { return 2; }\n");
	fire(home);
	assert.equal((await home.chore.get(id)).result, "lost");
	renameSync(`${launch}.right`, launch);
	fire(home);
	assert.deepEqual([(await home.chore.get(id)).run, (await home.chore.get(id)).result], [2, "success"]);
});

test("a firing that cannot make the files of a run leaves none, and says that it was missed", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["true"], schedule: DAILY });
	const template = `${home.path}/default/jobs/${id}/schedule/template/starting`;
	rmSync(template);
	fire(home);
	assert.deepEqual(await eventsOf(home), ["created 0", "missed 1"]);
	assert.deepEqual((await home.chore.get(id)).run, 0);
	for (const folder of ["active", "trash", `jobs/${id}/runs`]) assert.deepEqual(readdirSync(`${home.path}/default/${folder}`), [], folder);
});

test("a damaged schedule is told, and does not disturb other jobs", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["true"], name: "tick", schedule: DAILY });
	const other = await home.chore.run({ command: ["true"] });
	writeFileSync(`${home.path}/default/jobs/${id}/schedule/schedule.json`, '{"format":1');
	const job = (await home.chore.list()).find((one) => one.id === id);
	assert.deepEqual([job?.state, job?.schedule], ["unknown", null]);
	assert.match(job?.reason ?? "", /schedule\.json: it is damaged/);
	assert.equal((await home.chore.wait(other.id)).state, "succeeded");
	const [finding] = (await home.chore.doctor({ selfTest: false })).findings.filter(({ kind }) => kind === "unreadable");
	assert.match(finding?.what ?? "", /^the schedule of job \w+ cannot be read: .*schedule\.json: it is damaged$/);
	await home.chore.remove("tick", { force: true });
	assert.equal(existsSync(`${home.path}/default/schedules/${id}`), false);
});

function rewrite(path: string, change: (text: string) => string): void {
	writeFileSync(path, change(readFileSync(path, "utf8")));
}

test("a paused schedule fires nothing, and after the pause nothing is made up for", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["true"], name: "tick", schedule: { calendar: ["minutely UTC"] } });
	const since = (sinceMs: number): void => {
		rewrite(`${home.path}/default/jobs/${id}/schedule/schedule.json`, (text) => JSON.stringify({ ...JSON.parse(text), sinceMs }));
	};
	since(Date.now() - 600_000);
	const behind = (await home.chore.get(id)).schedule;
	assert.deepEqual([behind?.due, (behind?.missed ?? 0) >= 8, behind?.paused], [true, true, false]);
	const paused = await home.chore.pauseSchedule("tick");
	assert.deepEqual([paused.schedule?.paused, paused.schedule?.due, paused.schedule?.missed], [true, false, 0]);
	fire(home);
	assert.equal((await home.chore.get(id)).run, 0);
	const resumed = await home.chore.resumeSchedule("tick");
	assert.deepEqual([resumed.schedule?.paused, resumed.schedule?.due, resumed.schedule?.missed], [false, false, 0]);
	fire(home);
	assert.equal((await home.chore.get(id)).run, 1);
	assert.deepEqual(await eventsOf(home), ["created 0", "paused 0", "resumed 0", "started 1", "exited 1"]);
	const other = await home.chore.run({ command: ["true"] });
	await assert.rejects(home.chore.pauseSchedule(other.id), { code: "JOB_NOT_ACTIVE" });
});

test("schedules are listed by their next moment, with the moments after it", async () => {
	await using home = await makeHome("fake", fakePlatform);
	await home.chore.run({ command: ["true"], name: "late", schedule: { calendar: ["2199-01-01 UTC"] } });
	await home.chore.run({ command: ["true"], name: "soon", schedule: { calendar: ["minutely UTC"] } });
	await home.chore.run({ command: ["true"], name: "none" });
	assert.deepEqual(
		(await home.chore.schedules()).map(({ name }) => name),
		["soon", "late"],
	);
	assert.deepEqual(await home.chore.upcoming("late", 3), ["2199-01-01T00:00:00.000Z"]);
	assert.equal((await home.chore.upcoming("soon", 3)).length, 3);
	assert.deepEqual(await home.chore.upcoming("none", 3), []);
});

test("a schedule is changed in the place of what it was, and its runs go on counting", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["true"], name: "tick", schedule: { ...DAILY, keepRuns: 7 } });
	fire(home);
	const changed = await home.chore.reschedule("tick", { cron: ["0 9 * * 1"], zone: "UTC", missed: "skip" });
	assert.deepEqual(changed.schedule?.calendar, ["Mon *-*-* 09:00:00 UTC"]);
	assert.deepEqual([changed.schedule?.keepRuns, changed.schedule?.missedPolicy], [7, "skip"]);
	assert.deepEqual(
		armedIn(home.path).map(({ revision, catchesUp }) => [revision, catchesUp]),
		[[2, false]],
	);
	await home.chore.reschedule("tick", { at: new Date(Date.now() + 3_600_000) });
	fire(home);
	assert.equal((await home.chore.get(id)).run, 1, "too early for the single moment");
	const kept = await home.chore.reschedule("tick", { everyMs: 3_600_000, keepRuns: 1 });
	assert.deepEqual(kept.schedule?.triggers, [{ id: "t1", kind: "every", text: "3600s" }]);
	fire(home);
	assert.deepEqual(readdirSync(`${home.path}/default/jobs/${id}/runs`), ["2"]);
	await assert.rejects(home.chore.reschedule("tick", { calendar: ["*-02-30"] }), { code: "INVALID_ARGUMENT" });
	assert.equal((await home.chore.get(id)).schedule?.triggers[0]?.kind, "every");
});

test("a change that the platform refuses leaves the schedule as it was", async () => {
	let refuses = false;
	const module = fakeWith(({ schedules }) =>
		schedules === undefined
			? {}
			: {
					schedules: {
						...schedules,
						arm: async (...given) => {
							if (refuses) throw new Error("the platform has no room");
							await schedules.arm(...given);
						},
					},
				},
	);
	await using home = await makeHome("fake", module);
	const { id } = await home.chore.run({ command: ["true"], schedule: DAILY });
	const before = await home.chore.get(id);
	refuses = true;
	await assert.rejects(home.chore.reschedule(id, { calendar: ["hourly"] }), /no room/);
	assert.deepEqual(await home.chore.get(id), before);
	fire(home);
	assert.equal((await home.chore.get(id)).run, 1);
});
