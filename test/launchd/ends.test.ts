/** However a job ends under launchd: it gets its signal once and its grace, the record is true, and nothing is left. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Job } from "../../src/core/job.ts";
import { begun } from "../support/begun.ts";
import { eventually, isRunning, kill } from "../support/eventually.ts";
import { keepers, noLabels, on, onEachShell, outputOf, ready, targetOf } from "./support.ts";

/** Longer than any test: what is waited for here must not come. */
const NEVER_MS = 600_000;

/** Says each TERM that it hears, and goes on. */
const COUNTS = "trap 'echo heard' TERM; echo ready; while :; do sleep 0.05; done";

const facts = ({ state, result, exitCode, signal }: Job): unknown => [state, result, exitCode ?? signal];
const heard = (job: Job): number =>
	outputOf(job)
		.split("\n")
		.filter((line) => line === "heard").length;

onEachShell("a job that is booted out gets TERM once and has the result session-ended", async (stage) => {
	const { home, simulator } = stage;
	const plain = await ready(stage, "echo ready; exec sleep 600");
	const polite = await ready(stage, "trap 'echo heard; sleep 0.3; exit 5' TERM; echo ready; while :; do sleep 0.05; done");
	const hears = "echo $$; trap 'echo heard; exit' TERM; echo ready; while :; do sleep 0.05; done";
	const away = await ready(stage, `setsid sh -c "${hears.replaceAll("$", () => "\\$")}" & wait`);
	const paused = await ready(stage, "echo ready; exec sleep 600");
	await home.chore.pause(paused.id);
	for (const job of [plain, polite, away, paused]) assert.equal((await simulator.call("bootout", targetOf(job))).code, 0);
	assert.deepEqual(facts(await home.chore.wait(plain.id)), ["failed", "session-ended", "SIGTERM"]);
	const end = await home.chore.wait(polite.id);
	assert.deepEqual([facts(end), heard(end)], [["failed", "session-ended", 5], 1]);
	assert.deepEqual(facts(await home.chore.wait(away.id)), ["failed", "session-ended", "SIGTERM"]);
	assert.deepEqual(facts(await home.chore.wait(paused.id)), ["failed", "session-ended", "SIGTERM"]);
	await noLabels(stage);
	assert.equal(heard(away), 1);
	await eventually("what left the group is gone", () => !isRunning(Number(outputOf(away).split("\n")[0])));
});

onEachShell("a job that ignores TERM is killed after its grace when it is booted out", async (stage) => {
	const { home, simulator } = stage;
	const job = await ready(stage, "trap '' TERM; echo ready; while :; do sleep 0.05; done", { graceMs: 300 });
	await simulator.call("bootout", targetOf(job));
	assert.deepEqual(facts(await home.chore.wait(job.id)), ["failed", "session-ended", "SIGKILL"]);
	await noLabels(stage);
});

onEachShell("a job that exits with 0 at TERM has succeeded; no attempt follows", async (stage) => {
	const { home, simulator } = stage;
	const restart = { policy: "always", delayMs: 0 } as const;
	const job = await ready(stage, "trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done", { restart });
	await simulator.call("bootout", targetOf(job));
	assert.deepEqual(facts(await home.chore.wait(job.id)), ["succeeded", "success", 0]);
	assert.equal(outputOf(job).split("ready").length, 2);
	await noLabels(stage);
});

onEachShell("a stop or a signal to all arrives once and is not an end of the session", async (stage) => {
	const { home, simulator } = stage;
	const job = await ready(stage, COUNTS);
	for (const times of [1, 2, 3]) {
		await home.chore.kill(job.id, { signal: "SIGTERM", whom: "all" });
		await eventually("it heard the signal", () => heard(job), times);
	}
	kill(-((await home.chore.get(job.id)).pid ?? Number.NaN), "SIGTERM");
	await eventually("it heard the signal of another program", () => heard(job), 4);
	assert.equal((await home.chore.get(job.id)).state, "running");
	const end = await home.chore.stop(job.id, { graceMs: 500 });
	assert.deepEqual([facts(end), heard(end)], [["stopped", "stopped", "SIGKILL"], 5]);
	await noLabels(stage);
	assert.equal((await simulator.call("print", targetOf(job))).code, 113);
});

onEachShell("signals that end a shell end neither the waiter nor the shim of a job", async (stage) => {
	const { home } = stage;
	const job = await ready(stage, "trap 'echo heard' HUP INT QUIT USR1 USR2 ALRM; echo ready; while :; do sleep 0.05; done");
	const { shim, waiter } = keepers(stage, job);
	const main = (await home.chore.get(job.id)).pid ?? Number.NaN;
	let times = 0;
	for (const signal of ["SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM"] as const) {
		kill(-main, signal);
		kill(-shim, signal);
		kill(waiter, signal);
		times += 1;
		await eventually(`it heard ${signal}`, () => heard(job), times);
	}
	assert.deepEqual([isRunning(shim), isRunning(waiter)], [true, true]);
	assert.deepEqual(facts(await home.chore.stop(job.id)), ["stopped", "stopped", "SIGTERM"]);
	await noLabels(stage);
});

onEachShell("the end of the session between two attempts ends the job", async (stage) => {
	const { home, simulator } = stage;
	const job = await ready(stage, "echo ready; exit 4", { restart: { policy: "on-failure", delayMs: NEVER_MS } });
	const { shim } = keepers(stage, job);
	await eventually("its shim has cleared up, and sleeps", () => {
		const children = readFileSync(`/proc/${shim}/task/${shim}/children`, "utf8").trim().split(" ").filter(Boolean);
		return children.some((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("600.000"));
	});
	await simulator.call("bootout", targetOf(job));
	const end = await home.chore.wait(job.id);
	assert.deepEqual([end.state, end.exitCode, end.attempt], ["failed", 4, 1]);
	assert.equal(outputOf(job), "ready\n");
	await noLabels(stage);
});

onEachShell("a job whose waiter is killed goes on, and its end is recorded", async (stage) => {
	const { home, simulator } = stage;
	const job = await ready(stage, `echo ready; while [ ! -e go ]; do sleep 0.05; done; exit 6`);
	kill(keepers(stage, job).waiter, "SIGKILL");
	await eventually("launchd knows", async () => /Killed: 9/.test((await simulator.call("print", targetOf(job))).out));
	assert.equal((await home.chore.get(job.id)).state, "running");
	const go = await home.chore.run({ command: ["touch", "go"], directory: home.path });
	await home.chore.wait(go.id);
	assert.deepEqual(facts(await home.chore.wait(job.id)), ["failed", "exit-code", 6]);
	await noLabels(stage);
});

onEachShell("a job whose waiter is killed can be stopped, also when its pid is another process's by now", async (stage) => {
	const { home } = stage;
	const job = await ready(stage, "echo ready; exec sleep 600");
	kill(keepers(stage, job).waiter, "SIGKILL");
	writeFileSync(`${home.path}/default/jobs/${job.id}/runs/1/waiter`, `${process.pid}\n`);
	assert.deepEqual(facts(await home.chore.stop(job.id)), ["stopped", "stopped", "SIGTERM"]);
	await noLabels(stage);
});

onEachShell("a job whose service is started again goes on, once, and its end is recorded", async (stage) => {
	const { home, simulator } = stage;
	const job = await ready(stage, `echo ready; while [ ! -e go ]; do sleep 0.05; done; exit 6`);
	assert.equal((await simulator.call("kickstart", "-k", targetOf(job))).code, 0);
	await noLabels(stage);
	assert.equal((await home.chore.get(job.id)).state, "running");
	writeFileSync(`${home.path}/go`, "");
	assert.deepEqual(facts(await home.chore.wait(job.id)), ["failed", "exit-code", 6]);
	assert.equal(outputOf(job), "ready\n");
});

onEachShell("a job whose shim is killed goes on unsupervised, can be stopped, and never counts as a success", async (stage) => {
	const { home } = stage;
	const job = await ready(stage, "echo ready; exec sleep 600");
	const pid = (await home.chore.get(job.id)).pid ?? 0;
	kill(keepers(stage, job).shim, "SIGKILL");
	await noLabels(stage);
	assert.ok(isRunning(pid));
	const shown = await home.chore.get(job.id);
	assert.deepEqual([shown.state, shown.endedAt], ["running", null]);
	const end = await home.chore.stop(job.id);
	assert.ok(!isRunning(pid));
	assert.ok(["stopped", "lost"].includes(end.state), JSON.stringify(end));
});

onEachShell("a job that is booted out at any moment of its start leaves nothing", async (stage) => {
	const { home, simulator } = stage;
	const jobs: Job[] = [];
	for (let index = 0; index < 12; index++) {
		const job = await home.chore.run({ command: ["sleep", "600"] });
		await delay(index * 2); // not a wait: it spreads the blows over what the two shells do one after the other
		await simulator.call("bootout", targetOf(job));
		jobs.push(job);
	}
	for (const { id } of jobs) {
		const end = await home.chore.wait(id);
		assert.deepEqual([end.state, end.result], ["failed", "session-ended"], JSON.stringify(end));
	}
	await noLabels(stage);
});

onEachShell("at logout a job gets TERM and its grace, and its end is known afterwards", async (stage) => {
	const { home, simulator } = stage;
	const job = await ready(stage, "trap 'echo heard; sleep 0.3; exit 3' TERM; echo ready; while :; do sleep 0.05; done");
	await simulator.logout();
	const end = await home.chore.wait(job.id);
	assert.deepEqual([facts(end), heard(end)], [["failed", "session-ended", 3], 1]);
	assert.deepEqual(await home.chore.capabilities(), await home.open().capabilities());
	// Without a graphical session jobs go to the other domain, and stay there.
	const later = await home.open().run({ command: ["sleep", "600"] });
	await begun(() => home.chore.get(later.id));
	assert.deepEqual(await simulator.labels(), [`dev.chore.job.${later.id}.1`]);
	await simulator.login();
	await simulator.logout();
	assert.equal((await home.chore.get(later.id)).state, "running");
	await home.chore.stop(later.id);
	await noLabels(stage);
});

on("a job that runs when the power fails is lost", {}, async (stage) => {
	const { home, simulator } = stage;
	const job = await ready(stage, "echo ready; exec sleep 600");
	const pid = (await home.chore.get(job.id)).pid ?? 0;
	await simulator.reboot();
	await eventually("it is gone", () => !isRunning(pid));
	assert.equal((await home.chore.wait(job.id)).state, "lost");
	await noLabels(stage);
});
