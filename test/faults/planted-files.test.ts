/** Foreign files in the place of chore's: FIFOs, at which open(2) would wait, links, and records with invalid names. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import type { Job } from "../../src/core/job.ts";
import { assertNoBug, Cli, PATIENCE } from "../support/cli.ts";

/** A session with one job that ended and one that runs. */
async function makeScene(cli: Cli): Promise<{ readonly ended: string; readonly running: string }> {
	const ended = await cli.begin("-n", "ended", "-c", "echo said; exit 3");
	await cli.chore("wait", "ended");
	const { id: running } = await cli.begun("-n", "running", "-c", "echo said; exec sleep 60");
	return { ended, running };
}

/** Checks that every command that reads the state ends with an answer or a clear error, and that the other job is unchanged. */
async function assertAnswered(cli: Cli, victim: string, other: string, what: string): Promise<void> {
	for (const words of [["ps", "-a"], ["status", victim], ["logs", victim], ["history"], ["doctor", "--no-test"]]) {
		const outcome = await cli.run(words);
		assertNoBug(outcome);
		assert.equal(outcome.signal, null, `${what}: ${words.join(" ")}`);
	}
	const state = other === "ended" ? "failed" : "running";
	assert.equal((await cli.job(other)).state, state, what);
}

const OF_A_JOB = [
	"job.json",
	"runs/1/run.json",
	"runs/1/exit",
	"runs/1/started",
	"runs/1/stop",
	"runs/1/end.json",
	"runs/1/output",
	"runs/1/pid",
];
const OF_THE_SESSION = ["ledger.jsonl", "ledger.1.jsonl", "sweep.json"];

describe("no command waits for a FIFO", () => {
	for (const name of OF_A_JOB) {
		test(`in the place of ${name}`, PATIENCE, async () => {
			await using cli = new Cli();
			const ids = await makeScene(cli);
			for (const [victim, other] of [
				["ended", "running"],
				["running", "ended"],
			] as const) {
				const path = `${cli.jobFolder(ids[victim])}/${name}`;
				if (existsSync(path)) renameSync(path, `${path}.saved`);
				execFileSync("mkfifo", [path]);
				await assertAnswered(cli, victim, other, `${name} of the one that is ${victim}`);
				rmSync(path);
				if (existsSync(`${path}.saved`)) renameSync(`${path}.saved`, path);
			}
		});
	}
	for (const name of OF_THE_SESSION) {
		test(`in the place of ${name}`, PATIENCE, async () => {
			await using cli = new Cli();
			await makeScene(cli);
			rmSync(`${cli.state}/default/${name}`, { force: true });
			execFileSync("mkfifo", [`${cli.state}/default/${name}`]);
			await assertAnswered(cli, "ended", "running", name);
			assertNoBug(await cli.chore("run", "true"));
			assertNoBug(await cli.chore("prune"));
		});
	}
});

test("a link in the place of a file is not followed", PATIENCE, async () => {
	await using cli = new Cli();
	const { ended } = await makeScene(cli);
	for (const [name, reads] of [
		["job.json", ["status", "ended"]],
		["runs/1/output", ["logs", "ended"]],
	] as const) {
		const path = `${cli.jobFolder(ended)}/${name}`;
		renameSync(path, `${cli.folder}/elsewhere`);
		symlinkSync(`${cli.folder}/elsewhere`, path);
		if (name === "job.json") rmSync(`${cli.runFolder(ended)}/end.json`);
		const { stdout, stderr } = await cli.run(reads);
		assert.match(`${stdout}${stderr}`, /it is a symbolic link/, name);
		renameSync(`${cli.folder}/elsewhere`, path);
	}
});

test("an invalid name in a record is not shown", PATIENCE, async () => {
	await using cli = new Cli();
	const { ended } = await makeScene(cli);
	const change = (file: string, fields: Partial<Job>): void => {
		const path = `${cli.jobFolder(ended)}/${file}`;
		writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...fields }));
	};
	for (const wrong of [{ name: "\u001b]0;title\u0007" }, { name: "../../.." }, { platform: "a b" }, { run: 7 }]) {
		change("runs/1/end.json", wrong);
		const job = await cli.job(ended);
		assert.deepEqual([job.name, job.platform, job.run, job.exitCode], ["ended", "posix", 1, 3], "settled again, by the record");
	}
	change("job.json", { name: "two\nlines" });
	rmSync(`${cli.runFolder(ended)}/end.json`);
	const job = await cli.job(ended);
	assert.deepEqual([job.name, job.state], [ended.slice(-8), "unknown"]);
	assert.match(job.reason ?? "", /^unreadable: .*job.json: it is damaged/);
	assert.ok(lstatSync(`${cli.jobFolder(ended)}/job.json`).isFile());
});
