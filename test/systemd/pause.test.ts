import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import type { Stopping } from "../../platform/contract.ts";
import { eventually, isRunning, kill } from "../support/eventually.ts";
import { rounds } from "../support/rounds.ts";
import { crashManager, userManager } from "../support/user-manager.ts";
import { Fixture, type Prepared, recordOf, said } from "./support.ts";

const { skip, skipHarm } = userManager(import.meta, { unified: true });

const TERM: Stopping = { signal: "SIGTERM", graceMs: 10_000, hangUp: false };
const PAUSED = { kind: "running", paused: true } as const;
const RUNNING = { kind: "running", paused: false } as const;
/** Each process adds to a file of its own, as long as it is not held. */
const BEATS = 'beat() { while :; do echo x >>"$run/$1"; sleep 0.01; done; }';
const TREE = `${BEATS}; (beat child) & (setsid sh -c 'while :; do echo x >>"$1/apart"; sleep 0.01; done' sh "$run") & ready; beat main`;

function beats(run: Prepared, names: readonly string[] = ["main", "child", "apart"]): readonly number[] {
	return names.map((name) => (said(run, name) ?? "").length);
}

function systemctl(...words: readonly string[]): string {
	return execFileSync("systemctl", ["--user", ...words], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
}

function unitOf({ handle }: Prepared): string {
	return String(handle.data["unit"]);
}

async function standsStill(run: Prepared, names?: readonly string[]): Promise<void> {
	const before = beats(run, names);
	await new Promise((resolve) => setTimeout(resolve, 100));
	assert.deepEqual(beats(run, names), before);
}

async function goesOn(run: Prepared, names?: readonly string[]): Promise<void> {
	const before = beats(run, names);
	await eventually("every process goes on", () => beats(run, names).every((count, index) => count > (before[index] ?? 0)));
}

test("every process of a paused run is stopped until the run is resumed", { skip }, async () => {
	await using fixture = await Fixture.open();
	const run = await fixture.startReady(TREE);
	await goesOn(run);
	for (let turn = 0; turn < 3; turn++) {
		assert.equal(await fixture.platform.pause(run.handle), true);
		assert.deepEqual(await fixture.observe(run), PAUSED);
		await standsStill(run);
		assert.equal(await fixture.platform.pause(run.handle), true, "twice is once");
		assert.equal(await fixture.platform.resume(run.handle), true);
		assert.deepEqual(await fixture.observe(run), RUNNING);
		await goesOn(run);
	}
	assert.equal(await fixture.platform.resume(run.handle), true, "what runs may be resumed");
});

test("a run whose start script has not said yet which its main process is is paused once it has, and goes on until then", {
	skip,
}, async () => {
	await using fixture = await Fixture.open();
	const run = fixture.prepare("exec sleep 1000");
	const late = 'until [ -e "$1/go" ]; do echo x >>"$1/main"; sleep 0.01; done; echo $$ 1<>"$1/started"; exec sleep 1000';
	writeFileSync(`${run.run.jobFolder}/start`, late);
	await fixture.platform.start(run.run, run.handle);
	await goesOn(run, ["main"]);
	const paused = fixture.platform.pause(run.handle);
	await eventually("it is being paused", () => existsSync(`${run.run.runFolder}/paused`));
	await goesOn(run, ["main"]);
	writeFileSync(`${run.run.runFolder}/go`, "");
	assert.equal(await paused, true);
	assert.deepEqual(await fixture.observe(run), PAUSED);
});

test("all processes of a run that keeps starting processes are paused", { skip }, async () => {
	await using fixture = await Fixture.open();
	const script = [
		// In a chain each process starts the next one and ends.
		`echo 'echo x >>"$1/chain"; sh "$0" "$1" &' >"$run/link"; sh "$run/link" "$run" & sh "$run/link" "$run" &`,
		'ready; while :; do (echo x >>"$run/main") & (sleep 0.001; echo x >>"$run/child") & done',
	];
	const run = await fixture.startReady(script.join("\n"));
	for (let round = rounds(1); round > 0; round--) {
		assert.equal(await fixture.platform.pause(run.handle), true);
		assert.deepEqual(await fixture.observe(run), PAUSED);
		await standsStill(run, ["main", "child", "chain"]);
		assert.equal(await fixture.platform.resume(run.handle), true);
		await goesOn(run, ["main", "child", "chain"]);
	}
});

for (const verb of ["daemon-reload", "daemon-reexec"] as const) {
	test(`a paused run is still paused after ${verb}`, { skip }, async () => {
		await using fixture = await Fixture.open();
		const run = await fixture.startReady(TREE);
		await fixture.platform.pause(run.handle);
		systemctl(verb);
		await eventually("the manager is back", async () => (await fixture.observe(run)).kind, "running");
		assert.deepEqual(await fixture.observe(run), PAUSED);
		await fixture.platform.resume(run.handle);
		await goesOn(run);
	});
}

test("a paused run can be stopped in every way", { skip }, async () => {
	await using fixture = await Fixture.open();
	const stops: readonly Stopping[] = [
		TERM,
		{ ...TERM, graceMs: 4_000 },
		{ ...TERM, graceMs: 30_000 },
		{ ...TERM, signal: "SIGINT" },
		{ ...TERM, hangUp: true },
	];
	await Promise.all(
		stops.map(async (stopping) => {
			const run = await fixture.startReady("trap 'exit 3' TERM INT HUP; ready; while :; do sleep 0.01; done");
			await fixture.platform.pause(run.handle);
			assert.deepEqual(await fixture.platform.stop(run.handle, stopping), { kind: "ended" });
			assert.deepEqual((await recordOf(run)).status, { code: 3 }, JSON.stringify(stopping));
		}),
	);
	const run = await fixture.startReady(TREE);
	await fixture.platform.pause(run.handle);
	assert.deepEqual(await fixture.platform.stop(run.handle, { ...TERM, graceMs: 0 }), { kind: "ended" });
	assert.deepEqual((await recordOf(run)).status, { signal: "SIGKILL" });
});

test("the time limit of a paused run ends it, and is recorded", { skip }, async () => {
	await using fixture = await Fixture.open();
	const limits = { timeoutMs: 3_000, memoryBytes: null, cpus: null, tasks: null };
	const run = await fixture.startReady("ready; exec sleep 1000", { limits });
	assert.equal(await fixture.platform.pause(run.handle), true);
	const record = await recordOf(run);
	assert.deepEqual([record.result, record.status], ["timeout", { signal: "SIGTERM" }]);
});

test("a paused run that is killed from outside is recorded, and its next attempt is not paused", { skip }, async () => {
	await using fixture = await Fixture.open();
	const restart = { policy: "on-failure", delayMs: 10, max: null } as const;
	const run = await fixture.startReady('echo $$ >>"$run/pids"; ready; exec sleep 1000', { restart });
	await fixture.platform.pause(run.handle);
	kill(Number(said(run, "pids")), "SIGKILL");
	assert.deepEqual((await recordOf(run)).status, { signal: "SIGKILL" });
	await eventually("the next attempt has begun", () => said(run, "pids")?.split("\n")?.length, 2);
	assert.deepEqual(await fixture.is(run, "running"), RUNNING);
});

test("pause refuses a run that has ended or is between two attempts", { skip }, async () => {
	await using fixture = await Fixture.open();
	const over = await fixture.start("exit 0");
	await fixture.is(over, "absent");
	const failed = await fixture.start("kill -ABRT $$");
	await fixture.is(failed, "ended");
	const waiting = await fixture.start("exit 1", { restart: { policy: "always", delayMs: 3_600_000, max: null } });
	await fixture.is(waiting, "queued");
	for (const run of [over, failed, waiting]) {
		assert.equal(await fixture.platform.pause(run.handle), false);
		assert.equal(await fixture.platform.resume(run.handle), false);
	}
	assert.equal((await fixture.observe(waiting)).kind, "queued");
});

test("a pause that races the end delays neither the end nor its record", { skip }, async () => {
	await using fixture = await Fixture.open();
	const runs = await Promise.all(
		Array.from({ length: 40 }, async (_, index) => {
			const run = await fixture.start(`sleep 0.0${index % 10}; exit 4`);
			return { run, isHeld: await fixture.platform.pause(run.handle) };
		}),
	);
	for (const { run, isHeld } of runs) {
		if (isHeld) assert.equal(await fixture.platform.resume(run.handle), true);
		assert.deepEqual((await recordOf(run)).status, { code: 4 }, "the hook was not held");
	}
});

test("a run whose manager has crashed can be paused and resumed", { skip: skipHarm }, async () => {
	await using fixture = await Fixture.open();
	const run = await fixture.startReady(TREE);
	await crashManager();
	await fixture.is(run, "unsupervised");
	assert.equal(await fixture.platform.pause(run.handle), true);
	await standsStill(run);
	assert.equal(await fixture.platform.resume(run.handle), true);
	await goesOn(run);
	await fixture.platform.pause(run.handle);
	assert.deepEqual(await fixture.platform.stop(run.handle, TERM), { kind: "ended" });
});

test("a unit that was frozen by systemctl can be killed and stopped, and its end is recorded", { skip }, async () => {
	await using fixture = await Fixture.open();
	const runs = await Promise.all([0, 4_000, 10_000].map(() => fixture.startReady("ready; exec sleep 1000")));
	const killed = await fixture.startReady("ready; exec sleep 1000");
	for (const run of [...runs, killed]) systemctl("freeze", unitOf(run));
	for (const [index, graceMs] of [0, 4_000, 10_000].entries()) {
		const run = runs[index];
		assert.ok(run);
		assert.deepEqual(await fixture.platform.stop(run.handle, { ...TERM, graceMs }), { kind: "ended" });
		assert.deepEqual((await recordOf(run)).status, { signal: graceMs === 0 ? "SIGKILL" : "SIGTERM" });
	}
	assert.equal(await fixture.platform.kill(killed.handle, "SIGKILL", "all"), true);
	assert.deepEqual((await recordOf(killed)).status, { signal: "SIGKILL" });
});

test("the processes of a run are counted in a pure cgroup v2 tree, too", { skip }, async () => {
	await using fixture = await Fixture.open();
	assert.match(readFileSync("/proc/self/mounts", "utf8"), /^\S+ \/sys\/fs\/cgroup cgroup2 /m);
	const run = await fixture.startReady('sleep 1000 & echo $! >"$run/child"; ready; until [ -e "$run/go" ]; do sleep 0.01; done; exit 3');
	const child = Number(said(run, "child"));
	assert.ok((await fixture.platform.usage(run.handle)).processes.some(({ pid }) => pid === child));
	writeFileSync(`${run.run.runFolder}/go`, "");
	const record = await recordOf(run);
	assert.ok(record.cpuTimeMs !== null && record.cpuTimeMs > 0);
	assert.equal(isRunning(child), false);
});
