/** An update or removal of chore touches no running job: the package folder goes, the jobs stay, their ends are recorded. */
import assert from "node:assert/strict";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { CLI, Cli, PATIENCE } from "../support/cli.ts";
import { eventually } from "../support/eventually.ts";

/** Runs a copy of the package, from a folder that can be deleted. */
function copyOf(cli: Cli, name: string): (words: readonly string[]) => ReturnType<Cli["run"]> {
	cpSync(dirname(CLI), `${cli.folder}/${name}/dist`, { recursive: true });
	return (words) => cli.spawn([`${cli.folder}/${name}/dist/cli.cjs`, ...words]).ended;
}

test("jobs go on when the package is deleted, and another copy of chore reads how they ended", PATIENCE, async () => {
	await using cli = new Cli();
	const chore = copyOf(cli, "package");
	const names = ["code", "killed", "stopped", "fed", "limit"];
	const options: readonly (readonly string[])[] = [
		["-c", "while [ ! -e go ]; do sleep 0.02; done; echo said; exit 9"],
		["-c", "while [ ! -e go ]; do sleep 0.02; done; kill -9 $$"],
		["sleep", "60"],
		["--stdin", "fifo", "cat"],
		["--timeout", "3s", "-c", "sleep 60 & wait"],
	];
	for (const [index, words] of options.entries()) {
		const outcome = await chore(["run", "-n", names[index] ?? "", ...words]);
		assert.equal(outcome.status, 0, outcome.stderr);
	}
	rmSync(`${cli.folder}/package`, { recursive: true });
	cli.file("project/go", "");
	for (const [name, status] of [
		["code", 9],
		["killed", 137],
		["limit", 124],
	] as const)
		assert.equal((await cli.chore("wait", name)).status, status, name);
	assert.equal((await cli.chore("logs", "code")).stdout, "said\n");
	assert.match((await cli.chore("stop", "stopped")).stdout, /^stopped \(.{8}\) stopped by SIGTERM/);
	assert.equal((await cli.chore("send", "fed", "line", "--eof")).status, 0);
	assert.equal((await cli.chore("wait", "fed")).status, 0);
	assert.equal((await cli.chore("logs", "fed")).stdout, "line\n");
});

test("a command whose package is deleted while it waits still reports the end", PATIENCE, async () => {
	await using cli = new Cli();
	cpSync(dirname(CLI), `${cli.folder}/package/dist`, { recursive: true });
	const running = cli.spawn([
		`${cli.folder}/package/dist/cli.cjs`,
		"run",
		"-f",
		"-n",
		"web",
		"-c",
		"echo ready; while [ ! -e go ]; do sleep 0.02; done; exit 4",
	]);
	await eventually("it is followed", () => running.stdout(), "ready\n");
	rmSync(`${cli.folder}/package`, { recursive: true });
	cli.file("project/go", "");
	const outcome = await running.ended;
	assert.deepEqual([outcome.status, outcome.stdout], [4, "ready\n"], outcome.stderr);
});

test("a new version with another shim does not change the shim of running jobs", PATIENCE, async () => {
	await using cli = new Cli();
	const old = await cli.begin("-n", "old", "-c", "while [ ! -e go ]; do sleep 0.02; done; exit 6");
	cpSync(dirname(CLI), `${cli.folder}/next/dist`, { recursive: true });
	const platform = `${cli.folder}/next/dist/platform-posix.cjs`;
	const text = readFileSync(platform, "utf8");
	const changed = text.replace("# chore's shim:", "# chore's new shim:");
	assert.notEqual(changed, text);
	writeFileSync(platform, changed);
	const next = (words: readonly string[]) => cli.spawn([`${cli.folder}/next/dist/cli.cjs`, ...words]).ended;
	assert.equal((await next(["run", "--wait", "-n", "new", "-c", "exit 7"])).status, 7);
	assert.equal((await cli.shell(`ls '${cli.state}'/libexec | wc -l`)).stdout.trim(), "2");
	cli.file("project/go", "");
	assert.equal((await next(["wait", old])).status, 6);
	assert.equal((await cli.chore("wait", "new")).status, 7, "the old version reads the new one's jobs");
});
