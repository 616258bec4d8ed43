/** What a job has from its next run on is changed, and the runs before keep what they had. On a platform in this process. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { ChoreError, type SetOptions } from "../../src/index.ts";
import { eventually } from "../support/eventually.ts";
import { armedIn, fakePlatform } from "../support/fake-platform.ts";
import { fakeWith } from "../support/held.ts";
import { type Home, makeHome } from "../support/home.ts";
import { interfere } from "../support/intercept.ts";

const DAILY = { calendar: ["daily UTC"] } as const;

/** Wakes the only job, as its platform would. */
function fire(home: Home): void {
	const [wake] = armedIn(home.path);
	assert.ok(wake, "something wakes it");
	spawnSync("/bin/sh", [wake.fire, wake.jobFolder], { stdio: "ignore", env: { PATH: "/usr/bin:/bin" } });
}

/** The names of the files in a folder, and when they were changed. */
function filesIn(folder: string): string {
	const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
	return names.map((name) => `${name} ${statSync(`${folder}/${name}`).mtimeMs}`).join();
}

/** By another program: Node would copy with the functions that are intercepted. */
function copy(from: string, to: string): void {
	execFileSync("cp", ["-R", from, to]);
}

const shell = (line: string): readonly string[] => ["/bin/sh", "-c", line];

test("what is not named stays: variables, directory, umask and all else", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { chore } = home;
	mkdirSync(`${home.path}/it's é`);
	const odd = { PATH: "/usr/bin:/bin", "A.B": "dotted", QUOTE: "it's\n'", EMPTY: "", NOTIFY_SOCKET: "given" };
	const print = "/usr/bin/env | /usr/bin/grep -av '^\\(_\\|CHORE_RUN_ID\\|PWD\\|OLDPWD\\|SHLVL\\)'; pwd; umask; nice";
	const { id } = await chore.run({
		command: shell(`: one; ${print}`),
		directory: `${home.path}/it's é`,
		environment: {},
		setEnvironment: odd,
		umask: 0o27,
		nice: 3,
		output: "split",
		timeoutMs: 60_000,
		description: "about it",
		origin: { client: "alice" },
	});
	const first = await chore.wait(id);
	const changed = await chore.set(id, { command: shell(`: two; ${print}`), graceMs: 5 });
	assert.deepEqual([changed.command[2]?.slice(0, 5), changed.nextRun?.command[2]?.slice(0, 5), changed.run], [": one", ": two", 1]);
	await chore.rerun(id);
	const second = await chore.wait(id);
	assert.deepEqual([second.command[2]?.slice(0, 5), second.nextRun, second.run], [": two", null, 2]);
	for (const field of ["directory", "description", "limits", "restart", "createdAt", "name", "id", "origin"] as const)
		assert.deepEqual(second[field], first[field], field);
	const outputs = [first, second].map(({ output }) => readFileSync(output.paths[0] ?? "", "utf8"));
	assert.equal(outputs[1], outputs[0]);
	assert.match(outputs[0] ?? "", /NOTIFY_SOCKET=given\n/);
	await chore.set(id, { setEnvironment: { MORE: "x" }, nice: 4, umask: 0o77, directory: home.path });
	await chore.rerun(id);
	const third = readFileSync((await chore.wait(id)).output.paths[0] ?? "", "utf8");
	assert.match(third, /^MORE=x$/m);
	assert.match(third, /^QUOTE=it's$/m);
	assert.ok(third.endsWith(`${home.path}\n0077\n4\n`), third);
});

test("the runs before keep what they had, also in their logs and their history", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { chore } = home;
	const { id } = await chore.run({ command: shell("echo one"), name: "tick", output: "split" });
	await chore.wait(id);
	await chore.set("tick", { command: shell("echo two; exit 3"), output: "merged" });
	await chore.rerun(id);
	await chore.wait(id);
	await chore.set("tick", { output: "null", timeoutMs: 9000, description: "third" });
	const shown = async (run: number): Promise<string> => {
		let text = "";
		for await (const { bytes } of chore.logs(id, { run })) text += Buffer.from(bytes).toString();
		return text;
	};
	assert.deepEqual([await shown(1), await shown(2)], ["one\n", "two\n"]);
	assert.deepEqual(
		(await chore.runs(id)).map(({ command, output, limits }) => [command[2], output.mode, limits.timeoutMs]),
		[
			["echo one", "split", null],
			["echo two; exit 3", "merged", null],
		],
	);
	const [job] = await chore.list();
	assert.deepEqual([job?.nextRun?.output.mode, job?.nextRun?.limits.timeoutMs, job?.nextRun?.description], ["null", 9000, "third"]);
	await chore.remove(id);
	assert.deepEqual(
		(await chore.history()).map(({ run, command }) => [run, command[2]]),
		[
			[2, "echo two; exit 3"],
			[1, "echo one"],
		],
		"by the ledger alone",
	);
	const told: unknown[] = [];
	for await (const { event, run, reason, command } of chore.events()) if (event === "changed") told.push([run, reason, command?.[2]]);
	assert.deepEqual(told, [
		[1, "command, output", "echo two; exit 3"],
		[2, "output, timeout, description", undefined],
	]);
});

test("null takes a setting away, and policies are changed one part at a time", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { chore } = home;
	const restart = { policy: "on-failure", delayMs: 10, max: 2 } as const;
	const { id } = await chore.run({ command: ["false"], tag: "a", description: "b", timeoutMs: 5000, restart });
	await chore.wait(id);
	const set = async (options: SetOptions): Promise<unknown> => {
		const { nextRun: next } = await chore.set(id, options);
		return [next?.tag, next?.description, next?.limits.timeoutMs, next?.restart.policy, next?.restart.delayMs, next?.restart.max];
	};
	assert.deepEqual(await set({ tag: null, timeoutMs: null }), [null, "b", null, "on-failure", 10, 2]);
	assert.deepEqual(await set({ restart: { delayMs: 20 } }), [null, "b", null, "on-failure", 20, 2]);
	assert.deepEqual(await set({ restart: { max: null } }), [null, "b", null, "on-failure", 20, null]);
	assert.deepEqual(await set({ restart: { max: 3 } }), [null, "b", null, "on-failure", 20, 3]);
	assert.deepEqual(await set({ restart: { policy: "no" }, description: null }), [null, null, null, "no", null, null]);
	await assert.rejects(set({ restart: { delayMs: 1 } }), { code: "INVALID_ARGUMENT" });
	assert.deepEqual(await set({ restart: { policy: "always" } }), [null, null, null, "always", 1000, null]);
});

test("the caller's variables are taken only where that is asked for", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { chore } = home;
	const line = "echo $CHORE_TEST_DAY";
	const { id } = await chore.run({ command: shell(line), environment: { CHORE_TEST_DAY: "old", PATH: process.env["PATH"] } });
	await chore.wait(id);
	const printed = async (options: SetOptions): Promise<string> => {
		await chore.set(id, options);
		await chore.rerun(id);
		return readFileSync((await chore.wait(id)).output.paths[0] ?? "", "utf8").trim();
	};
	process.env["CHORE_TEST_DAY"] = "today";
	try {
		assert.equal(await printed({ description: "x" }), "old");
		assert.equal(await printed({ refreshEnvironment: true }), "today");
	} finally {
		delete process.env["CHORE_TEST_DAY"];
	}
	assert.equal(await printed({ setEnvironment: { CHORE_TEST_DAY: "set" } }), "set");
	assert.equal(await printed({ unsetEnvironment: ["CHORE_TEST_DAY", "NOT_THERE"] }), "");
	assert.equal(await printed({ unsetEnvironment: ["CHORE_TEST_DAY"], setEnvironment: { CHORE_TEST_DAY: "again" } }), "again");
	assert.equal(await printed({ cleanEnvironment: true }), "");
});

test("a job that has ended is given a schedule, and is run by it with the settings that it has", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { chore } = home;
	const { id } = await chore.run({ command: shell("exit 3"), name: "tick" });
	await chore.wait(id);
	await chore.set(id, { command: shell("exit 4") });
	const given = await chore.set("tick", { schedule: { ...DAILY, keepRuns: 3 } });
	assert.deepEqual([given.state, given.run, given.schedule?.keepRuns, given.nextRun?.command[2]], ["scheduled", 1, 3, "exit 4"]);
	assert.deepEqual(
		(await chore.schedules()).map((job) => job.id),
		[id],
	);
	fire(home);
	assert.deepEqual([(await chore.get(id)).run, (await chore.get(id)).exitCode], [2, 4]);
	await chore.set(id, { command: shell("exit 5"), schedule: { keepRuns: 4 } });
	fire(home);
	assert.deepEqual([(await chore.get(id)).run, (await chore.get(id)).exitCode], [3, 5]);
	const reasons: unknown[] = [];
	for await (const { event, reason } of chore.events()) if (event === "changed") reasons.push(reason);
	assert.deepEqual(reasons, ["command", "its schedule", "its schedule", "command, its schedule"]);
});

test("a job whose schedule is over is given another one", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { chore } = home;
	const at = new Date(Math.ceil(Date.now() / 1000) * 1000 + 1000);
	const { id } = await chore.run({ command: shell("exit 3"), schedule: { at } });
	await eventually("its moment has come", () => Date.now() >= at.getTime(), Boolean);
	fire(home);
	assert.deepEqual([(await chore.get(id)).state, (await chore.get(id)).schedule], ["failed", null]);
	const given = await chore.set(id, { schedule: DAILY });
	assert.deepEqual([given.state, given.schedule?.calendar.length], ["scheduled", 1]);
	fire(home);
	assert.deepEqual([(await chore.get(id)).run, (await chore.get(id)).exitCode], [2, 3]);
});

test("a schedule is not given where the platform refuses it, another job has the name, or nothing says when", async () => {
	let refuses = true;
	const refusal = new ChoreError("PLATFORM_FAILED", "the platform has no room");
	const module = fakeWith(({ schedules }) =>
		schedules === undefined
			? {}
			: { schedules: { ...schedules, arm: (...given) => (refuses ? Promise.reject(refusal) : schedules.arm(...given)) } },
	);
	await using home = await makeHome("fake", module);
	const { chore } = home;
	const { id } = await chore.run({ command: ["false"], name: "tick" });
	const ended = await chore.wait(id);
	await assert.rejects(chore.set(id, { command: ["true"], schedule: DAILY }), { code: "PLATFORM_FAILED" });
	await assert.rejects(chore.set(id, { schedule: { keepRuns: 3 } }), { code: "INVALID_ARGUMENT", message: /without a trigger/ });
	refuses = false;
	const other = await chore.run({ command: ["true"], name: "tick", schedule: DAILY });
	await assert.rejects(chore.set(id, { schedule: DAILY }), { code: "NAME_IN_USE" });
	assert.deepEqual(await chore.get(id), ended, "it is as it was");
	await chore.remove(other.id);
	assert.equal((await chore.set(id, { schedule: DAILY })).state, "scheduled");
	await assert.rejects(chore.run({ command: ["true"], name: "tick" }), { code: "NAME_IN_USE" });
});

test("a job that has not ended is not changed, unless it has a schedule: then its run goes on as it is", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { chore } = home;
	const wait = shell(`until [ -e '${home.path}/go' ]; do sleep 0.02; done; exit 3`);
	const plain = await chore.run({ command: wait });
	await assert.rejects(chore.set(plain.id, { command: ["true"] }), { code: "JOB_ACTIVE", message: /is not over/ });
	await assert.rejects(chore.set(plain.id, { schedule: DAILY }), { code: "JOB_ACTIVE", message: /is not over/ });
	const restart = { policy: "on-failure", delayMs: 10, max: 1 } as const;
	const { id } = await chore.run({ command: wait, name: "tick", schedule: DAILY, restart });
	await chore.rerun(id);
	const changed = await chore.set(id, { command: ["true"], timeoutMs: 1000, restart: { policy: "no" }, schedule: { keepRuns: 3 } });
	assert.deepEqual([changed.state, changed.command, changed.nextRun?.command], ["running", wait, ["true"]]);
	assert.equal(changed.schedule?.keepRuns, 3);
	writeFileSync(`${home.path}/go`, "");
	const end = await chore.wait(id);
	assert.deepEqual([end.exitCode, end.attempt, end.limits.timeoutMs], [3, 2, null], "each of its attempts had the old settings");
	fire(home);
	const next = await chore.get(id);
	assert.deepEqual([next.run, next.command, next.result, next.nextRun, next.limits.timeoutMs], [2, ["true"], "success", null, 1000]);
	assert.deepEqual(
		(await chore.runs(id)).map(({ command }) => command[0]),
		["/bin/sh", "true"],
	);
});

test("a job that its schedule has not run yet shows what it is to run", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { chore } = home;
	const { id } = await chore.run({ command: ["false"], schedule: DAILY });
	const changed = await chore.set(id, { command: shell("exit 4") });
	assert.deepEqual([changed.state, changed.run, changed.command[2], changed.nextRun], ["scheduled", 0, "exit 4", null]);
	fire(home);
	assert.equal((await chore.get(id)).exitCode, 4);
	await chore.set(id, { command: shell("exit 5") });
	await chore.reschedule(id, { keepRuns: 1 });
	fire(home);
	assert.equal((await chore.get(id)).exitCode, 5, "a change of the schedule leaves the settings");
	assert.deepEqual(readdirSync(`${home.path}/default/jobs/${id}/runs`), ["2"]);
});

test("a change that is refused leaves all as it was", async () => {
	const arm = async (): Promise<never> => {
		throw new Error("the platform has no room");
	};
	let refuses = false;
	const module = fakeWith(({ schedules }) =>
		schedules === undefined ? {} : { schedules: { ...schedules, arm: (...given) => (refuses ? arm() : schedules.arm(...given)) } },
	);
	await using home = await makeHome("fake", module);
	const { chore } = home;
	const { id } = await chore.run({ command: ["true"], name: "tick", schedule: DAILY });
	const before = await chore.get(id);
	refuses = true;
	for (const [options, message] of [
		[{}, /not said what to change/],
		[{ setEnvironment: {}, native: { slice: undefined } }, /not said what to change/],
		[{ command: ["/no/such/program"] }, /ENOENT/],
		[{ directory: "/no/such/folder" }, /no such directory/],
		[{ command: [] as string[] }, /not said what to change/],
		[{ timeoutMs: -1 }, /time limit/],
		[{ memoryBytes: 1 }, /memory limit/],
		[{ native: { slice: "x" } }, /no options of its own/],
		[{ command: ["false"], schedule: { calendar: ["hourly"] } }, /no room/],
		[{ command: ["false"], schedule: { calendar: ["*-02-30"] } }, /never fires/],
	] as const)
		await assert.rejects(chore.set(id, options), { message });
	assert.deepEqual(await chore.get(id), before);
	for (const name of ["trash", "active"]) assert.deepEqual(readdirSync(`${home.path}/default/${name}`), [], name);
	await assert.rejects(chore.set("none", { timeoutMs: 1 }), { code: "JOB_NOT_FOUND" });
});

test("several changes at once all count", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { chore } = home;
	const { id } = await chore.run({ command: ["true"] });
	await chore.wait(id);
	await Promise.all([
		chore.set(id, { description: "a" }),
		home.open().set(id, { tag: "b" }),
		home.open().set(id, { timeoutMs: 3000 }),
		home.open().set(id, { command: ["false"] }),
	]);
	const { nextRun } = await chore.get(id);
	assert.deepEqual([nextRun?.description, nextRun?.tag, nextRun?.limits.timeoutMs, nextRun?.command], ["a", "b", 3000, ["false"]]);
});

test("settings that no run has are deleted in time", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { chore } = home;
	const { id } = await chore.run({ command: ["true"] });
	await chore.wait(id);
	const folder = `${home.path}/default/jobs/${id}/settings`;
	for (let change = 2; change <= 6; change++) {
		await chore.set(id, { description: `change ${change}` });
		if (change === 3) {
			await chore.rerun(id);
			await chore.wait(id);
		}
		const past = Date.now() / 1000 - 7200;
		for (const settings of readdirSync(folder)) utimesSync(`${folder}/${settings}`, past, past);
	}
	assert.deepEqual(readdirSync(folder), ["1", "3", "5", "6"], "the last but one may be read by a start just now");
	assert.equal(statSync(`${folder}/6/start`).mode & 0o777, 0o600);
	assert.deepEqual(
		(await chore.runs(id)).map(({ description }) => description),
		[null, "change 3"],
	);
});

test("a change that breaks off between any two steps has come about or not, and the next one does", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { chore } = home;
	const { id } = await chore.run({ command: shell("exit 3"), name: "tick", schedule: DAILY });
	const copies = `${home.path}.copies`;
	mkdirSync(copies);
	try {
		{
			let before = "";
			using interference = interfere(id, (step) => {
				// What is in the trash does not count.
				const now = filesIn(`${home.path}/default/jobs/${id}`);
				if (now !== before) copy(home.path, `${copies}/${step}`);
				before = now;
			});
			await chore.set(id, { command: shell("exit 4") });
			assert.ok(interference.steps > 20, `${interference.steps} steps`);
		}
		const codes = new Set<number | null>();
		for (const step of readdirSync(copies).sort((one, other) => Number(one) - Number(other))) {
			for (const name of readdirSync(home.path)) rmSync(`${home.path}/${name}`, { recursive: true });
			copy(`${copies}/${step}/.`, home.path);
			await using other = home.open();
			const what = `before step ${step}`;
			const found = await other.get(id);
			assert.equal(found.state, "scheduled", `${what}: ${found.reason}`);
			fire(home);
			const fired = await other.get(id);
			await other.rerun(id);
			const started = await other.wait(id);
			assert.deepEqual([fired.run, started.run], [1, 2], what);
			assert.equal(`exit ${fired.exitCode}`, found.command[2], `${what}: the schedule runs what is shown`);
			assert.equal(started.exitCode, fired.exitCode, `${what}: a start and the schedule run the same`);
			codes.add(fired.exitCode);
			await other.set(id, { command: shell("exit 5") });
			fire(home);
			assert.equal((await other.get(id)).exitCode, 5, what);
		}
		assert.deepEqual([...codes], [3, 4]);
		assert.ok(readdirSync(copies).length >= 4);
	} finally {
		rmSync(copies, { recursive: true, force: true });
	}
});

test("a schedule that is given breaks off between any two steps: it is there or not, and is given by the next change", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: shell("exit 3"), name: "tick" });
	await home.chore.wait(id);
	const copies = `${home.path}.copies`;
	mkdirSync(copies);
	try {
		{
			let before = "";
			using interference = interfere(id, (step) => {
				const now = ["jobs", "active", "schedules"].map((folder) => filesIn(`${home.path}/default/${folder}`)).join();
				if (now !== before) copy(home.path, `${copies}/${step}`);
				before = now;
			});
			await home.chore.set(id, { schedule: DAILY });
			assert.ok(interference.steps > 20, `${interference.steps} steps`);
		}
		const seen = new Set<string>();
		for (const step of readdirSync(copies).sort((one, other) => Number(one) - Number(other))) {
			for (const name of readdirSync(home.path)) rmSync(`${home.path}/${name}`, { recursive: true });
			copy(`${copies}/${step}/.`, home.path);
			await using other = home.open();
			const found = await other.get(id);
			assert.equal(found.state, found.schedule === null ? "failed" : "scheduled", `before step ${step}: ${found.reason}`);
			seen.add(found.state);
			const given = await other.set(id, { schedule: { ...DAILY, keepRuns: 7 } });
			assert.deepEqual([given.state, given.schedule?.keepRuns], ["scheduled", 7], `before step ${step}`);
			fire(home);
			assert.deepEqual([(await other.get(id)).run, (await other.get(id)).exitCode], [2, 3], `before step ${step}`);
		}
		assert.deepEqual([...seen], ["failed", "scheduled"]);
	} finally {
		rmSync(copies, { recursive: true, force: true });
	}
});

test("a job that is removed between any two steps of a change is gone, and nothing of it is left", async () => {
	for (let step = 1, happened = true; happened; step++) {
		await using home = await makeHome("fake", fakePlatform);
		const { id } = await home.chore.run({ command: ["true"] });
		await home.chore.wait(id);
		const folder = `${home.path}/default/jobs/${id}`;
		using interference = interfere(id, (reached) => {
			if (reached === step) rmSync(folder, { recursive: true });
		});
		const outcome = await home.chore.set(id, { description: "x" }).catch((error: unknown) => error);
		happened = interference.steps >= step;
		interference[Symbol.dispose]();
		if (!happened) assert.ok(step > 15, "there are steps");
		else if (outcome instanceof Error)
			assert.match(`${"code" in outcome && outcome.code}`, /^JOB_NOT_FOUND$/, `step ${step}: ${outcome.stack}`);
		assert.deepEqual(readdirSync(`${home.path}/default/trash`), [], `step ${step}`);
		assert.equal(existsSync(folder), !happened, `step ${step}`);
	}
});
