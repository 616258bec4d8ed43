/**
 * A disk that becomes full at any write: a clear error, nothing half made, and no record lost. The state folder is a small
 * file system, tested with every amount of free space from none to enough.
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, truncateSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import type { Job } from "../../src/core/job.ts";
import { processesNaming } from "../support/clean-up.ts";
import { assertNoBug, Cli, errorIn, PATIENCE, skipUnlessRoot } from "../support/cli.ts";
import { eventually, isEmpty } from "../support/eventually.ts";

const canMount = spawnSync("unshare", ["-m", "true"]).status === 0;
const onSmallDisk = { ...PATIENCE, skip: skipUnlessRoot || (!canMount && "mounts are not allowed here") };

/** A command line whose state folder is a small file system. */
class SmallDisk extends Cli {
	readonly #ballast: string;

	constructor(pages: number) {
		super();
		execFileSync("mount", ["-t", "tmpfs", "-o", `size=${pages * 4096},mode=700`, "chore-test", this.state]);
		mkdirSync(`${this.state}/notices`, { mode: 0o700 });
		writeFileSync(`${this.state}/notices/logout-posix`, "");
		this.#ballast = `${this.state}/ballast`;
		writeFileSync(this.#ballast, "");
	}

	/** Fills the disk except for so many pages of 4096 bytes. */
	leave(pages: number): void {
		rmSync(this.#ballast, { force: true });
		writeFileSync(this.#ballast, Buffer.alloc((statfsSync(this.state).bavail - pages) * 4096));
	}

	/** Room for everything. */
	clear(): void {
		truncateSync(this.#ballast);
	}

	override async [Symbol.asyncDispose](): Promise<void> {
		await eventually("the small disk is not in use", () => {
			for (const pid of this.processes()) spawnSync("kill", ["-9", String(pid)]);
			return spawnSync("umount", [this.state]).status === 0;
		});
		await super[Symbol.asyncDispose]();
	}
}

/** What ps -a says, as id and state. */
async function states(cli: Cli): Promise<ReadonlyMap<string, string>> {
	return new Map((await cli.list()).map(({ id, state }) => [id, state]));
}

/** Asserts that every running process belongs to a listed job, and that no job is half made. */
async function assertNothingHalfMade(cli: Cli, expected: readonly string[], when: string): Promise<void> {
	const listed = await cli.list();
	assert.deepEqual(listed.map(({ id }) => id).sort(), [...expected].sort(), when);
	for (const job of listed) assert.notEqual(job.state, "unknown", `${when}: ${job.reason}`);
	const active = readdirSync(`${cli.state}/default/active`);
	for (const id of active) assert.ok(expected.includes(id), `${when}: a mark without a job`);
	const strangers = (): readonly number[] =>
		processesNaming(cli.folder).filter((pid) => !expected.includes(/CHORE_JOB_ID=([0-9a-f-]+)/.exec(environmentOf(pid))?.[1] ?? ""));
	// Looked at again, since a process shows no environment while it becomes another program.
	await eventually(`${when}: each process belongs to a job that is listed`, strangers, isEmpty);
	const leftovers = readdirSync(`${cli.state}/default/trash`);
	assert.deepEqual(leftovers, [], `${when}: nothing is left aside`);
}

function environmentOf(pid: number): string {
	try {
		return readFileSync(`/proc/${pid}/environ`, "latin1").replaceAll("\0", "\n");
	} catch {
		return "";
	}
}

test("run on a disk that becomes full at any write starts the job, or reports it and leaves nothing", onSmallDisk, async () => {
	await using cli = new SmallDisk(256);
	const kept = [await cli.begin("-n", "first", "sleep", "60"), await cli.begin("-n", "second", "true")];
	await cli.chore("wait", "second");
	let started = 0;
	let refused = 0;
	for (let pages = 0; started < 3; pages++) {
		assert.ok(pages < 60, "some free space is enough");
		cli.leave(pages);
		const outcome = await cli.chore("--json", "run", "-n", `job-${pages}`, "sleep", "60");
		const when = `${pages} free pages: ${outcome.stderr}`;
		assertNoBug(outcome);
		if (outcome.status === 0) {
			started++;
			kept.push((JSON.parse(outcome.stdout) as Job).id);
		} else {
			refused++;
			const error = errorIn(outcome);
			assert.deepEqual([outcome.status, outcome.stdout, error.code], [1, "", "STATE_FULL"], when);
			assert.match(error.message, /no space left/, when);
			assert.match(error.hint ?? "", /chore rm/, when);
		}
		await assertNothingHalfMade(cli, kept, when);
	}
	assert.ok(refused >= 5, `${refused} starts met a full disk`);
	cli.clear();
	assert.equal((await cli.chore("stop", "--all")).status, 0);
	assert.deepEqual([...(await states(cli)).values()].sort(), [...Array(4).fill("stopped"), "succeeded"]);
});

test("a first run on a full disk leaves a state folder that the next command can use", onSmallDisk, async () => {
	for (let pages = 0, started = false; !started; pages++) {
		assert.ok(pages < 60, "some free space is enough");
		await using cli = new SmallDisk(128);
		cli.leave(pages);
		const outcome = await cli.chore("run", "-n", "web", "sleep", "60");
		assertNoBug(outcome);
		started = outcome.status === 0;
		if (!started) assert.match(outcome.stderr, /^chore: .*(no space left|cannot).*\nhint: /, `${pages} free pages`);
		cli.clear();
		assert.equal((await cli.list()).length, started ? 1 : 0, `${pages} free pages: ${outcome.stderr}`);
		assert.equal((await cli.chore("run", "--wait", "-n", "next", "true")).status, 0, `${pages} free pages`);
	}
});

test("without one free byte a running job is stopped, its end is recorded, and all jobs are listed", onSmallDisk, async () => {
	await using cli = new SmallDisk(256);
	const ended = await cli.begin("-n", "ended", "-c", "exit 3");
	await cli.chore("wait", "ended");
	const { id: stopped } = await cli.begun("-n", "stopped", "sleep", "60");
	const { id: failing } = await cli.begun("-n", "failing", "-c", `while [ ! -e '${cli.folder}/go' ]; do sleep 0.02; done; exit 9`);
	cli.leave(0);
	const full = statfsSync(cli.state);
	assert.equal(full.bavail, 0);
	assert.deepEqual(
		await states(cli),
		new Map([
			[failing, "running"],
			[stopped, "running"],
			[ended, "failed"],
		]),
	);
	const outcome = await cli.chore("stop", "stopped");
	assertNoBug(outcome);
	assert.deepEqual([outcome.status, outcome.stderr], [0, ""]);
	assert.match(outcome.stdout, /^stopped \(.{8}\) stopped by SIGTERM after/);
	cli.file("go", "");
	assert.equal((await cli.chore("wait", "failing")).status, 9);
	for (const words of [["ps"], ["status", "stopped"], ["logs", "ended"], ["doctor"]]) assertNoBug(await cli.run(words));
	const expected = new Map([
		[failing, "failed"],
		[stopped, "stopped"],
		[ended, "failed"],
	]);
	assert.deepEqual(await states(cli), expected);
	cli.clear();
	assert.deepEqual(await states(cli), expected);
	const events = readFileSync(`${cli.state}/default/ledger.jsonl`, "utf8");
	for (const id of [failing, stopped]) assert.match(events, new RegExp(`"exited","id":"${id}"`), "the end is noted once there is room");
});

test("stop and rm work on a disk that becomes full at any write", onSmallDisk, async () => {
	await using cli = new SmallDisk(512);
	const ids: string[] = [];
	for (let pages = 0; pages < 8; pages++) {
		cli.clear();
		const id = await cli.begin("sleep", "60");
		const over = await cli.begin("-c", "exit 5");
		await cli.shell(`until grep -q chore-exit '${cli.runFolder(over)}/exit'; do :; done`);
		cli.leave(pages);
		const stopped = await cli.chore("stop", id);
		assertNoBug(stopped);
		assert.equal(stopped.status, 0, `${pages} free pages: ${stopped.stderr}`);
		const shown = await cli.job(over);
		assert.deepEqual([shown.state, shown.exitCode], ["failed", 5]);
		cli.leave(pages);
		const removed = await cli.chore("rm", over);
		assertNoBug(removed);
		assert.equal(removed.status, 0, `${pages} free pages: ${removed.stderr}`);
		ids.push(id);
		await assertNothingHalfMade(cli, ids, `${pages} free pages`);
		assert.equal((await cli.job(id)).state, "stopped");
	}
});

test("start and restart on a disk that becomes full at any write make the next run, or leave the job unchanged", onSmallDisk, async () => {
	await using cli = new SmallDisk(512);
	const id = await cli.begin("-n", "web", "sleep", "60");
	await cli.chore("stop", id);
	let run = 1;
	let refused = 0;
	for (let pages = 0, started = 0; started < 3; pages++) {
		assert.ok(pages < 60, "some free space is enough");
		cli.leave(pages);
		const outcome = await cli.chore("--json", pages % 2 === 0 ? "start" : "restart", "web");
		const when = `${pages} free pages: ${outcome.stderr}`;
		assertNoBug(outcome);
		if (outcome.status === 0) {
			run++;
			started++;
		} else {
			refused++;
			assert.deepEqual([outcome.status, errorIn(outcome).code], [1, "STATE_FULL"], when);
		}
		const job = await cli.job(id);
		assert.deepEqual([job.run, ["starting", "running"].includes(job.state)], [run, outcome.status === 0], when);
		for (const verb of ["pause", "resume"]) {
			if (outcome.status !== 0) break;
			const held = await cli.chore(verb, "web");
			assert.equal(held.status, 0, `${verb}, ${when}${held.stderr}`);
		}
		const stopped = await cli.chore("stop", "web");
		assert.equal(stopped.status, 0, `${when}${stopped.stderr}`);
		assert.equal((await cli.job(id)).state, "stopped", when);
		await assertNothingHalfMade(cli, [id], when);
	}
	assert.ok(refused >= 3, `${refused} starts met a full disk`);
});

test("a job whose output fills the disk sees the error itself, and its end is recorded", onSmallDisk, async () => {
	await using cli = new SmallDisk(256);
	const id = await cli.begin("-n", "big", "dd", "if=/dev/zero", "bs=64k", "count=1000");
	assert.equal((await cli.chore("wait", id)).status, 1);
	assert.ok(statfsSync(cli.state).bavail <= 1, "the disk is full");
	const job = await cli.job(id);
	assert.deepEqual([job.state, job.result, job.exitCode], ["failed", "exit-code", 1]);
	assert.equal((await cli.chore("run", "true")).status, 1);
	assert.equal((await cli.chore("rm", id)).status, 0, "forgetting it makes room");
	assert.equal((await cli.chore("run", "--wait", "true")).status, 0);
});

test("a limit on the size of files is treated like a full disk", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.begin("-n", "first", "true");
	await cli.chore("wait", "first");
	for (const blocks of [0, 1]) {
		const outcome = await cli.shell(`ulimit -f ${blocks}; chore run -n second true`);
		assertNoBug(outcome);
		assert.ok(outcome.status !== 0, `${blocks}`);
		assert.deepEqual(
			(await cli.list()).map(({ name }) => name),
			["first"],
		);
	}
});

test("prune frees space without one free byte, also by jobs whose end is not settled", onSmallDisk, async () => {
	await using cli = new SmallDisk(512);
	const kept = await cli.begin("-n", "kept", "sleep", "60");
	const seen = await cli.begin("-n", "seen", "head", "-c", "100000", "/dev/zero");
	await cli.chore("wait", seen);
	const unseen = await cli.begin("-n", "unseen", "head", "-c", "100000", "/dev/zero");
	await cli.shell(`until grep -q chore-exit '${cli.runFolder(unseen)}/exit'; do :; done`);
	cli.leave(0);
	assert.equal(statfsSync(cli.state).bavail, 0);
	const tried = await cli.chore("prune", "--all", "--dry-run");
	assert.deepEqual([tried.status, tried.stderr, tried.stdout.split("\n").length], [0, "", 4], tried.stdout);
	const outcome = await cli.chore("prune", "--all");
	assertNoBug(outcome);
	assert.deepEqual([outcome.status, outcome.stdout, outcome.stderr], [0, "forgot 2 jobs, 195 KiB\n", ""]);
	assert.ok(statfsSync(cli.state).bavail > 48, "their output made room");
	await assertNothingHalfMade(cli, [kept], "after the prune");
	assert.equal((await cli.chore("run", "--wait", "true")).status, 0);
});
