/** Schedules on a real user manager: its timers fire, and a run is started without Node. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { test } from "node:test";
import * as systemd from "../../platform/systemd/index.ts";
import type { Job } from "../../src/core/job.ts";
import { above, eventually, HANGS_MS } from "../support/eventually.ts";
import { type Home, makeHome } from "../support/home.ts";
import { crashManager, endSession, userManager } from "../support/user-manager.ts";

const { skip, skipHarm } = userManager(import.meta);

/** Characters that cause trouble in paths: in unit files, in shells, in command lines of systemd. */
const ODD = 'it\'s $HOME $$ %h %% "état" \\x41; a';

const systemctl = (...words: readonly string[]): string => execFileSync("systemctl", ["--user", ...words], { encoding: "utf8" });

/** The names that the manager has for what wakes a job. */
const unitsOf = ({ unit }: Job): readonly [timer: string, service: string] => {
	const name = `${unit?.replace(/\.service$/, "")}-r1`;
	return [`${name}.timer`, `${name}.service`];
};

const links = (): readonly string[] => readdirSync(`${homedir()}/.config/systemd/user`, { recursive: true, encoding: "utf8" });

/** Fires as the timer would, and waits until that is done. */
const fire = (job: Job): string => systemctl("start", unitsOf(job)[1]);

async function ran(home: Home, id: string, run: number): Promise<Job> {
	await eventually(`run ${run} has ended`, async () => {
		const job = await home.chore.get(id);
		return job.run === run && job.state === "scheduled";
	});
	return home.chore.get(id);
}

/** As a process leaves it that dies while it has the manager wake the job. */
const DEAD = JSON.stringify({ pid: 2 ** 30, startTicks: "1", uptimeSeconds: 1, madeAtMs: 1 });

/** What the doctor says of schedules, without what is so for each test here: there is no logind. */
/** Of jobs that are called tick: a run that began as its job was removed, in another test, may have left its unit. */
const findings = async (home: Home): Promise<readonly (readonly [what: string, cure: string | null])[]> =>
	(await home.chore.doctor({ selfTest: false })).findings
		.filter(({ kind, level, what }) => (kind === "schedule" && level === "problem") || (kind === "stray" && what.startsWith("chore-tick-")))
		.map(({ what, cure }) => [what, cure]);

test("a timer runs the job again and again, each run is recorded, and a removed job leaves neither timer nor link", {
	skip,
	timeout: HANGS_MS,
}, async () => {
	await using home = await makeHome("systemd", systemd);
	const { id } = await home.chore.run({
		command: ["/bin/sh", "-c", "echo $CHORE_RUN_ID; exit 3"],
		name: "tick",
		schedule: { calendar: ["*:*:0/2"] },
	});
	const job = await eventually("it has run three times", async () => (await home.chore.get(id)).run, above(2)).then(() =>
		home.chore.get(id),
	);
	const [first, second] = (await home.chore.runs(id)).filter(({ run }) => run < job.run);
	for (const one of [first, second]) assert.deepEqual([one?.state, one?.exitCode], ["failed", 3]);
	assert.equal(readFileSync(first?.output.paths[0] ?? "", "utf8"), `1.${id}\n`);
	const apart = Date.parse(second?.startedAt ?? "") - Date.parse(first?.startedAt ?? "");
	assert.ok(apart > 1000, `the second began ${apart} ms after the first`);
	const [timer, service] = unitsOf(job);
	assert.match(systemctl("list-timers", "--all"), new RegExp(timer));
	// What it needs is in the state folder: chore may be updated or removed between two firings.
	const [, program] = /^ExecStart=\/bin\/sh "([^"]*)"/m.exec(systemctl("cat", service)) ?? [];
	assert.ok(program?.startsWith(`${home.path}/libexec/`), program);
	await home.chore.remove("tick", { force: true });
	assert.doesNotMatch(systemctl("list-timers", "--all"), new RegExp(timer));
	assert.deepEqual(
		links().filter((link) => link.includes(timer) || link.includes(service)),
		[],
	);
});

test("a state folder with odd characters in its path can have schedules", { skip, timeout: HANGS_MS }, async () => {
	await using home = await makeHome("systemd", systemd, {}, ODD);
	const job = await home.chore.run({ command: ["true"], description: 'a "b" %h $x \\', schedule: { calendar: ["daily"] } });
	fire(job);
	assert.equal((await ran(home, job.id, 1)).result, "success");
	assert.equal(readFileSync(`${home.path}/default/jobs/${job.id}/schedule/message`, "utf8"), "");
});

test("a schedule delays each moment by the same time, and its runs have their input and a pipe for their output", {
	skip,
	timeout: HANGS_MS,
}, async () => {
	await using home = await makeHome("systemd", systemd);
	const job = await home.chore.run({
		command: ["/bin/sh", "-c", "read -r word; echo said $word >/dev/stderr"],
		stdin: "fifo",
		relay: true,
		schedule: { calendar: ["2199-01-01 UTC"], jitterMs: 3_600_000 },
	});
	const moment = Date.parse("2199-01-01T00:00:00Z");
	const { next } = job.schedule ?? {};
	assert.ok(Date.parse(next ?? "") >= moment && Date.parse(next ?? "") <= moment + 3_600_000, String(next));
	for (const run of [1, 2]) {
		fire(job);
		await eventually("it runs", async () => (await home.chore.get(job.id)).state === "running");
		await home.chore.send(job.id, `${run}\n`);
		const { output } = await ran(home, job.id, run);
		assert.equal(readFileSync(output.paths[0] ?? "", "utf8"), `said ${run}\n`);
	}
	systemctl("daemon-reload");
	assert.equal((await home.chore.get(job.id)).schedule?.next, next);
});

/** Has each firing wait, before it makes any file of a run, until that file is there. */
function hold(home: Home, { id }: Job, path: string): void {
	const launch = `${home.path}/default/jobs/${id}/schedule/launch`;
	writeFileSync(launch, `: >${path}.held\nuntil [ -e ${path} ]; do sleep 0.02; done\n${readFileSync(launch, "utf8")}`);
}

test("a job that is removed while it fires is not run, and leaves nothing", { skip, timeout: HANGS_MS }, async () => {
	await using home = await makeHome("systemd", systemd, {}, "chore-");
	const job = await home.chore.run({ command: ["true"], name: "tick", schedule: { calendar: ["daily"] } });
	const go = `${home.path}/go`;
	hold(home, job, go);
	systemctl("--no-block", "start", unitsOf(job)[1]);
	await eventually("it fires", () => existsSync(`${go}.held`));
	await home.chore.remove(job.id);
	writeFileSync(go, "");
	await eventually("the firing is over", () => activeStateOf(unitsOf(job)[1]) !== "activating");
	for (const folder of ["jobs", "active", "names", "schedules", "trash"])
		assert.deepEqual(readdirSync(`${home.path}/default/${folder}`), [], folder);
	const events: string[] = [];
	for await (const { event } of home.chore.events()) events.push(event);
	assert.deepEqual(events, ["created", "removed"]);
});

test("a manager that is killed while a job fires leaves one run, in the next manager", {
	skip: skip || skipHarm,
	timeout: HANGS_MS,
}, async () => {
	await using home = await makeHome("systemd", systemd, {}, "chore-");
	const job = await home.chore.run({ command: ["true"], schedule: { calendar: ["daily"] } });
	const go = `${home.path}/go`;
	hold(home, job, go);
	systemctl("--no-block", "start", unitsOf(job)[1]);
	await eventually("it fires", () => existsSync(`${go}.held`));
	await crashManager();
	writeFileSync(go, "");
	assert.equal((await ran(home, job.id, 1)).result, "success");
	assert.deepEqual(await findings(home), []);
});

test("a schedule whose files were not there at the start of the manager is named by the doctor", {
	skip: skip || skipHarm,
	timeout: HANGS_MS,
}, async () => {
	await using home = await makeHome("systemd", systemd);
	const job = await home.chore.run({ command: ["true"], name: "tick", schedule: { calendar: ["daily"] } });
	renameSync(home.path, `${home.path}.unmounted`);
	await endSession();
	renameSync(`${home.path}.unmounted`, home.path);
	const [[what] = []] = await findings(home);
	assert.match(what ?? "", /^the schedule of tick .* is dead: /);
	await home.chore.reschedule(job.id, { missed: "once" });
	assert.deepEqual(await findings(home), []);
	systemctl("start", unitsOf(job)[1].replace("-r1.", "-r2."));
	assert.equal((await ran(home, job.id, 1)).result, "success");
});

test("a run that failed, or was killed, does not keep the next one from its unit", { skip, timeout: HANGS_MS }, async () => {
	await using home = await makeHome("systemd", systemd);
	const line = '[ "$CHORE_RUN_ID" = "1.$CHORE_JOB_ID" ] && kill -9 $$; exit 210';
	const job = await home.chore.run({ command: ["/bin/sh", "-c", line], schedule: { calendar: ["daily"] } });
	for (let run = 1; run <= 3; run++) {
		fire(job);
		await eventually("it is over", () => /^(failed|inactive)/.test(stateOf(job)));
	}
	await ran(home, job.id, 3);
	assert.deepEqual(
		(await home.chore.runs(job.id)).map(({ signal, exitCode }) => signal ?? exitCode),
		["SIGKILL", 210, 210],
	);
});

function stateOf({ unit }: Job): string {
	return systemctl("show", "--value", "--property=ActiveState", unit ?? "");
}

function activeStateOf(unit: string): string {
	return systemctl("show", "--value", "--property=ActiveState", unit).trim();
}

test("a paused schedule starts no process, and a run that is active is not run twice", { skip, timeout: HANGS_MS }, async () => {
	await using home = await makeHome("systemd", systemd);
	const command = ["/bin/sh", "-c", "until [ -e go ]; do sleep 0.02; done"];
	const job = await home.chore.run({ command, directory: home.path, schedule: { calendar: ["daily"] } });
	await home.chore.pauseSchedule(job.id);
	fire(job);
	assert.equal((await home.chore.get(job.id)).run, 0);
	await home.chore.resumeSchedule(job.id);
	fire(job);
	assert.equal((await home.chore.get(job.id)).run, 1);
	fire(job);
	const { run, state } = await home.chore.get(job.id);
	assert.deepEqual([run, state === "running" || state === "starting"], [1, true], state);
	writeFileSync(`${home.path}/go`, "");
	assert.equal((await ran(home, job.id, 1)).result, "success");
});

test("a changed schedule has one timer, the new one", { skip, timeout: HANGS_MS }, async () => {
	await using home = await makeHome("systemd", systemd);
	const job = await home.chore.run({ command: ["true"], schedule: { calendar: ["daily"] } });
	const changed = await home.chore.reschedule(job.id, { calendar: ["2199-01-01 UTC"] });
	assert.equal(changed.schedule?.next, "2199-01-01T00:00:00.000Z");
	const timers = () => links().filter((link) => link.includes(job.id.slice(-8)));
	const [timer, service] = unitsOf(job).map((name) => name.replace("-r1.", "-r2."));
	assert.deepEqual(timers().sort(), [service, timer, `timers.target.wants/${timer}`].sort());
	systemctl("start", service ?? "");
	assert.equal((await ran(home, job.id, 1)).result, "success");
	await home.chore.remove(job.id);
	assert.deepEqual(timers(), []);
});

test("a time after the end of a run is counted from the end of the run, and the timer waits meanwhile", {
	skip,
	timeout: HANGS_MS,
}, async () => {
	await using home = await makeHome("systemd", systemd);
	const up = "read -r up rest </proc/uptime; echo $up";
	const job = await home.chore.run({
		command: ["/bin/sh", "-c", `${up}; until [ -e go ]; do sleep 0.02; done; ${up}`],
		directory: home.path,
		schedule: {
			occasions: [
				{ after: "armed", delayMs: 0 },
				{ after: "run-end", delayMs: 1000 },
			],
		},
	});
	const [, service] = unitsOf(job);
	const running = await eventually("it runs, and its service has nothing left to do", async () => {
		const { state, schedule } = await home.chore.get(job.id);
		return state === "running" && activeStateOf(service) === "active" ? schedule : undefined;
	});
	assert.deepEqual([running?.next, running?.calendar, running?.triggers[0]?.kind], [null, [], "occasion"]);
	writeFileSync(`${home.path}/go`, "");
	await eventually("it has run again", async () => (await home.chore.get(job.id)).run, above(1));
	const said = (run: number): readonly number[] =>
		readFileSync(`${home.path}/default/jobs/${job.id}/runs/${run}/output`, "utf8").trim().split("\n").map(Number);
	await eventually("the second has begun", () => said(2).length > 0 && said(2)[0] !== 0);
	const apart = (said(2)[0] ?? 0) - (said(1)[1] ?? 0);
	assert.ok(apart >= 0.98, `the second began ${apart} s after the first had ended`);
	await home.chore.remove(job.id, { force: true });
	await eventually("its service is stopped with it", () => activeStateOf(service), "inactive");
});

test("times after the start of a run and after a boot are shown as moments to come", { skip, timeout: HANGS_MS }, async () => {
	await using home = await makeHome("systemd", systemd);
	const occasions = [
		{ after: "armed", delayMs: 0 },
		{ after: "run-start", delayMs: 3_600_000 },
		{ after: "boot", delayMs: 366 * 86_400_000 },
		{ after: "platform-start", delayMs: 366 * 86_400_000 },
		{ on: "clock-change" },
		{ on: "timezone-change" },
	] as const;
	const job = await home.chore.run({
		command: ["true"],
		schedule: { occasions },
		native: { timerProperties: ["AccuracySec=5s"] },
	});
	const { startedAt } = await ran(home, job.id, 1);
	const next = await eventually("it has a next time", async () => (await home.chore.get(job.id)).schedule?.next ?? undefined);
	assert.ok(Math.abs(Date.parse(String(next)) - Date.parse(startedAt ?? "") - 3_600_000) < 600_000, `${next} after ${startedAt}`);
	assert.deepEqual(await home.chore.upcoming(job.id, 3), [next]);
	const [timer] = unitsOf(job);
	assert.equal(
		systemctl("show", "--value", "-p", "OnClockChange", "-p", "OnTimezoneChange", "-p", "AccuracyUSec", timer),
		"yes\nyes\n5s\n",
	);
	const changed = await home.chore.set(job.id, { native: { timerProperties: ["AccuracySec=7s"] } });
	assert.equal(changed.schedule?.triggers[0]?.kind, "occasion");
	const [, revision] = /-r([0-9]+)\.timer$/.exec(timer) ?? [];
	const anew = timer.replace(/-r[0-9]+/, `-r${Number(revision) + 1}`);
	assert.equal(systemctl("show", "--value", "-p", "AccuracyUSec", anew), "7s\n", "its timer is made anew");
	const bounds = await home.chore.reschedule(job.id, { notAfter: new Date(Date.now() + 86_400_000) });
	assert.deepEqual(bounds.schedule?.triggers[0]?.text.split(" | ").slice(0, 2), [
		"0s after its schedule began",
		"1h after the start of a run",
	]);
});

test("a job can be run each second: what wakes it is bounded by no number of starts", { skip, timeout: HANGS_MS }, async () => {
	await using home = await makeHome("systemd", systemd);
	const job = await home.chore.run({ command: ["true"], schedule: { everyMs: 1000 } });
	assert.equal(systemctl("show", "--value", "--property=StartLimitIntervalUSec", unitsOf(job)[1]).trim(), "0");
	await eventually("it has run twice", async () => (await home.chore.get(job.id)).run, above(1));
});

test("what was interrupted as the manager was told of a schedule is done by the next look", { skip, timeout: HANGS_MS }, async () => {
	await using home = await makeHome("systemd", systemd);
	const job = await home.chore.run({ command: ["true"], name: "tick", schedule: { calendar: ["daily"] } });
	const folder = `${home.path}/default/jobs/${job.id}/schedule`;
	const [timer, service] = unitsOf(job);
	systemctl("stop", timer);
	systemctl("disable", timer, service);
	for (const name of [timer, service]) rmSync(`${folder}/${name}`);
	writeFileSync(`${folder}/arming`, DEAD);
	const [[what, cure] = [], ...more] = await findings(home);
	assert.match(what ?? "", /^chore was interrupted as it armed the schedule of tick \(/);
	assert.deepEqual([cure, more], [`chore schedule ${job.id.slice(-8)}`, []]);
	assert.equal(activeStateOf(timer), "inactive", "the doctor changes nothing");
	const [again] = await home.chore.schedules();
	assert.ok(Date.parse(String(again?.schedule?.next)) > Date.now());
	assert.equal(activeStateOf(timer), "active");
	assert.deepEqual([await findings(home), existsSync(`${folder}/arming`)], [[], false]);
});

test("the doctor names a schedule that the manager does not keep any more, and its cure makes it anew", {
	skip,
	timeout: HANGS_MS,
}, async () => {
	await using home = await makeHome("systemd", systemd);
	const job = await home.chore.run({ command: ["true"], name: "tick", schedule: { calendar: ["daily"], missed: "skip" } });
	assert.deepEqual(await findings(home), []);
	const revision = (number: number): string => unitsOf(job)[0].replace("-r1.", `-r${number}.`);
	for (const [number, harm, fault] of [
		[1, (timer: string) => systemctl("stop", timer), /-r1\.timer is not active$/],
		[
			2,
			(timer: string) => systemctl("disable", timer, timer.replace("timer", "service")),
			/not find chore-tick-.*-r2\.service|r2.timer is not enabled/,
		],
		[3, (timer: string) => rmSync(`${home.path}/default/jobs/${job.id}/schedule/${timer}`), /-r3\.timer is gone$/],
	] as const) {
		harm(revision(number));
		const [[what = "", cure] = [], ...more] = await findings(home);
		assert.match(what, fault);
		assert.match(what, /^the schedule of tick \(.*\) is dead: /);
		assert.deepEqual([cure, more], [`chore trigger set ${job.id.slice(-8)} --missed skip`, []]);
		await home.chore.reschedule(job.id, { missed: "skip" });
		assert.deepEqual([await findings(home), activeStateOf(revision(number))], [[], "inactive"]);
	}
	const { findings: all } = await home.chore.doctor({ selfTest: false });
	const [note] = all.filter(({ kind, level }) => kind === "schedule" && level === "note");
	assert.match(note?.what ?? "", /^the schedule of tick .* fires only while you are logged in: /);
});

test("the doctor names a timer whose job is gone, and its cure removes timer and links", { skip, timeout: HANGS_MS }, async () => {
	await using home = await makeHome("systemd", systemd);
	const job = await home.chore.run({ command: ["true"], name: "tick", schedule: { calendar: ["*:*:0/2"] } });
	rmSync(`${home.path}/default/jobs/${job.id}`, { recursive: true });
	const units = unitsOf(job);
	const strays = await findings(home);
	assert.deepEqual(
		strays.map(([what]) => what).sort(),
		[
			`${units[1]} is left, but the job that it was started for is gone`,
			`${units[0]} is active, but the job that it was started for is gone`,
		].sort(),
	);
	for (const [, cure] of strays) execFileSync("/bin/sh", ["-c", cure ?? ""]);
	assert.deepEqual(await findings(home), []);
	assert.notEqual(activeStateOf(units[0]), "active");
	assert.deepEqual(
		links().filter((link) => link.includes(job.id.slice(-8))),
		[],
	);
});

test("changed settings are those of the next unit, which keeps its name", { skip, timeout: HANGS_MS }, async () => {
	await using home = await makeHome("systemd", systemd, {}, ODD);
	const job = await home.chore.run({ command: ["/bin/sh", "-c", "exit 3"], schedule: { calendar: ["daily"] } });
	fire(job);
	assert.equal((await ran(home, job.id, 1)).exitCode, 3);
	await assert.rejects(home.chore.set(job.id, { native: { unit: "another" } }), { message: "the unit of a job keeps its name" });
	await home.chore.set(job.id, { command: ["/bin/sh", "-c", "ulimit -n; exit 4"], native: { properties: ["LimitNOFILE=123"] } });
	fire(job);
	const second = await ran(home, job.id, 2);
	assert.deepEqual([second.exitCode, second.unit], [4, job.unit]);
	assert.equal(readFileSync(second.output.paths[0] ?? "", "utf8"), "123\n");
	await home.chore.rerun(job.id);
	assert.equal((await home.chore.wait(job.id, { run: 3 })).exitCode, 4);
});

test("after a time in which the manager was not there, a missed moment is made up for once, or not", {
	skip: skip || skipHarm,
	timeout: HANGS_MS,
}, async () => {
	await using home = await makeHome("systemd", systemd);
	const made = (missed: "once" | "skip") => home.chore.run({ command: ["true"], schedule: { calendar: ["daily"], missed } });
	const [once, never] = [await made("once"), await made("skip")];
	// The manager was there last three days ago: three moments have gone by.
	const past = Date.now() / 1000 - 3 * 86_400;
	utimesSync(`${homedir()}/.local/share/systemd/timers/stamp-${unitsOf(once)[0]}`, past, past);
	await endSession();
	assert.equal((await ran(home, once.id, 1)).result, "success");
	await eventually("the other timer waits", () => systemctl("is-active", unitsOf(never)[0]).trim(), "active");
	assert.deepEqual([(await home.chore.get(never.id)).run, (await home.chore.get(once.id)).run], [0, 1]);
	assert.notEqual((await home.chore.get(never.id)).schedule?.next, null);
});
