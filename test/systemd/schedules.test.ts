/** Schedules on a real user manager: its timers fire, and a run is started without Node. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { test } from "node:test";
import * as systemd from "../../platform/systemd/index.ts";
import type { Job } from "../../src/core/job.ts";
import { above, eventually, HANGS_MS } from "../support/eventually.ts";
import { type Home, makeHome } from "../support/home.ts";
import { endSession, userManager } from "../support/user-manager.ts";

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

test("a schedule fires as often as its moments come, also each second", { skip, timeout: HANGS_MS }, async () => {
	await using home = await makeHome("systemd", systemd);
	const job = await home.chore.run({ command: ["sleep", "60"], schedule: { calendar: ["daily"] } });
	// The manager starts a service that says nothing else five times in ten seconds.
	for (let time = 0; time < 7; time++) fire(job);
	assert.equal((await home.chore.get(job.id)).run, 1);
});

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
