/** Two versions of chore on one state folder, at once and one after the other: an update, a downgrade, an editor's own copy. */
import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import type { Job } from "../../src/core/job.ts";
import { assertNoBug, CLI, Cli, errorIn, type Outcome, PATIENCE } from "../support/cli.ts";

/** A build that differs from this one as a later version would. */
class OtherVersion {
	readonly #cli: Cli;
	readonly #program: string;

	constructor(cli: Cli, change: (source: string, file: string) => string) {
		this.#cli = cli;
		const folder = `${cli.folder}/other`;
		cpSync(dirname(CLI), folder, { recursive: true });
		let changed = 0;
		for (const file of readdirSync(folder).filter((name) => name.endsWith(".cjs"))) {
			const source = readFileSync(`${folder}/${file}`, "utf8");
			const other = change(source, file);
			if (other !== source) changed += 1;
			writeFileSync(`${folder}/${file}`, other);
		}
		assert.ok(changed > 0, "the other version is another");
		this.#program = `${folder}/cli.cjs`;
	}

	run(...words: readonly string[]): Promise<Outcome> {
		return this.#cli.spawn([process.execPath, this.#program, ...words]).ended;
	}
}

test("two versions of chore start, show, stop and restart each other's jobs", PATIENCE, async () => {
	await using cli = new Cli();
	// Another shim: programs of a version lie under the hash of their text.
	const other = new OtherVersion(cli, (source) => source.replace("chore's shim: the parent", "chore's other shim: the parent"));
	for (const [mine, theirs] of [
		[(...words: readonly string[]) => cli.chore(...words), (...words: readonly string[]) => other.run(...words)],
		[(...words: readonly string[]) => other.run(...words), (...words: readonly string[]) => cli.chore(...words)],
	] as const) {
		const names = ["long", "short"];
		for (const [name, line] of [
			["long", "sleep 60"],
			["short", "exit 3"],
		] as const) {
			const outcome = await mine("run", "-n", name, "-c", line);
			assert.equal(outcome.status, 0, outcome.stderr);
		}
		assert.equal((await theirs("wait", "short")).status, 3);
		assert.equal((await theirs("run", "-n", "long", "true")).status, 5, "one name, whichever version");
		assert.equal((await theirs("restart", "long")).status, 0);
		assert.equal((await mine("pause", "long")).status, 0);
		const [seen] = JSON.parse((await theirs("--json", "status", "long")).stdout) as Job[];
		assert.deepEqual([seen?.state, seen?.run], ["paused", 2]);
		assert.equal((await theirs("stop", "long")).status, 0);
		assert.equal((await theirs("start", "short")).status, 0);
		assert.equal((await mine("wait", "short")).status, 3);
		for (const name of names) assert.equal((await mine("rm", name)).status, 0);
	}
	assert.equal(readdirSync(`${cli.state}/libexec`).length, 2);
});

test("a job of a later format is shown, and is not judged, started, stopped or removed without force", PATIENCE, async () => {
	await using cli = new Cli();
	const later = new OtherVersion(cli, (source) =>
		source.replace(/\bJOB_FORMAT ?= ?3\b/g, "JOB_FORMAT=4").replace(/\bformat: ?2\b/g, "format:4"),
	);
	const { id: old } = await cli.begun("-n", "old", "sleep", "60");
	const started = await later.run("run", "-n", "new", "sleep", "60");
	assert.equal(started.status, 0, started.stderr);
	const id = started.stdout.trim();

	const seen = (await cli.list()).find((job) => job.id === id);
	assert.equal(seen?.state, "unknown");
	assert.match(seen?.reason ?? "", /newer version of chore/);
	for (const words of [
		["stop", id],
		["restart", id],
		["start", id],
		["rm", id],
		["logs", id],
		["wait", "--timeout", "1s", id],
	]) {
		const outcome = await cli.run(["--json", ...words]);
		assertNoBug(outcome);
		assert.notEqual(outcome.status, 0, words.join(" "));
		assert.ok(["JOB_UNREADABLE", "JOB_UNKNOWN", "JOB_ACTIVE"].includes(errorIn(outcome).code), outcome.stderr);
	}
	assert.equal((await cli.chore("run", "-n", "new", "true")).status, 5, "its name is taken all the same");
	assert.equal((await cli.job(old)).state, "running", "the others are as ever");
	await cli.chore("stop", "--grace", "0", "--all");
	assert.equal((await later.run("status", "new")).status, 0, "it went on meanwhile");
	const stopped = await later.run("stop", "--grace", "0", "new");
	assert.equal(stopped.status, 0, stopped.stderr);
});
