/** The job's own code comes back; what is chore's own is told apart from it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { assertNoBug, Cli, errorIn, PATIENCE } from "../support/cli.ts";
import { eventually, kill } from "../support/eventually.ts";

/** A line of shell, and the exit status that stands for its end. */
const ENDS: readonly (readonly [line: string, status: number, ...options: string[]])[] = [
	["exit 0", 0],
	["exit 7", 7],
	["exit 255", 255],
	["kill -TERM $$", 143],
	["kill -KILL $$", 137],
	["kill -HUP $$", 129],
	["kill -INT $$", 130],
	["sleep 60", 124, "--timeout", "200ms"],
	// Two seconds, for a shell to set its trap in, on any machine.
	["trap 'exit 0' TERM; sleep 60 & wait", 124, "--timeout", "2s"],
];

test("run --wait, -f and -P, wait, and logs -f exit with the job's code", PATIENCE, async () => {
	await using cli = new Cli();
	const check = async ([line, status, ...options]: (typeof ENDS)[number]): Promise<void> => {
		for (const stays of ["--wait", "-f", "--follow", "-P"]) {
			const outcome = await cli.chore("run", stays, ...options, "-c", line);
			assertNoBug(outcome);
			assert.deepEqual([outcome.status, outcome.stdout], [status, ""], `${stays} ${line}: ${outcome.stderr}`);
		}
		const id = await cli.begin(...options, "-c", line);
		for (const words of [["wait"], ["logs", "-f"], ["wait"]]) {
			const outcome = await cli.chore(...words, id);
			assert.deepEqual([outcome.status, outcome.stdout], [status, ""], `${words} ${line}: ${outcome.stderr}`);
		}
		assert.equal((await cli.chore("status", id)).status, 3, "a job that is over is not active");
	};
	const [trapped, ...others] = ENDS.toReversed();
	assert.ok(trapped);
	// The one that takes some seconds each time, beside all the others.
	const one = async (): Promise<void> => {
		for (const end of others) await check(end);
	};
	await Promise.all([check(trapped), one()]);
});

test("of the ways to stay with a job the one that does most counts", PATIENCE, async () => {
	await using cli = new Cli();
	for (const [ways, input, output] of [
		["--wait -f", "", "said"],
		["--wait --pipe", "in", "saidin"],
		["--pipe --wait", "in", "saidin"],
		["-fP", "in", "saidin"],
		["--wait --json -P", "in", "saidin"],
	] as const) {
		const outcome = await cli.run(["run", ...ways.split(" "), "-c", "printf said; cat; exit 7"], { input });
		assert.deepEqual([outcome.status, outcome.stdout], [7, output], `${ways}: ${outcome.stderr}`);
	}
});

test("a job that is lost is never a success: 125, and the reason", PATIENCE, async () => {
	await using cli = new Cli();
	const id = await cli.begin("-n", "victim", "-c", "echo said; exec sleep 60");
	await eventually("the job runs", async () => (await cli.job(id)).pid !== null && readFileSync(`${cli.runFolder(id)}/output`).length > 0);
	const waiting = cli.start(["wait", "victim"]);
	const following = cli.start(["logs", "-f", "victim"]);
	await eventually("it is followed", () => following.stdout(), "said\n");
	const { pid } = await cli.job(id);
	const shim = Number.parseInt(readFileSync(`${cli.runFolder(id)}/pid`, "utf8"), 10);
	kill(shim, "SIGKILL");
	kill(pid ?? Number.NaN, "SIGKILL");
	for (const outcome of [await waiting.ended, await following.ended, await cli.chore("wait", id), await cli.chore("logs", "-f", id)]) {
		assertNoBug(outcome);
		assert.equal(outcome.status, 125, outcome.stderr);
		assert.match(outcome.stderr, /victim \([0-9a-f]{8}\) lost: it is gone, and nobody recorded how it ended/);
	}
	const job = await cli.job(id);
	assert.deepEqual([job.state, job.result, job.exitCode, job.signal, job.exitCertain], ["lost", "lost", null, null, null]);
	assert.equal((await cli.chore("status", id)).status, 3);
});

test("wait --timeout gives up with 124 and a message, and the job goes on", PATIENCE, async () => {
	await using cli = new Cli();
	const { id } = await cli.begun("-n", "long", "sleep", "60");
	const outcome = await cli.chore("wait", "long", "--timeout", "100ms");
	assert.deepEqual([outcome.status, outcome.stdout], [124, ""]);
	assert.match(outcome.stderr, /^chore: long \([0-9a-f]{8}\) was not over after 100 ms\nhint: the job goes on\n$/);
	assert.equal(errorIn(await cli.chore("--json", "wait", id, "--timeout", "0")).code, "TIMED_OUT");
	assert.equal((await cli.chore("wait", "--any", "long", "--timeout", "50ms")).status, 124);
	assert.equal((await cli.job(id)).state, "running");
});

test("wait --timeout of a job that is over gives its code", PATIENCE, async () => {
	await using cli = new Cli();
	const id = await cli.begin("-c", "exit 9");
	await cli.chore("wait", id);
	assert.equal((await cli.chore("wait", id, "--timeout", "0")).status, 9);
});

test("wait of several jobs gives the first code that is not 0, in the order given", PATIENCE, async () => {
	await using cli = new Cli();
	for (const [name, code] of [
		["none", 0],
		["five", 5],
		["six", 6],
	] as const)
		await cli.begin("-n", name, "-c", `exit ${code}`);
	await cli.begin("-n", "seven", "-c", "sleep 0.5; exit 7");
	for (const [names, status] of [
		[["none"], 0],
		[["none", "none"], 0],
		[["none", "five", "six"], 5],
		[["six", "five"], 6],
		[["seven", "five"], 7],
		[["none", "nobody", "five"], 125],
		[["five", "nobody"], 5],
	] as const) {
		const outcome = await cli.chore("wait", ...names);
		assert.deepEqual([outcome.status, outcome.stdout], [status, ""], `${names}: ${outcome.stderr}`);
	}
	const jobs = JSON.parse((await cli.chore("--json", "wait", "none", "five")).stdout) as { name: string }[];
	assert.deepEqual(
		jobs.map(({ name }) => name),
		["none", "five"],
	);
});

test("wait --any ends at a reference that is wrong, whatever else it waits for", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.begin("-n", "slow", "sleep", "600");
	const outcome = await cli.chore("wait", "--any", "slow", "nobody");
	assert.equal(outcome.status, 125);
	assert.match(outcome.stderr, /no job named "nobody"/);
	assert.equal((await cli.job("slow")).endedAt, null);
});

test("wait --any gives the first that is over and leaves the others alone", PATIENCE, async () => {
	await using cli = new Cli();
	const { id: slow } = await cli.begun("-n", "slow", "sleep", "60");
	const quick = await cli.begin("-n", "quick", "-c", "sleep 0.1; exit 6");
	const outcome = await cli.chore("wait", "--any", "slow", "quick");
	assert.deepEqual([outcome.status, outcome.stdout], [6, `${quick}\n`], outcome.stderr);
	const job = JSON.parse((await cli.chore("--json", "wait", "--any", "slow", "quick")).stdout);
	assert.deepEqual([job.id, job.exitCode, job.schema], [quick, 6, 1]);
	assert.equal((await cli.job(slow)).state, "running");
});

test("status exits with 0 for active jobs, 3 for ended ones, 4 for none", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.begin("-n", "active", "sleep", "60");
	await cli.begin("-n", "ended", "true");
	await cli.chore("wait", "ended");
	for (const [names, status] of [
		[["active"], 0],
		[["ended"], 3],
		[["nobody"], 4],
		[["active", "active"], 0],
		[["active", "ended"], 3],
		[["active", "nobody"], 4],
		[["nobody", "ended"], 4],
	] as const)
		assert.equal((await cli.chore("status", ...names)).status, status, names.join(" "));
});

test("stop, rm and kill of several jobs do all that can be done, and fail for what cannot", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.begin("-n", "one", "sleep", "60");
	await cli.begin("-n", "two", "sleep", "60");
	const stopped = await cli.chore("stop", "nobody", "one", "two");
	assert.equal(stopped.status, 4);
	assert.match(stopped.stdout, /^one \(.*\) stopped by SIGTERM after .*\ntwo \(.*\) stopped by SIGTERM after .*\n$/);
	assert.match(stopped.stderr, /^chore: no job named "nobody"/);
	const over = await cli.chore("kill", "one");
	assert.equal(over.status, 3);
	assert.match(over.stderr, /^chore: one \(.*\) is not active: stopped\nhint: /);
	const removed = await cli.chore("rm", "one", "nobody", "two");
	assert.deepEqual([removed.status, removed.stdout.split("\n").length], [4, 3]);
	assert.deepEqual(await cli.list(), []);
});

test("a stop of a job that is over gives it as it ended, with 0", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.begin("-n", "done", "-c", "exit 3");
	await cli.chore("wait", "done");
	const outcome = await cli.chore("stop", "done");
	assert.equal(outcome.status, 0);
	assert.match(outcome.stdout, /^done \(.*\) failed: exit code 3 after /);
});
