/** A log that is removed, cut or replaced while it is read: what is there is shown, and the job's end is still told. */
import assert from "node:assert/strict";
import { appendFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { assertNoBug, Cli, PATIENCE, type Running } from "../support/cli.ts";
import { eventually } from "../support/eventually.ts";

interface Followed {
	readonly cli: Cli;
	readonly log: string;
	readonly running: Running;
	/** Lets the job end with code 5. */
	finish(): void;
}

/** A job that has written `first` and is followed. */
async function follow(cli: Cli): Promise<Followed> {
	const id = await cli.begin("-n", "web", "-c", "echo first; while [ ! -e go ]; do sleep 0.02; done; exit 5");
	const running = cli.start(["logs", "-f", "web"]);
	await eventually("the first line is shown", () => running.stdout(), "first\n");
	return { cli, log: `${cli.runFolder(id)}/output`, running, finish: () => cli.file("project/go", "") };
}

test("a log that is truncated while it is followed is read from its new beginning", PATIENCE, async () => {
	await using cli = new Cli();
	const { log, running, finish } = await follow(cli);
	truncateSync(log);
	appendFileSync(log, "2nd\n");
	await eventually("the new line is shown", () => running.stdout(), "first\n2nd\n");
	finish();
	const outcome = await running.ended;
	assertNoBug(outcome);
	assert.deepEqual([outcome.status, outcome.stdout], [5, "first\n2nd\n"]);
});

test("a log that is replaced while it is followed is read to its end, then the new one is read", PATIENCE, async () => {
	await using cli = new Cli();
	const { log, running, finish } = await follow(cli);
	appendFileSync(log, "last of the old\n");
	renameSync(log, `${log}.1`);
	writeFileSync(log, "first of the new\n");
	await eventually("the new file is shown", () => running.stdout(), "first\nlast of the old\nfirst of the new\n");
	appendFileSync(log, "more\n");
	await eventually("and what comes after", () => running.stdout().endsWith("more\n"));
	finish();
	assert.equal((await running.ended).status, 5);
});

test("when a log is removed while it is followed, the end of the job is still reported", PATIENCE, async () => {
	await using cli = new Cli();
	const { log, running, finish } = await follow(cli);
	rmSync(log);
	finish();
	const outcome = await running.ended;
	assertNoBug(outcome);
	assert.deepEqual([outcome.status, outcome.stdout], [5, "first\n"]);
	const after = await cli.chore("logs", "web");
	assert.deepEqual([after.status, after.stdout, after.stderr], [0, "", ""]);
	const job = await cli.job("web");
	assert.deepEqual([job.output.bytes, job.exitCode], [0, 5]);
	assertNoBug(await cli.chore("logs", "-n", "5", "web"));
	assert.equal((await cli.chore("logs", "-f", "web")).status, 5);
});

test("several commands can follow a job at once, from any moment on", PATIENCE, async () => {
	await using cli = new Cli();
	const { running, finish } = await follow(cli);
	const more = Array.from({ length: 4 }, () => cli.start(["logs", "-f", "web"]));
	for (const one of more) await eventually("it is shown", () => one.stdout(), "first\n");
	finish();
	for (const one of [running, ...more]) {
		const outcome = await one.ended;
		assert.deepEqual([outcome.status, outcome.stdout], [5, "first\n"]);
	}
});

test("when a followed job is stopped, the following command ends with the job's exit status", PATIENCE, async () => {
	await using cli = new Cli();
	const { running } = await follow(cli);
	await cli.chore("stop", "web");
	const outcome = await running.ended;
	assertNoBug(outcome);
	assert.equal(outcome.status, 143);
	assert.match(outcome.stderr, /^web \(.{8}\) stopped by SIGTERM/);
});
