/** `chore prune`: what it says, and that it leaves what is not over. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import type { PruneReport } from "../../src/core/forget/prune.ts";
import { assertNoBug, Cli, PATIENCE, skipUnlessRoot } from "../support/cli.ts";

test("prune tells how much it forgot; a dry run which jobs that would be", PATIENCE, async () => {
	await using cli = new Cli();
	const bad = await cli.begin("-n", "bad", "-c", "head -c 100000 /dev/zero; exit 3");
	await cli.chore("wait", bad);
	const split = await cli.begin("-n", "split", "--output", "split", "-c", "head -c 50000 /dev/zero; echo oh no >&2");
	await cli.chore("wait", split);
	const { id: live } = await cli.begun("-n", "live", "-c", "echo on; sleep 60");
	assert.equal((await cli.chore("prune")).stdout, "forgot 0 jobs, 0 B\n", "they are young");
	const dry = await cli.chore("prune", "--all", "--dry-run");
	const tail = (id: string): string => id.slice(-8);
	assert.deepEqual(dry.stdout.split("\n"), [
		`bad (${tail(bad)}) failed, 98 KiB`,
		`split (${tail(split)}) succeeded, 49 KiB`,
		"would forget 2 jobs, 146 KiB",
		"",
	]);
	const report = await cli.json<PruneReport>("prune", "--dry-run", "--older-than", "0s", "--keep-jobs", "0");
	assert.deepEqual(
		report.jobs.map(({ id, name, state, bytes }) => [id, name, state, bytes]),
		[
			[bad, "bad", "failed", 100_000],
			[split, "split", "succeeded", 50_006],
		],
	);
	assert.deepEqual([report.schema, report.dryRun, report.bytes, report.failures], [1, true, 150_006, []]);
	assert.equal((await cli.list()).length, 3);
	const outcome = await cli.chore("prune", "--all");
	assert.deepEqual([outcome.status, outcome.stdout, outcome.stderr], [0, "forgot 2 jobs, 146 KiB\n", ""]);
	assert.deepEqual(
		(await cli.list()).map(({ id, state }) => [id, state]),
		[[live, "running"]],
	);
	assert.deepEqual([readdirSync(`${cli.state}/default/names`), readdirSync(`${cli.state}/default/trash`)], [["live"], []]);
	assert.equal((await cli.chore("-q", "prune", "--all")).stdout, "");
	const ledger = readFileSync(`${cli.state}/default/ledger.jsonl`, "utf8");
	for (const id of [bad, split]) assert.match(ledger, new RegExp(`"removed","id":"${id}".*"reason":"pruned"`));
});

test("prune of a session that never was does nothing, and makes none", PATIENCE, async () => {
	await using cli = new Cli();
	assert.equal((await cli.chore("prune", "--all")).stdout, "forgot 0 jobs, 0 B\n");
	assert.equal(existsSync(`${cli.state}/default`), false);
});

test("a job that cannot be forgotten is told, and does not keep the others", { ...PATIENCE, skip: skipUnlessRoot }, async () => {
	await using cli = new Cli();
	for (const name of ["one", "two"]) await cli.begin("-n", name, "--wait", "true");
	const [stuck] = await cli.list();
	assert.ok(stuck);
	await cli.shell(`chattr +i '${cli.runFolder(stuck.id)}/output' 2>/dev/null || mount -t tmpfs none '${cli.runFolder(stuck.id)}'`);
	try {
		const outcome = await cli.chore("prune", "--all");
		assertNoBug(outcome);
		assert.deepEqual([outcome.status, outcome.stdout], [1, "forgot 1 job, 0 B\n"], outcome.stderr);
		assert.match(outcome.stderr, /^chore: cannot use .*: .*\nhint: /);
	} finally {
		await cli.shell(`chattr -R -i '${cli.state}'; umount '${cli.runFolder(stuck.id)}'; true`);
	}
});
