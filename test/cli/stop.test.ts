/** Ending jobs, signalling them, and forgetting them. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { assertNoBug, Cli, errorIn, PATIENCE } from "../support/cli.ts";
import { above, eventually, isEmpty } from "../support/eventually.ts";

test("stop tells how each job ended, and leaves no process of it", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.begin("-n", "plain", "-c", "sleep 301 & sleep 302 & wait");
	await cli.begin("-n", "polite", "-c", "trap 'exit 4' TERM; echo ready; while :; do sleep 0.02; done");
	await cli.begin("-n", "stubborn", "-c", "trap '' TERM; echo ready; while :; do sleep 0.02; done");
	for (const name of ["polite", "stubborn"]) await eventually(`${name} is ready`, async () => (await cli.job(name)).output.bytes, above(0));
	const { status, stdout, stderr } = await cli.chore("stop", "--grace", "3s", "plain", "polite", "stubborn");
	assert.deepEqual([status, stderr], [0, ""]);
	assert.match(
		stdout,
		/^plain \(.{8}\) stopped by SIGTERM after .*\npolite \(.{8}\) stopped with exit code 4 after .*\nstubborn \(.{8}\) stopped by SIGKILL after .*\n$/,
	);
	await eventually("nothing is left", () => cli.processes(), isEmpty);
});

test("stop --all ends every active job of the session, and is content with none", PATIENCE, async () => {
	await using cli = new Cli();
	for (let number = 0; number < 5; number++) await cli.begin("sleep", "60");
	const other = (await cli.chore("--session", "other", "run", "sleep", "60")).stdout.trim();
	const others = () => cli.list("--session", "other");
	await eventually("the other runs", async () => (await others())[0]?.state, "running");
	await cli.begin("-n", "ended", "true");
	await cli.chore("wait", "ended");
	const jobs = await cli.json<readonly { state: string }[]>("stop", "--all");
	assert.deepEqual(
		jobs.map(({ state }) => state),
		Array(5).fill("stopped"),
	);
	assert.deepEqual(await cli.json("stop", "--all"), []);
	assert.deepEqual(
		(await others()).map(({ id, state }) => [id, state]),
		[[other, "running"]],
	);
});

test("TERM that came not by stop is a failure by signal; by stop it is stopped", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.begun("-n", "web", "sleep", "60");
	assert.equal((await cli.chore("kill", "web")).status, 0);
	assert.equal((await cli.chore("wait", "web")).status, 143);
	const job = await cli.job("web");
	assert.deepEqual([job.state, job.result, job.signal], ["failed", "signal", "SIGTERM"]);
});

test("kill takes signals by name and number, for all processes or the main one", PATIENCE, async () => {
	await using cli = new Cli();
	for (const [signal, code] of [
		["USR1", 1],
		["SIGUSR1", 1],
		["usr1", 1],
		["10", 1],
		["KILL", 137],
		["9", 137],
	] as const) {
		const id = await cli.begin("-c", "trap 'exit 1' USR1; echo ready; while :; do sleep 0.02; done");
		await eventually("it is ready", async () => (await cli.job(id)).output.bytes, above(0));
		assert.equal((await cli.chore("kill", "--main", "-s", signal, id)).status, 0);
		assert.equal((await cli.chore("wait", id)).status, code, signal);
	}
});

test("rm forgets ended jobs with their output, refuses active ones, and stops them with -f", PATIENCE, async () => {
	await using cli = new Cli();
	const ended = await cli.begin("-n", "ended", "-c", "echo output");
	const { id: active } = await cli.begun("-n", "active", "sleep", "60");
	await cli.chore("wait", "ended");
	const refused = await cli.chore("rm", "active", "ended");
	assert.equal(refused.status, 1);
	assert.match(refused.stderr, /^chore: active \(.{8}\) is not over: running\nhint: stop it first, or: chore rm -f .{8}\n$/);
	assert.match(refused.stdout, /^forgot ended \(.{8}\) succeeded after .*\n$/);
	assert.equal(errorIn(await cli.chore("--json", "rm", "active")).code, "JOB_ACTIVE");
	assert.ok(!existsSync(cli.jobFolder(ended)));
	assert.equal((await cli.chore("logs", ended)).status, 4);
	const forced = await cli.chore("rm", "-f", "--grace", "0", "active");
	assert.deepEqual([forced.status, forced.stderr], [0, ""]);
	assert.match(forced.stdout, /^forgot active \(.{8}\) stopped by SIG(KILL|TERM)/);
	assert.ok(!existsSync(cli.jobFolder(active)));
	assert.deepEqual([await cli.list(), readdirSync(`${cli.state}/default/active`), readdirSync(`${cli.state}/default/trash`)], [[], [], []]);
	await eventually("nothing is left", () => cli.processes(), isEmpty);
});

test("a job that is removed while it is waited for or followed ends the wait with a clear word", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.begin("-n", "web", "-c", "echo ready; exec sleep 60");
	const waiting = cli.start(["wait", "web"]);
	const following = cli.start(["logs", "-f", "web"]);
	await eventually("it is followed", () => following.stdout(), "ready\n");
	assert.equal((await cli.chore("rm", "-f", "web")).status, 0);
	for (const running of [waiting, following]) {
		const outcome = await running.ended;
		assertNoBug(outcome);
		// It was stopped first: who looks in between sees that, who comes later sees that it is gone.
		assert.ok(outcome.status === 143 || outcome.status === 125, `${outcome.status} ${outcome.stderr}`);
		assert.match(outcome.stderr, /web \(.{8}\) stopped by SIGTERM|was removed|there is no job/);
	}
});

test("stop ends what lives on where the watching process was killed", PATIENCE, async () => {
	await using cli = new Cli();
	const id = await cli.begin("-n", "web", "-c", "echo ready; while :; do sleep 0.05; done");
	await eventually("it is ready", async () => (await cli.job(id)).output.bytes, above(0));
	await cli.shell(`kill -9 "$(cat '${cli.runFolder(id)}/pid')"`);
	const orphan = await eventually("it is seen", async () => {
		const job = await cli.job(id);
		return job.reason !== null && job;
	});
	assert.deepEqual(
		[orphan.state, orphan.reason],
		["running", "whatever watched it is gone: it runs on, but how it ends will not be known"],
	);
	const stopped = await cli.chore("stop", id);
	assertNoBug(stopped);
	assert.match(stopped.stdout, /^web \(.{8}\) lost: it was stopped, but nobody recorded how it ended/);
	await eventually("nothing is left", () => cli.processes(), isEmpty);
});
