import assert from "node:assert/strict";
import { test } from "node:test";
import type { Stopping } from "../../platform/contract.ts";
import { isStopped } from "../../platform/systemd/processes.ts";
import { eventually, isRunning, kill } from "../support/eventually.ts";
import { userManager } from "../support/user-manager.ts";
import { Fixture, hasRecord, recordOf, said } from "./support.ts";

const { skip } = userManager(import.meta);

const TERM: Stopping = { signal: "SIGTERM", graceMs: 10_000, hangUp: false };
const DEAF = "trap '' TERM; ready; while :; do sleep 0.05; done";

function timed(): () => number {
	const startMs = performance.now();
	return () => performance.now() - startMs;
}

test("stop sends the planned signal and resolves when the run has ended and is recorded", { skip }, async () => {
	await using fixture = await Fixture.open();
	const run = await fixture.startReady("ready; exec sleep 1000");
	assert.deepEqual(await fixture.platform.stop(run.handle, TERM), { kind: "ended" });
	assert.equal(hasRecord(run), true);
	assert.deepEqual((await recordOf(run)).status, { signal: "SIGTERM" });
	assert.deepEqual(await fixture.platform.stop(run.handle, TERM), { kind: "ended" }, "a second time it is no error");
});

test("a job that traps the stop signal chooses its exit code", { skip }, async () => {
	await using fixture = await Fixture.open();
	const run = await fixture.startReady("trap 'exit 3' TERM; ready; while :; do sleep 0.05; done");
	await fixture.platform.stop(run.handle, TERM);
	assert.deepEqual((await recordOf(run)).status, { code: 3 });
});

test("a job that ignores the signal is killed after a grace shorter than the planned one", { skip }, async () => {
	await using fixture = await Fixture.open();
	const run = await fixture.startReady(DEAF, { stopping: { ...TERM, graceMs: 3_600_000 } });
	const elapsedMs = timed();
	assert.deepEqual(await fixture.platform.stop(run.handle, { ...TERM, graceMs: 300 }), { kind: "ended" });
	assert.ok(elapsedMs() >= 290, `${elapsedMs()} ms`);
	assert.deepEqual((await recordOf(run)).status, { signal: "SIGKILL" });
});

test("systemd keeps a grace as planned; stop keeps a planned grace below 5 s", { skip }, async () => {
	await using fixture = await Fixture.open();
	const [long, short] = await Promise.all([
		fixture.startReady(DEAF, { stopping: { ...TERM, graceMs: 5_000 } }),
		fixture.startReady(DEAF, { stopping: { ...TERM, graceMs: 200 } }),
	]);
	const elapsedMs = timed();
	const longStop = fixture.platform.stop(long.handle, { ...TERM, graceMs: 5_000 });
	assert.deepEqual(await fixture.platform.stop(short.handle, { ...TERM, graceMs: 200 }), { kind: "ended" });
	assert.ok(elapsedMs() >= 190, `${elapsedMs()} ms`);
	// systemd's own time for a stop is 5 s: only a machine that stood still for so long lets that be up.
	if (elapsedMs() < 5_000) assert.equal((await recordOf(short)).result, "signal");
	assert.deepEqual(await longStop, { kind: "ended" });
	assert.ok(elapsedMs() >= 4_900, `${elapsedMs()} ms`);
	assert.equal((await recordOf(long)).result, "timeout", "of the stop, which the core knows of");
});

test("a grace longer than planned is not cut short by systemd", { skip }, async () => {
	await using fixture = await Fixture.open();
	const slow = "trap 'sleep 6; exit 5' TERM; ready; while :; do sleep 0.05; done";
	const run = await fixture.startReady(slow, { stopping: { ...TERM, graceMs: 100 } });
	assert.deepEqual(await fixture.platform.stop(run.handle, { ...TERM, graceMs: 30_000 }), { kind: "ended" });
	assert.deepEqual((await recordOf(run)).status, { code: 5 });
});

test("without a grace only SIGKILL is sent", { skip }, async () => {
	await using fixture = await Fixture.open();
	const polite = "trap 'echo polite >\"$run/said\"; exit 0' TERM; ready; while :; do sleep 0.05; done";
	const [planned, asked] = await Promise.all([
		fixture.startReady(polite, { stopping: { ...TERM, graceMs: 0 } }),
		fixture.startReady(polite),
	]);
	for (const run of [planned, asked]) {
		await fixture.platform.stop(run.handle, { ...TERM, graceMs: 0 });
		assert.deepEqual((await recordOf(run)).status, { signal: "SIGKILL" });
		assert.equal(said(run), "ready");
	}
});

test("a stop signal other than the planned one, and SIGHUP, reach every process", { skip }, async () => {
	await using fixture = await Fixture.open();
	const child = "cd \"$run\"; trap 'echo >USR1' USR1; trap 'echo >HUP' HUP; echo >child; while :; do sleep 0.02; done";
	const main = "trap 'until [ -e USR1 ] && [ -e HUP ]; do sleep 0.02; done; exit 6' USR1; trap '' HUP";
	const run = await fixture.startReady(
		`cd "$run"; (${child}) & ${main}; until [ -e child ]; do sleep 0.02; done; ready; while :; do sleep 0.02; done`,
	);
	assert.deepEqual(await fixture.platform.stop(run.handle, { signal: "SIGUSR1", graceMs: 10_000, hangUp: true }), { kind: "ended" });
	assert.deepEqual((await recordOf(run)).status, { code: 6 });
});

test("children that left the process group and the session are stopped too", { skip }, async () => {
	await using fixture = await Fixture.open();
	const run = await fixture.startReady(
		'setsid sh -c \'trap "" TERM HUP; echo $$ >"$1/child"; while :; do sleep 0.1; done\' sh "$run" & until [ -s "$run/child" ]; do sleep 0.01; done; ready; wait',
	);
	const child = Number(said(run, "child"));
	assert.equal(isRunning(child), true);
	const { processes } = await fixture.platform.usage(run.handle);
	assert.ok(processes.some(({ pid, command, escaped }) => pid === child && command.includes("trap") && !escaped));
	assert.deepEqual(await fixture.platform.stop(run.handle, { ...TERM, graceMs: 200 }), { kind: "ended" });
	assert.equal(isRunning(child), false);
});

test("what moved to a scope of its own is stopped too, and what another run moved there is not", { skip }, async () => {
	await using fixture = await Fixture.open();
	const variables = ["PATH", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"].map((name) => `${name}='${process.env[name] ?? ""}'`);
	const inScope = (name: string, trap: string, mark = "") =>
		`${mark} systemd-run --user --scope -q sh -c 'trap "${trap}" TERM; echo $$ >"$1/${name}"; while :; do sleep 0.02; done' sh "$run" &`;
	const names = ["polite", "stubborn", "another"];
	const run = await fixture.startReady(
		`export ${variables.join(" ")}
		${inScope("polite", 'echo heard >\\"\\$1/heard\\"; exit')}
		${inScope("stubborn", "")}
		${inScope("another", "", "CHORE_RUN_ID=2.$CHORE_JOB_ID")}
		for name in ${names.join(" ")}; do until [ -s "$run/$name" ]; do sleep 0.01; done; done; ready; wait`,
	);
	const [polite, stubborn, another] = names.map((name) => Number(said(run, name))) as [number, number, number];
	try {
		const { processes } = await fixture.platform.usage(run.handle);
		const seen = [polite, stubborn, another].map((wanted) => processes.find(({ pid }) => pid === wanted)?.escaped);
		assert.deepEqual(seen, [true, true, undefined]);
		assert.equal(await fixture.platform.kill(run.handle, "SIGSTOP", "all"), true);
		await eventually("all are signalled", () => [polite, stubborn].every(isStopped) && !isStopped(another));
		assert.deepEqual(await fixture.platform.stop(run.handle, { ...TERM, graceMs: 500 }), { kind: "ended" });
		assert.deepEqual([polite, stubborn, another].map(isRunning), [false, false, true]);
		assert.equal(said(run, "heard"), "heard");
	} finally {
		kill(another, "SIGKILL");
	}
});

test("a child that outlives the main process keeps the run stopping and does not change how it ended", { skip }, async () => {
	await using fixture = await Fixture.open();
	const child = `sh -c 'trap "" TERM; echo $$ >"$0/child"; exec sleep 1000' "$run"`;
	const script = `${child} & until [ -s "$run/child" ]; do sleep 0.01; done; ready; exit 0`;
	const [patient, impatient] = await Promise.all([
		fixture.startReady(script, { stopping: { ...TERM, graceMs: 3_600_000 } }),
		fixture.startReady(script, { stopping: { ...TERM, graceMs: 5_000 } }),
	]);
	await fixture.is(patient, "stopping");
	assert.equal(hasRecord(patient), false);
	kill(Number(said(patient, "child")), "SIGKILL");
	assert.deepEqual((await recordOf(patient)).status, { code: 0 });
	const record = await recordOf(impatient);
	assert.deepEqual([record.status, record.result], [{ code: 0 }, "timeout"]);
});

test("the time limit ends a run, and its unit keeps the end until forget", { skip }, async () => {
	await using fixture = await Fixture.open();
	const limits = { timeoutMs: 300, memoryBytes: null, cpus: null, tasks: null };
	const earliestMs = Date.now();
	const [plain, trapping] = await Promise.all([
		fixture.start("exec sleep 1000", { limits }),
		// Three seconds, to set a trap in.
		fixture.start("trap 'exit 0' TERM; while :; do sleep 0.05; done", { limits: { ...limits, timeoutMs: 3_000 } }),
	]);
	assert.deepEqual([(await recordOf(plain)).result, (await recordOf(plain)).status], ["timeout", { signal: "SIGTERM" }]);
	assert.deepEqual([(await recordOf(trapping)).result, (await recordOf(trapping)).status], ["timeout", { code: 0 }]);
	const ended = await fixture.is(plain, "ended");
	assert.ok(ended.kind === "ended" && ended.end.result === "timeout" && ended.end.endedAtMs !== null);
	assert.ok(ended.end.endedAtMs >= earliestMs && ended.end.endedAtMs <= Date.now(), new Date(ended.end.endedAtMs).toISOString());
	await fixture.platform.forget(plain.handle);
	await fixture.is(plain, "absent");
});

test("forget does nothing to a run that has not ended", { skip }, async () => {
	await using fixture = await Fixture.open();
	const run = await fixture.startReady("ready; exec sleep 1000");
	await fixture.platform.forget(run.handle);
	assert.equal((await fixture.observe(run)).kind, "running");
});

test("kill signals the main process or all, and resolves false when there is none", { skip }, async () => {
	await using fixture = await Fixture.open();
	const child = 'trap \'echo USR1 >"$run/child"\' USR1; echo ready >"$run/child"; while :; do sleep 0.02; done';
	const run = await fixture.startReady(
		`(${child}) & trap 'echo USR1 >"$run/said"' USR1; trap 'exit 8' RTMIN+3; until [ -s "$run/child" ]; do sleep 0.01; done; ready; while :; do sleep 0.02; done`,
	);
	assert.equal(await fixture.platform.kill(run.handle, "SIGUSR1", "main"), true);
	await eventually("the main process heard the signal", () => said(run), "USR1");
	assert.equal(said(run, "child"), "ready");
	assert.equal(await fixture.platform.kill(run.handle, "SIGUSR1", "all"), true);
	await eventually("the child heard the signal", () => said(run, "child"), "USR1");
	assert.equal(await fixture.platform.kill(run.handle, "SIGRTMIN+4", "main"), true);
	assert.deepEqual((await recordOf(run)).status, { signal: "SIGRTMIN+4" });
	await fixture.is(run, "ended");
	assert.equal(await fixture.platform.kill(run.handle, "SIGKILL", "all"), false);
	await assert.rejects(fixture.platform.kill(run.handle, "SIGNONE", "all"), /no signal SIGNONE/);
});

test("100 stops at once all resolve", { skip }, async () => {
	await using fixture = await Fixture.open();
	const runs = await Promise.all(Array.from({ length: 100 }, () => fixture.start("exec sleep 1000")));
	const outcomes = await Promise.all(runs.map(({ handle }) => fixture.platform.stop(handle, TERM)));
	assert.deepEqual(new Set(outcomes.map(({ kind }) => kind)), new Set(["ended"]));
	for (const run of runs) assert.equal(hasRecord(run), true);
});

test("a handle does not act on a later run with the same unit name", { skip }, async () => {
	await using fixture = await Fixture.open();
	const unitName = `chore-test-again-${process.pid}`;
	const old = await fixture.start("exit 0", { native: { unit: unitName } });
	await recordOf(old);
	await fixture.is(old, "absent");
	const young = await fixture.startReady("ready; exec sleep 1000", { native: { unit: unitName } });
	assert.deepEqual(await fixture.platform.inspect([old.handle, young.handle]), [{ kind: "absent" }, { kind: "running", paused: false }]);
	assert.deepEqual(await fixture.platform.stop(old.handle, { ...TERM, graceMs: 0 }), { kind: "ended" });
	assert.equal(await fixture.platform.kill(old.handle, "SIGKILL", "all"), false);
	await fixture.platform.forget(old.handle);
	assert.deepEqual((await fixture.platform.usage(old.handle)).processes, []);
	assert.equal((await fixture.observe(young)).kind, "running");

	await fixture.platform.kill(young.handle, "SIGKILL", "main");
	await fixture.is(young, "ended");
	await fixture.platform.forget(old.handle);
	assert.equal((await fixture.observe(young)).kind, "ended", "nor is the failed unit of the other forgotten");
});
