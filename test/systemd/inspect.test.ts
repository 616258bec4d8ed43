import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import type { Observation, Stopping } from "../../platform/contract.ts";
import { eventually, isRunning } from "../support/eventually.ts";
import { crashManager, userManager } from "../support/user-manager.ts";
import { Fixture, hasRecord, type Prepared, recordOf, said } from "./support.ts";

const { skip, skipHarm } = userManager(import.meta);

const TERM: Stopping = { signal: "SIGTERM", graceMs: 10_000, hangUp: false };
const UNTIL_GO = 'ready; until [ -e "$run/go" ]; do sleep 0.01; done';

function go({ run }: Prepared): void {
	writeFileSync(`${run.runFolder}/go`, "");
}

function systemctl(...words: readonly string[]): string {
	return execFileSync("systemctl", ["--user", ...words], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
}

function pidsOf(observation: Observation): readonly number[] {
	assert.equal(observation.kind, "unsupervised");
	return observation.kind === "unsupervised" ? observation.pids : [];
}

test("observations are in the order of the handles, also for a handle that cannot be read", { skip }, async () => {
	await using fixture = await Fixture.open();
	const never = fixture.prepare("exit 0");
	const running = await fixture.startReady("ready; exec sleep 1000");
	const failed = await fixture.start("kill -ABRT $$");
	await fixture.is(failed, "ended");
	const newer = { ...running.handle, version: 99 };
	const [absent, alive, ended, unreadable] = await fixture.platform.inspect([never.handle, running.handle, failed.handle, newer]);
	assert.deepEqual([absent, alive], [{ kind: "absent" }, { kind: "running", paused: false }]);
	assert.ok(ended?.kind === "ended");
	assert.deepEqual([ended.end.status, ended.end.result], [{ signal: "SIGABRT" }, "signal"]);
	assert.ok(unreadable?.kind === "unreachable" && /version 99/.test(unreadable.reason));
	assert.deepEqual(await fixture.platform.inspect([]), []);
});

test("when the hook is killed, the end is read from the unit", { skip }, async () => {
	await using fixture = await Fixture.open();
	// In the place of the record a FIFO without a reader of its own: the hook waits in it.
	const run = await fixture.startReady(UNTIL_GO.replace("ready;", 'rm "$run/started"; mkfifo "$run/started"; ready;').concat("; exit 203"));
	const unit = String(run.handle.data["unit"]);
	go(run);
	await eventually("its end is being recorded", () => systemctl("show", "--value", "-p", "SubState", unit), "stop-post");
	assert.equal((await fixture.observe(run)).kind, "stopping");
	assert.equal(await fixture.platform.kill(run.handle, "SIGTERM", "all"), false, "the hook is no process of the job");
	execFileSync("kill", ["-KILL", systemctl("show", "--value", "-p", "ControlPID", unit)]);
	writeFileSync(`${run.run.runFolder}/go`, "");
	execFileSync("rm", [`${run.run.runFolder}/started`]);
	writeFileSync(`${run.run.runFolder}/started`, "started");
	const ended = await fixture.is(run, "ended");
	assert.ok(ended.kind === "ended");
	assert.deepEqual([ended.end.status, ended.end.result], [{ code: 203 }, "exit-code"]);
	assert.equal(hasRecord(run), false);
	await fixture.platform.forget(run.handle);
	await fixture.is(run, "absent");
});

for (const verb of ["daemon-reload", "daemon-reexec"] as const) {
	const reason = verb === "daemon-reexec" ? skipHarm : skip;
	test(`${verb} changes nothing for running jobs, whatever their paths`, { skip: reason }, async () => {
		await using fixture = await Fixture.open();
		const ending = await fixture.startReady(`${UNTIL_GO}; exit 7`);
		const killed = await fixture.startReady("ready; exec sleep 1000");
		const stopped = await fixture.startReady("ready; exec sleep 1000");
		for (let round = 0; round < 2; round++) systemctl(verb);
		await eventually("the manager is back", async () => (await fixture.observe(ending)).kind, "running");
		const started = await fixture.start("exit 5");
		go(ending);
		assert.deepEqual((await recordOf(ending)).status, { code: 7 });
		assert.deepEqual((await recordOf(started)).status, { code: 5 });
		assert.deepEqual(await fixture.platform.stop(stopped.handle, TERM), { kind: "ended" });
		assert.deepEqual((await recordOf(stopped)).status, { signal: "SIGTERM" });
		assert.equal(await fixture.platform.kill(killed.handle, "SIGKILL", "main"), true);
		assert.deepEqual((await recordOf(killed)).status, { signal: "SIGKILL" });
		for (const run of [ending, started, stopped]) await fixture.is(run, "absent");
	});
}

test("after a crash of the manager a job is found by its cgroup, and can be signalled and stopped", { skip: skipHarm }, async () => {
	await using fixture = await Fixture.open();
	const unitName = `chore-test-crash-${process.pid}`;
	const child = `trap "" TERM USR1; echo $$ >child; while :; do sleep 0.02; done`;
	const main = `setsid sh ./child.sh & until [ -s child ]; do sleep 0.01; done; echo $$ >main
		trap "echo USR1 >said" USR1; echo ready >said; while :; do sleep 0.02; done`;
	const run = fixture.prepare('cd "$1"; exec sh ./main.sh', { native: { unit: unitName } });
	writeFileSync(`${run.run.runFolder}/main.sh`, main);
	writeFileSync(`${run.run.runFolder}/child.sh`, child);
	await fixture.platform.start(run.run, run.handle);
	await eventually("it is ready", () => said(run), "ready");
	const other = await fixture.startReady("ready; exec env -i sleep 1000");
	const [eldest, orphan] = [Number(said(run, "main")), Number(said(run, "child"))];
	await crashManager();
	const found = pidsOf(await fixture.is(run, "unsupervised"));
	assert.ok(found.includes(eldest) && found.includes(orphan), `${found} has ${eldest} and ${orphan}`);
	assert.equal(pidsOf(await fixture.is(other, "unsupervised")).length, 1, "even without the variable");

	await fixture.platform.kill(run.handle, "SIGUSR1", "main");
	await eventually("it heard the signal", () => said(run), "USR1");

	// The name is used again: the two runs now share a cgroup.
	const young = await fixture.startReady("ready; exec sleep 1000", { native: { unit: unitName } });
	assert.equal((await fixture.observe(young)).kind, "running");
	assert.ok(pidsOf(await fixture.observe(run)).includes(eldest));

	assert.deepEqual(await fixture.platform.stop(run.handle, { ...TERM, graceMs: 200 }), { kind: "ended" });
	assert.equal(isRunning(eldest) || isRunning(orphan), false);
	assert.equal((await fixture.observe(run)).kind, "absent");
	assert.equal((await fixture.observe(young)).kind, "running");
	assert.equal(hasRecord(run), false);
});

test("a process with a job's mark in another cgroup does not belong to the job", { skip }, async () => {
	await using fixture = await Fixture.open();
	const run = await fixture.start("exit 0");
	await recordOf(run);
	await fixture.is(run, "absent");
	const impostor = spawn("sleep", ["1000"], {
		env: { ...process.env, CHORE_JOB_ID: run.run.jobId, CHORE_RUN_ID: `1.${run.run.jobId}` },
		stdio: "ignore",
	});
	try {
		assert.equal((await fixture.observe(run)).kind, "absent");
		await fixture.platform.stop(run.handle, { ...TERM, graceMs: 0 });
		assert.equal(isRunning(Number(impostor.pid)), true);
	} finally {
		impostor.kill("SIGKILL");
	}
});

test("usage gives the processes and CPU time of the whole job, and nothing for an ended one", { skip }, async () => {
	await using fixture = await Fixture.open();
	const run = await fixture.startReady("sleep 1000 & ready; n=0; while [ $n -lt 20000 ]; do n=$((n + 1)); done; wait");
	const usage = await eventually(
		"the child is seen",
		() => fixture.platform.usage(run.handle),
		({ processes }) => processes.some(({ command }) => command === "sleep 1000"),
	);
	const main = usage.processes.find(({ command }) => command.includes("/start"));
	const sleeper = usage.processes.find(({ command }) => command === "sleep 1000");
	assert.ok(main !== undefined && sleeper?.parentPid === main.pid);
	assert.ok(usage.cpuTimeMs !== null && usage.cpuTimeMs >= 0);
	await fixture.platform.stop(run.handle, { ...TERM, graceMs: 0 });
	await fixture.platform.forget(run.handle);
	assert.deepEqual((await fixture.platform.usage(run.handle)).processes, []);
});

test("describe gives version and lingering, and capabilities lack what is not delegated", { skip }, async () => {
	await using fixture = await Fixture.open();
	const facts = new Map((await fixture.platform.describe()).facts.map(({ name, value }) => [name, value]));
	assert.match(facts.get("systemd") ?? "", /^[0-9]{3}/);
	const fate = await fixture.platform.logout();
	assert.equal(fate.survives, facts.get("lingering") === "on");
	assert.equal(fate.survives || /linger/.test(fate.cure), true);
	const controllers = facts.get("controllers")?.split(" ") ?? [];
	const { memoryLimit, cpuLimit, taskLimit } = fixture.platform.capabilities;
	assert.deepEqual(
		[memoryLimit, cpuLimit, taskLimit],
		["memory", "cpu", "pids"].map((name) => controllers.includes(name)),
	);
});

test("a job over its memory limit ends as oom-kill, with its peak memory", { skip }, async (context) => {
	await using fixture = await Fixture.open();
	if (!fixture.platform.capabilities.memoryLimit) return context.skip("the memory controller is not delegated to this user manager");
	const limits = { timeoutMs: null, memoryBytes: 32 * 1024 * 1024, cpus: null, tasks: null };
	const run = await fixture.start("exec /usr/bin/env tail /dev/zero", { limits });
	const record = await recordOf(run);
	assert.deepEqual([record.status, record.result], [{ signal: "SIGKILL" }, "oom-kill"]);
	assert.ok(record.memoryPeakBytes !== null && record.memoryPeakBytes > 16 * 1024 * 1024);
});

test("the hook writes one whole line into the file that was made before the start", { skip }, async () => {
	await using fixture = await Fixture.open();
	const run = await fixture.start("exit 1");
	await recordOf(run);
	const text = readFileSync(`${run.run.runFolder}/exit`, "utf8");
	assert.equal(Buffer.byteLength(text), 512);
	assert.match(text, /^chore-exit 1 [^\n]* \.\n *$/);
	assert.equal(existsSync(`${run.run.runFolder}/said`), false);
});
