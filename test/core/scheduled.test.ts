/** Jobs that a schedule runs, on a platform in this process: what wakes them is run here by hand. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { eventually } from "../support/eventually.ts";
import { armedIn, fakePlatform } from "../support/fake-platform.ts";
import { fakeWith } from "../support/held.ts";
import { type Home, makeHome } from "../support/home.ts";
import { exact } from "../support/schema.ts";

const DAILY = { calendar: ["daily UTC"] } as const;

/** Wakes the only job, as its platform would. @param moment in seconds, for which it is woken */
function fire(home: Home, ...moment: readonly number[]): void {
	const [wake] = armedIn(home.path);
	assert.ok(wake, "something wakes it");
	spawnSync("/bin/sh", [wake.fire, wake.jobFolder, ...moment.map(String)], { stdio: "ignore", env: { PATH: "/usr/bin:/bin" } });
}

async function eventsOf(home: Home): Promise<readonly string[]> {
	const events: string[] = [];
	for await (const { event, run } of home.chore.events()) events.push(`${event} ${run}`);
	return events;
}

test("a job with a schedule is listed as scheduled, holds its name, and has not run", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const job = await home.chore.run({ command: ["echo", "hi"], name: "tick", schedule: DAILY });
	assert.deepEqual([job.state, job.run, job.result, job.startedAt, job.exitCode, job.output.paths], ["scheduled", 0, null, null, null, []]);
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

test("for one moment a job is run once, however often it is woken", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["true"], schedule: DAILY });
	const moment = Math.floor(Date.now() / 1000);
	fire(home, moment);
	fire(home, moment);
	fire(home, moment - 3600);
	assert.equal((await home.chore.get(id)).run, 1);
	fire(home, Date.parse((await home.chore.get(id)).schedule?.last ?? "") / 1000 + 1);
	assert.equal((await home.chore.get(id)).run, 2);
	// A firing in the future was before the clock was set back.
	writeFileSync(`${home.path}/default/jobs/${id}/schedule/last`, `${moment + 7200} 1\n`);
	fire(home, moment + 1);
	assert.equal((await home.chore.get(id)).run, 3);
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

/** Runs this text in a process whose platform never answers when it is to wake a job by that revision, and kills it then. */
async function killedAsItArms(home: Home, revision: number, text: string): Promise<void> {
	const from = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
	const program = `import { Chore } from ${from("../../src/core/chore.js")};
import { fakeWith } from ${from("../support/held.js")};
const module = fakeWith(({ schedules }) => ({ schedules: { ...schedules, arm: () => new Promise(() => {}) } }));
const chore = new Chore([{ name: "fake", scope: "user", load: async () => module }], "test", { home: ${JSON.stringify(home.path)} });
setInterval(() => {}, 60_000);
${text}`;
	const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "ignore", "inherit"] });
	const schedules = `${home.path}/default/schedules`;
	const isArming = (id: string): boolean => {
		const folder = `${home.path}/default/jobs/${id}/schedule`;
		return existsSync(`${folder}/arming`) && readFileSync(`${folder}/schedule.json`, "utf8").includes(`"revision":${revision},`);
	};
	try {
		await eventually("it has the platform wake the job", () => existsSync(schedules) && readdirSync(schedules).some(isArming));
	} finally {
		const gone = once(child, "exit");
		child.kill("SIGKILL");
		await gone;
	}
}

test("what a process that is killed has not told the platform of a schedule, the next look does", async () => {
	await using home = await makeHome("fake", fakePlatform);
	await killedAsItArms(home, 1, 'await chore.run({ command: ["true"], name: "tick", schedule: { calendar: ["daily UTC"] } });');
	assert.deepEqual(armedIn(home.path), []);
	const job = await home.chore.get("tick");
	assert.deepEqual([job.state, armedIn(home.path).map(({ revision }) => revision)], ["scheduled", [1]]);
	await killedAsItArms(home, 2, 'await chore.reschedule("tick", { calendar: ["2199-01-01 UTC"] });');
	await home.chore.list();
	assert.deepEqual(
		armedIn(home.path).map(({ revision }) => revision),
		[2],
	);
	fire(home);
	assert.equal((await home.chore.get("tick")).run, 1);
});

test("a job with a schedule is what the published schema says, before its first run and after it", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const schedule = { ...DAILY, cron: ["0 0 * * *"], everyMs: 3_600_000, notAfter: new Date("2199-01-01"), zone: "UTC" } as const;
	const { id } = await home.chore.run({ command: ["true"], schedule });
	for (let run = 0; run < 2; run++, fire(home)) {
		const job = await home.chore.get(id);
		assert.equal(job.run, run);
		const upcoming = await home.chore.upcoming(id, 2);
		assert.ok(exact({ schedule: [{ ...job, upcoming }], ps: [job] }), JSON.stringify(exact.errors));
	}
});

test("the doctor names a schedule that was to fire and has not, and one that is set anew is well", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["true"], name: "tick", schedule: { calendar: ["minutely"] } });
	const findings = async () => (await home.chore.doctor({ selfTest: false })).findings.filter(({ kind }) => kind === "schedule");
	assert.deepEqual(await findings(), []);
	rewrite(`${home.path}/default/jobs/${id}/schedule/schedule.json`, (text) => {
		const record = JSON.parse(text);
		return JSON.stringify({ ...record, sinceMs: record.sinceMs - 3_600_000 });
	});
	const [late, ...more] = await findings();
	assert.match(late?.what ?? "", /^the schedule of tick \(.*\) was to fire at .*:00\.000Z, and has not$/);
	assert.deepEqual([late?.cure, more], [`chore trigger set ${id.slice(-8)} --missed once`, []]);
	await home.chore.reschedule(id, { missed: "once" });
	assert.deepEqual(await findings(), []);
});

test("of two firings for one moment, one that finds the run of the other says nothing of it", {
	skip: !existsSync("/proc/self/ns/pid") && "without pid namespaces the program runs no readlink",
}, async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["sleep", "600"], schedule: DAILY });
	const started = await home.chore.rerun(id);
	const [wake] = armedIn(home.path);
	const last = `${home.path}/default/jobs/${id}/schedule/last`;
	const moment = Math.floor(Date.now() / 1000);
	writeFileSync(`${home.path}/default/jobs/${id}/runs/1/alive`, "");
	// The other one notes its firing while this one, which has found nothing noted, goes on.
	writeFileSync(`${home.path}/readlink`, `#!/bin/sh\necho "${moment} 1" 1<>'${last}'\nexec /usr/bin/readlink "$@"\n`, { mode: 0o700 });
	const words = [wake?.fire ?? "", wake?.jobFolder ?? "", String(moment)];
	const { status } = spawnSync("/bin/sh", words, { stdio: "ignore", env: { PATH: `${home.path}:/usr/bin:/bin` } });
	const told: unknown[] = [];
	for await (const { event } of home.chore.events()) told.push(event);
	assert.deepEqual([status, told.filter((event) => event === "skipped")], [1, []]);
	assert.match(readFileSync(last, "utf8"), new RegExp(`^${moment} 1\n`));
	assert.equal((await home.chore.get(id)).run, started.run);
	await home.chore.stop(id);
});

test("the doctor says that a schedule needs a login where what wakes jobs ends at logout, not where only jobs end", async () => {
	const ends = { survives: false, reason: "it ends with the session", cure: "stay" } as const;
	const fates = (waker: { readonly survives: true } | typeof ends | undefined) =>
		fakeWith(({ schedules }) => ({
			logout: async () => (waker === ends ? { survives: true } : ends),
			...(schedules !== undefined && { schedules: { ...schedules, ...(waker !== undefined && { logout: async () => waker }) } }),
		}));
	for (const [waker, expected] of [
		[ends, [["it fires only while you are logged in: it ends with the session", "stay"]]],
		[{ survives: true }, []],
		[undefined, []],
	] as const) {
		await using home = await makeHome("fake", fates(waker));
		await home.chore.run({ command: ["true"], name: "tick", schedule: DAILY });
		const { findings } = await home.chore.doctor({ selfTest: false });
		const shown = findings.filter(({ kind }) => kind === "schedule");
		assert.deepEqual(
			shown.map(({ what, cure }) => [what.replace(/^the schedule of tick \(.*\) /, "it "), cure]),
			expected,
		);
	}
});

test("occasions are refused by a platform that knows calendars only, and nothing is left", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const occasions = [{ after: "boot", delayMs: 60_000 }] as const;
	const refusal = { code: "OPTION_UNSUPPORTED", message: /the platform fake wakes jobs at moments of a calendar only/ };
	await assert.rejects(home.chore.run({ command: ["true"], schedule: { occasions } }), refusal);
	for (const folder of ["jobs", "active", "names", "trash"]) assert.deepEqual(readdirSync(`${home.path}/default/${folder}`), [], folder);
	const { id } = await home.chore.run({ command: ["true"], schedule: DAILY });
	await assert.rejects(home.chore.reschedule(id, { occasions }), refusal);
	assert.deepEqual((await home.chore.get(id)).schedule?.calendar, ["*-*-* 00:00:00 UTC"]);
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

test("a first run that is being started is not lost, whatever another process that fired has done to the mark of its job", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["true"], schedule: DAILY });
	const folder = `${home.path}/default/jobs/${id}/schedule`;
	const launch = 'launch() { : >"$session/active/$id"; : >"$schedule/at"; until [ -e "$schedule/go" ]; do sleep 0.02; done; return 1; }\n';
	writeFileSync(`${folder}/launch`, `${launch}alive() { return 1; }\n`);
	const [wake] = armedIn(home.path);
	const firing = spawn("/bin/sh", [wake?.fire ?? "", wake?.jobFolder ?? ""], { stdio: "ignore" });
	const ended = once(firing, "exit");
	await eventually("it is being started", () => existsSync(`${folder}/at`));
	assert.equal((await home.chore.get(id)).state, "starting");
	writeFileSync(`${folder}/go`, "");
	await ended;
	assert.equal((await home.chore.get(id)).result, "start-failed");
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
	assert.deepEqual(
		kept.schedule?.triggers.map(({ id, kind, text, paused }) => [id, kind, text, paused]),
		[["t4", "every", "3600s", false]],
	);
	fire(home);
	assert.deepEqual(readdirSync(`${home.path}/default/jobs/${id}/runs`), ["2"]);
	await assert.rejects(home.chore.reschedule("tick", { calendar: ["*-02-30"] }), { code: "INVALID_ARGUMENT" });
	assert.equal((await home.chore.get(id)).schedule?.triggers[0]?.kind, "every");
});

test("triggers are added, changed and removed one by one, and all of them must hold; no id is used twice", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { chore } = home;
	const { id } = await chore.run({ command: ["true"], name: "tick", schedule: { calendar: ["9:00 UTC"] } });
	const ids = async (): Promise<unknown> => (await chore.get(id)).schedule?.triggers.map((trigger) => `${trigger.id} ${trigger.text}`);
	const added = await chore.addTriggers("tick", { cron: ["* * * * 1"], zone: "UTC" });
	assert.deepEqual(added.schedule?.calendar, ["Mon *-*-* 09:00:00 UTC"]);
	await chore.addTriggers("tick", { everyMs: 3_600_000 });
	assert.deepEqual(await ids(), ["t1 9:00 UTC", "t2 * * * * 1 | (UTC)", "t3 3600s"]);
	const [nine, monday] = (await chore.get(id)).schedule?.triggers ?? [];
	assert.match(nine?.next ?? "", /T09:00:00.000Z$/);
	assert.equal(Date.parse(monday?.next ?? "") % 60_000, 0, "each has its next moment, whatever the others say");
	await assert.rejects(chore.changeTrigger("tick", "t2", { calendar: ["Tue UTC"] }), /never fires/, "Tuesdays begin at midnight");
	await chore.changeTrigger("tick", "t2", { calendar: ["Tue *:* UTC"] });
	await chore.removeTriggers("tick", ["t3"]);
	const now = await chore.addTriggers("tick", { cron: ["* * * * *"], zone: "UTC" });
	assert.deepEqual(await ids(), ["t1 9:00 UTC", "t2 Tue *:* UTC", "t4 * * * * * | (UTC)"]);
	assert.deepEqual(now.schedule?.calendar, ["Tue *-*-* 09:00:00 UTC"]);
	assert.deepEqual(
		armedIn(home.path).map(({ revision }) => revision),
		[6],
	);
	for (const [what, message] of [
		[() => chore.removeTriggers("tick", ["t1", "t2", "t4"]), /would have no trigger left/],
		[() => chore.removeTriggers("tick", ["t3"]), /has no trigger "t3"/],
		[() => chore.removeTriggers("tick", []), /no trigger is named/],
		[() => chore.addTriggers("tick", { at: new Date(Date.now() + 60_000) }), /single moment/],
		[() => chore.addTriggers("tick", {}), /no trigger to add/],
		[() => chore.changeTrigger("tick", "t1", { everyMs: 60_000, cron: ["@daily"] }), /one trigger is changed into one/],
	] as const)
		await assert.rejects(what(), { code: "INVALID_ARGUMENT", message });
	assert.equal(((await ids()) as readonly string[]).length, 3);
	const kinds = (await eventsOf(home)).filter((event) => event === "changed 0");
	assert.equal(kinds.length, 5, "each change is an event");
});

test("of several intervals that must all hold the longest counts", async () => {
	await using home = await makeHome("fake", fakePlatform);
	await home.chore.run({ command: ["true"], name: "tick", schedule: { everyMs: 600_000 } });
	const { schedule } = await home.chore.addTriggers("tick", { everyMs: 1_800_000 });
	assert.match(schedule?.calendar.join() ?? "", /^\*-\*-\* \*:\d\d(\/30|,\d\d):00 UTC$/);
});

test("a paused trigger is left out of those that must hold; if all are, the schedule as a whole is paused", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { chore } = home;
	const { id } = await chore.run({
		command: ["true"],
		name: "tick",
		schedule: { calendar: ["9:00 UTC"], cron: ["* * * * *"], zone: "UTC" },
	});
	const state = async (): Promise<unknown> => {
		const { schedule } = await chore.get(id);
		return [schedule?.calendar[0], schedule?.paused, schedule?.triggers.map(({ paused }) => paused)];
	};
	const both = "*-*-* 09:00:00 UTC";
	await chore.pauseTriggers("tick", ["t1"]);
	assert.deepEqual(await state(), ["*-*-* *:*:00 UTC", false, [true, false]]);
	await chore.pauseTriggers("tick", ["t2"]);
	assert.deepEqual(await state(), [both, true, [true, true]]);
	fire(home);
	assert.equal((await chore.get(id)).run, 0, "nothing fires");
	await chore.resumeTriggers("tick", ["t2"]);
	assert.deepEqual(await state(), ["*-*-* *:*:00 UTC", false, [true, false]]);
	fire(home);
	assert.equal((await chore.get(id)).run, 1);
	await chore.pauseTriggers("tick", ["t2"]);
	await chore.resumeSchedule("tick");
	assert.deepEqual(await state(), [both, false, [false, false]], "the whole goes on with all of them");
	await chore.pauseSchedule("tick");
	await chore.pauseTriggers("tick", ["t1"]);
	assert.deepEqual(await state(), ["*-*-* *:*:00 UTC", true, [true, false]], "a schedule that is paused stays so");
	await chore.resumeTriggers("tick", ["t1"]);
	assert.deepEqual(await state(), [both, true, [false, false]]);
});

test("a condition and what is done about an active run belong to the schedule, and can be changed", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["true"], schedule: { ...DAILY, when: "[ -e $0 ]; exit 5" } });
	fire(home);
	const { schedule, run } = await home.chore.get(id);
	assert.deepEqual([run, schedule?.when, schedule?.overlap, schedule?.queued], [0, "[ -e $0 ]; exit 5", "skip", false]);
	assert.notEqual(schedule?.last, null, "the moment counts as fired");
	const reasons: unknown[] = [];
	for await (const { event, reason } of home.chore.events()) if (event === "skipped") reasons.push(reason);
	assert.deepEqual(reasons, ["condition"]);
	await home.chore.reschedule(id, { when: "true", overlap: "queue" });
	fire(home);
	assert.deepEqual(await home.chore.get(id).then((job) => [job.run, job.schedule?.when, job.schedule?.overlap]), [1, "true", "queue"]);
	await home.chore.reschedule(id, { when: "" });
	fire(home);
	assert.deepEqual(await home.chore.get(id).then((job) => [job.run, job.schedule?.when]), [2, null]);
});

test("a schedule is not over while a firing waits, and a pause drops that", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({
		command: ["/bin/sh", "-c", 'until [ -e "$0" ]; do sleep 0.02; done', `${home.path}/go`],
		schedule: { at: new Date(Date.now() + 3_600_000), overlap: "queue" },
	});
	const past = Math.floor(Date.now() / 1000) - 1;
	rewrite(`${home.path}/default/jobs/${id}/schedule/plan`, (text) => text.replace(/^begin=.*$/m, `begin=${past}`));
	rewrite(`${home.path}/default/jobs/${id}/schedule/schedule.json`, (text) => {
		const record = JSON.parse(text);
		record.schedule.triggers[0].atMs = past * 1000;
		return JSON.stringify({ ...record, sinceMs: past * 1000 - 5000 });
	});
	await home.chore.rerun(id);
	writeFileSync(`${home.path}/default/jobs/${id}/runs/1/alive`, "");
	fire(home);
	writeFileSync(`${home.path}/go`, "");
	await home.chore.wait(id, { run: 1 });
	const job = await home.chore.get(id);
	assert.deepEqual([job.state, job.schedule?.queued, job.schedule?.due, job.schedule?.next], ["scheduled", true, true, null]);
	const paused = await home.chore.pauseSchedule(id);
	assert.equal(paused.schedule?.queued, false);
	await home.chore.resumeSchedule(id);
	assert.equal((await home.chore.get(id)).schedule, null);
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
