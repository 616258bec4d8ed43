import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import type { RestartPolicy, RunSpec, Stopping } from "../../platform/contract.ts";
import { type ExitRecord, parseExitRecord } from "../../platform/exit-record.ts";
import * as systemd from "../../platform/systemd/index.ts";
import type { Job } from "../../src/core/job.ts";
import { eventually, HANGS_MS, isRunning } from "../support/eventually.ts";
import { makeHome } from "../support/home.ts";
import { crashManager, userManager } from "../support/user-manager.ts";
import { Fixture, type Prepared, recordOf, said } from "./support.ts";

const { skip, skipHarm } = userManager(import.meta);

const TERM: Stopping = { signal: "SIGTERM", graceMs: 10_000, hangUp: false };
const LONG_MS = 3_600_000;
/** Counts the attempts in the run's file `count`. */
const COUNT = 'run=$1; echo x >>"$run/count"; n=0; while read -r x; do n=$((n + 1)); done <"$run/count"';
const UNTIL_GO = 'until [ -e "$run/go$n" ]; do sleep 0.01; done';

function restarting(policy: RestartPolicy["policy"], delayMs: number, max: number | null = null): Pick<RunSpec, "restart"> {
	return { restart: { policy, delayMs, max } };
}

/** How many attempts have begun. */
function begun(run: Prepared): number {
	return (said(run, "count") ?? "").split("\n").filter((line) => line === "x").length;
}

/** Ends the attempt of that number, which waits for it. */
function go({ run }: Prepared, attempt: number): void {
	writeFileSync(`${run.runFolder}/go${attempt}`, "");
}

function attemptsOf({ run }: Prepared): readonly ExitRecord[] {
	const records = readFileSync(`${run.runFolder}/attempts`, "utf8").split("\n").map(parseExitRecord);
	return records.filter((record) => typeof record === "object");
}

async function reaches(run: Prepared, attempt: number): Promise<ExitRecord> {
	const has = async () => (await recordOf(run)).attempt >= attempt;
	await eventually(`attempt ${attempt} is on record`, has);
	return recordOf(run);
}

function systemctl(...words: readonly string[]): string {
	return execFileSync("systemctl", ["--user", ...words], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
}

function unitOf({ handle }: Prepared): string {
	return String(handle.data["unit"]);
}

/** Waits until the manager itself has nothing more to do for the run. */
async function isUnloaded(run: Prepared): Promise<void> {
	await eventually("the unit is unloaded", () => systemctl("show", "--value", "-p", "LoadState", unitOf(run)), "not-found");
}

test("on-failure restarts the program until it succeeds, and every attempt is recorded", { skip }, async () => {
	await using fixture = await Fixture.open();
	const run = await fixture.start(`${COUNT}; [ $n -ge 3 ] || exit 7; exit 0`, restarting("on-failure", 20));
	const last = await reaches(run, 3);
	assert.deepEqual([last.status, last.result], [{ code: 0 }, "success"]);
	const attempts = attemptsOf(run);
	assert.deepEqual(
		attempts.map(({ attempt, status }) => [attempt, status]),
		[
			[1, { code: 7 }],
			[2, { code: 7 }],
			[3, { code: 0 }],
		],
	);
	assert.equal(new Set(attempts.map(({ pid }) => pid)).size, 3);
	assert.equal(last.pid, Number(said(run, "started")?.split("\n")[0]));
	await isUnloaded(run);
	assert.equal(begun(run), 3);
	assert.equal((await fixture.observe(run)).kind, "absent");
});

test("on-failure restarts after every end but exit code 0", { skip }, async () => {
	await using fixture = await Fixture.open();
	const ends = [
		...["HUP", "INT", "TERM", "PIPE", "USR1", "KILL", "SEGV", "QUIT"].map((signal) => `kill -${signal} $$`),
		...[1, 126, 127, 143, 199, 200, 203, 243, 255].map((code) => `exit ${code}`),
	];
	await Promise.all(
		ends.map(async (end) => {
			const run = await fixture.start(`${COUNT}; [ $n -ge 2 ] || ${end}; exit 0`, restarting("on-failure", 1));
			assert.deepEqual((await reaches(run, 2)).status, { code: 0 }, end);
			await isUnloaded(run);
		}),
	);
});

test("on-failure does not restart after a success; always does", { skip }, async () => {
	await using fixture = await Fixture.open();
	const [once, again] = await Promise.all([
		fixture.start(`${COUNT}; exit 0`, restarting("on-failure", 1)),
		fixture.start(`${COUNT}; exit 0`, restarting("always", 1)),
	]);
	await reaches(again, 5);
	await isUnloaded(once);
	assert.equal(begun(once), 1);
	assert.deepEqual(await fixture.platform.stop(again.handle, TERM), { kind: "ended" });
	const count = begun(again);
	await isUnloaded(again);
	assert.equal(begun(again), count);
});

test("an attempt beyond the time limit is followed by another", { skip }, async () => {
	await using fixture = await Fixture.open();
	const limits = { timeoutMs: 2_000, memoryBytes: null, cpus: null, tasks: null };
	const script = `${COUNT}; [ $n -ge 3 ] && exit 0; [ $n -ge 2 ] && trap 'exit 0' TERM; while :; do sleep 0.02; done`;
	const run = await fixture.start(script, { ...restarting("on-failure", 1), limits });
	await reaches(run, 3);
	assert.deepEqual(
		attemptsOf(run).map(({ result, status }) => [result, status]),
		[
			["timeout", { signal: "SIGTERM" }],
			["timeout", { code: 0 }],
			["success", { code: 0 }],
		],
	);
});

test("after the last allowed attempt the run has ended", { skip }, async () => {
	await using fixture = await Fixture.open();
	for (const policy of ["on-failure", "always"] as const) {
		const run = await fixture.start(`${COUNT}; exit 4`, restarting(policy, 5_000, 1));
		await reaches(run, 2);
		const kinds = new Set<string>();
		await eventually(
			"the run is over",
			async () => {
				const { kind } = await fixture.observe(run);
				kinds.add(kind);
				return kind;
			},
			(kind) => ["ended", "absent"].includes(kind),
		);
		assert.equal(kinds.has("queued") || kinds.has("running"), false, `no restart was waited for: ${[...kinds]}`);
		await fixture.platform.forget(run.handle);
		const restarts = new Set<number>();
		await eventually(
			"the unit is unloaded",
			() => {
				const [, count, state] =
					/^NRestarts=(.*)\nLoadState=(.*)$/m.exec(systemctl("show", "-p", "NRestarts,LoadState", unitOf(run))) ?? [];
				if (state === "loaded") restarts.add(Number(count));
				return state;
			},
			"not-found",
		);
		assert.equal(Math.max(1, ...restarts), 1, "the unit is let go of, and not restarted once more");
		assert.equal(begun(run), 2);
	}
});

test("no attempt follows the last allowed one even if its unit is not forgotten", { skip }, async () => {
	await using fixture = await Fixture.open();
	for (const policy of ["on-failure", "always"] as const) {
		const run = await fixture.start(`${COUNT}; exit 5`, restarting(policy, 10, 2));
		await reaches(run, 3);
		await isUnloaded(run);
		assert.equal(begun(run), 3);
	}
});

test("a unit name is free once the last attempt has ended, however long the delay", { skip }, async () => {
	await using fixture = await Fixture.open();
	const unitName = `chore-test-last-${process.pid}`;
	const first = await fixture.start(`${COUNT}; exit 4`, { native: { unit: unitName }, ...restarting("always", 3_000, 1) });
	await reaches(first, 2);
	// Its delay is over already on a machine that stood still.
	await eventually(
		"it is past the last attempt",
		() => systemctl("show", "--value", "-p", "SubState", unitOf(first)),
		(state) => ["auto-restart", "dead"].includes(state),
	);
	const second = await fixture.startReady("ready; exec sleep 1000", { native: { unit: unitName } });
	assert.equal((await fixture.observe(second)).kind, "running");
	assert.equal((await fixture.observe(first)).kind, "absent");
	const waiting = await fixture.start("exit 1", { native: { unit: `${unitName}-b` }, ...restarting("always", LONG_MS) });
	await fixture.is(waiting, "queued");
	await assert.rejects(fixture.start("exit 1", { native: { unit: `${unitName}-b` } }), /there already is a unit/);
	assert.equal((await fixture.observe(waiting)).kind, "queued");
});

test("between two attempts a run is queued, can be stopped, and cannot be signalled", { skip }, async () => {
	await using fixture = await Fixture.open();
	const runs = await Promise.all(
		["exit 1", "kill -KILL $$", "exit 0"].map((end) => fixture.start(`${COUNT}; ${end}`, restarting("always", LONG_MS))),
	);
	const graces = [LONG_MS, 0, LONG_MS];
	for (const [index, run] of runs.entries()) {
		await fixture.is(run, "queued");
		assert.equal(await fixture.platform.kill(run.handle, "SIGTERM", "all"), false);
		assert.equal(await fixture.platform.kill(run.handle, "SIGTERM", "main"), false);
		assert.deepEqual((await fixture.platform.usage(run.handle)).processes, []);
		await fixture.platform.forget(run.handle);
		assert.equal((await fixture.observe(run)).kind, "queued", "it is not over");
		assert.deepEqual(await fixture.platform.stop(run.handle, { ...TERM, graceMs: graces[index] ?? 0 }), { kind: "ended" });
		await fixture.platform.forget(run.handle);
		await isUnloaded(run);
		assert.equal(begun(run), 1);
	}
});

test("no attempt follows any kind of stop", { skip }, async () => {
	await using fixture = await Fixture.open();
	const stops: readonly Stopping[] = [
		TERM,
		{ ...TERM, graceMs: 0 },
		{ ...TERM, graceMs: 200 },
		{ ...TERM, graceMs: 60_000 },
		{ ...TERM, signal: "SIGINT" },
		{ ...TERM, hangUp: true },
	];
	await Promise.all(
		stops.map(async (stopping) => {
			const run = await fixture.startReady(`${COUNT}; ready; exec sleep 1000`, restarting("always", 0));
			assert.deepEqual(await fixture.platform.stop(run.handle, stopping), { kind: "ended" });
			assert.deepEqual((await recordOf(run)).attempt, 1);
			await fixture.platform.forget(run.handle);
			await isUnloaded(run);
			assert.equal(begun(run), 1, JSON.stringify(stopping));
		}),
	);
});

test("a stop that races the ends of short attempts ends the run", { skip }, async () => {
	await using fixture = await Fixture.open();
	await Promise.all(
		Array.from({ length: 12 }, async (_, index) => {
			const run = await fixture.start(`${COUNT}; exit ${index % 3}`, restarting("always", 0));
			await reaches(run, 1 + index);
			assert.deepEqual(await fixture.platform.stop(run.handle, { ...TERM, graceMs: index % 2 === 0 ? 10_000 : 60_000 }), { kind: "ended" });
			const count = begun(run);
			await fixture.platform.forget(run.handle);
			await isUnloaded(run);
			assert.equal(begun(run), count);
			assert.equal(attemptsOf(run).length, (await recordOf(run)).attempt);
		}),
	);
});

test("processes that an attempt left are ended before the next begins", { skip }, async () => {
	await using fixture = await Fixture.open();
	const script = `${COUNT}; [ $n -ge 2 ] && exit 0; setsid sh -c 'echo $$ >"$1/child"; exec sleep 1000' sh "$run" & until [ -s "$run/child" ]; do sleep 0.01; done; exit 1`;
	const run = await fixture.start(script, restarting("on-failure", 1));
	await reaches(run, 2);
	assert.equal(isRunning(Number(said(run, "child"))), false);
});

test("start resolves when the first attempt ends at once and another follows", { skip }, async () => {
	await using fixture = await Fixture.open();
	await Promise.all(
		Array.from({ length: 20 }, async (_, index) => {
			const run = await fixture.start(`exit ${1 + index}`, restarting("on-failure", index * 5, 3));
			assert.equal((await reaches(run, 4)).attempt, 4);
		}),
	);
});

for (const verb of ["daemon-reload", "daemon-reexec"] as const) {
	const reason = verb === "daemon-reexec" ? skipHarm : skip;
	test(`${verb} during and between attempts changes neither the number of attempts nor their ends`, { skip: reason }, async () => {
		await using fixture = await Fixture.open();
		const script = `${COUNT}; ${UNTIL_GO}; exit 9`;
		const [failing, always] = await Promise.all([
			fixture.start(script, restarting("on-failure", 400, 2)),
			fixture.start(script, restarting("always", 400, 2)),
		]);
		const both = [failing, always];
		const waiting = await fixture.start(`${COUNT}; exit 1`, restarting("on-failure", LONG_MS));
		await fixture.is(waiting, "queued");
		for (const attempt of [1, 2, 3]) {
			await eventually(
				`both are at attempt ${attempt}`,
				() => both.map(begun),
				(counts) => counts.every((count) => count === attempt),
			);
			systemctl(verb);
			for (const run of both) go(run, attempt);
			for (const run of both) await reaches(run, attempt);
			if (attempt < 3) for (const run of both) await fixture.is(run, "queued");
			systemctl(verb);
		}
		for (const run of both) {
			assert.deepEqual((await recordOf(run)).status, { code: 9 });
			await eventually(
				"the run is over",
				() => fixture.observe(run),
				({ kind }) => ["ended", "absent"].includes(kind),
			);
			await isUnloaded(run);
			assert.equal(begun(run), 3);
		}
		assert.equal((await fixture.observe(waiting)).kind, "queued");
		assert.deepEqual(await fixture.platform.stop(waiting.handle, TERM), { kind: "ended" });
		assert.equal(begun(waiting), 1);
	});
}

test("when a hook is killed, one record is missing and later attempts are made", { skip }, async () => {
	await using fixture = await Fixture.open();
	// The hook reads `started`, and waits in the FIFO that the second attempt puts in its place.
	const script = `${COUNT}; [ $n -ge 3 ] && exit 0; [ $n -ge 2 ] || exit 5; rm "$run/started"; mkfifo "$run/started"; exit 6`;
	const run = await fixture.start(script, restarting("on-failure", 300));
	await reaches(run, 1);
	await eventually(
		"the hook of attempt 2 waits",
		() => begun(run) === 2 && systemctl("show", "--value", "-p", "SubState", unitOf(run)) === "stop-post",
	);
	execFileSync("kill", ["-KILL", systemctl("show", "--value", "-p", "ControlPID", unitOf(run))]);
	await fixture.is(run, "queued");
	rmSync(`${run.run.runFolder}/started`);
	writeFileSync(`${run.run.runFolder}/started`, " ".repeat(16));
	const last = await reaches(run, 2);
	assert.deepEqual([last.status, begun(run)], [{ code: 0 }, 3]);
	await isUnloaded(run);
});

test("if every hook is killed, the manager's own limit ends the restarts", { skip }, async () => {
	await using fixture = await Fixture.open();
	const run = fixture.prepare(`${COUNT}; exit 5`, restarting("on-failure", 10, 2));
	await fixture.platform.start(run.run, run.handle);
	// In the place of the hook one that dies: it cannot count, and writes nothing.
	writeFileSync(`${fixture.folder}/hook`, "kill -KILL $$\n");
	const ended = await fixture.is(run, "ended");
	assert.ok(ended.kind === "ended");
	assert.deepEqual(ended.end.status, { code: 5 });
	assert.ok(begun(run) <= 3 && begun(run) > 1, `${begun(run)} attempts`);
	await fixture.platform.forget(run.handle);
	await isUnloaded(run);
});

test("a crash of the manager between two attempts ends the run, and during an attempt does not", { skip: skipHarm }, async () => {
	await using fixture = await Fixture.open();
	const [waiting, running] = await Promise.all([
		fixture.start(`${COUNT}; exit 1`, restarting("always", LONG_MS)),
		fixture.start(`${COUNT}; ${UNTIL_GO}; exit 1`, restarting("always", 10)),
	]);
	await fixture.is(waiting, "queued");
	await eventually("its first attempt has begun", () => begun(running), 1);
	await crashManager();
	await fixture.is(waiting, "absent");
	await fixture.is(running, "unsupervised");
	go(running, 1);
	await fixture.is(running, "absent");
	assert.deepEqual([begun(waiting), begun(running)], [1, 1]);
});

test("a job whose files are removed is not started again", { skip }, async () => {
	await using fixture = await Fixture.open();
	const run = await fixture.start(`${COUNT}; exit 1`, restarting("always", 300));
	await fixture.is(run, "queued");
	rmSync(run.run.jobFolder, { recursive: true });
	await isUnloaded(run);
	assert.equal((await fixture.observe(run)).kind, "absent");
});

test("a run that has used up its restarts has the result start-limit and leaves no unit", { skip, timeout: HANGS_MS }, async () => {
	await using home = await makeHome("systemd", systemd);
	const restart = { policy: "on-failure", delayMs: 50, max: 2 } as const;
	const job = await home.chore.run({ command: ["sh", "-c", "exit 6"], restart });
	const end = await home.chore.wait(job.id);
	assert.deepEqual([end.state, end.result, end.exitCode, end.attempt], ["failed", "start-limit", 6, 3]);
	await leavesNoUnit(end);

	const signalled = await home.chore.run({ command: ["sh", "-c", "kill -TERM $$"], restart });
	const dead = await home.chore.wait(signalled.id);
	assert.deepEqual([dead.result, dead.signal, dead.attempt], ["start-limit", "SIGTERM", 3]);
	await leavesNoUnit(dead);
});

test("a job that waits for its next attempt has a reason and can be stopped", { skip, timeout: HANGS_MS }, async () => {
	await using home = await makeHome("systemd", systemd);
	const job = await home.chore.run({ command: ["sh", "-c", "exit 6"], restart: { policy: "on-failure", delayMs: LONG_MS } });
	const waiting = await eventually("it waits", async () => {
		const now = await home.chore.get(job.id);
		return now.state === "queued" && now;
	});
	assert.match(waiting.reason ?? "", /attempt 1 ended with exit code 6/);
	const end = await home.chore.stop(job.id);
	assert.deepEqual([end.state, end.result, end.attempt], ["stopped", "stopped", 1]);
	await leavesNoUnit(end);
});

async function leavesNoUnit({ unit }: Job): Promise<void> {
	assert.ok(unit !== null);
	await eventually("the unit is gone", () => systemctl("show", "--value", "-p", "LoadState", unit) === "not-found");
}
