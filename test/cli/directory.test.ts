/** The directory of a job: it has the caller's name for it, and errors say what is wrong with it. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { isChoreError } from "../../platform/errors.ts";
import { pathIn } from "../../src/core/prepare/directory.ts";
import { assertNoBug, Cli, errorIn, PATIENCE } from "../support/cli.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { makeHome } from "../support/home.ts";

/** Two releases of a program, and a link to the first. */
function releases(cli: Cli): { readonly one: string; readonly two: string; readonly current: string; lead(to: string): void } {
	const [one, two, current] = [`${cli.folder}/releases/one`, `${cli.folder}/releases/two`, `${cli.folder}/current`];
	for (const [folder, name] of [
		[one, "one"],
		[two, "two"],
	] as const) {
		mkdirSync(`${folder}/sub`, { recursive: true });
		writeFileSync(`${folder}/program`, `#!/bin/sh\necho ${name} "$PWD" && pwd -P\n`, { mode: 0o755 });
		writeFileSync(`${folder}/input`, name);
	}
	const lead = (to: string): void => {
		rmSync(current, { force: true });
		symlinkSync(to, current);
	};
	lead(one);
	return { one, two, current, lead };
}

test(
	"a job started in a directory that is a link gets the caller's PWD, and follows the link when it is started again",
	PATIENCE,
	async () => {
		await using cli = new Cli();
		const { one, two, current, lead } = releases(cli);
		const first = await cli.shell(`cd '${current}' && chore run -q -f -n web ./program`);
		assert.deepEqual([first.status, first.stdout], [0, `one ${current}\n${one}\n`], first.stderr);
		assert.equal((await cli.job("web")).directory, current);
		lead(two);
		assert.equal((await cli.chore("start", "web")).status, 0);
		assert.equal((await cli.chore("wait", "web")).status, 0);
		assert.equal((await cli.chore("logs", "web")).stdout, `two ${current}\n${two}\n`);
	},
);

test("a relative directory starts at the caller's PWD, and `..` means the same as to the kernel", PATIENCE, async () => {
	await using cli = new Cli();
	const { one, current } = releases(cli);
	for (const [path, directory] of [
		["sub", `${current}/sub`],
		["./sub/..", current],
		["..", `${cli.folder}/releases`],
		["../two", `${cli.folder}/releases/two`],
	]) {
		const outcome = await cli.shell(`cd '${current}' && chore run -q -f --working-directory ${path} -c 'echo $PWD'`);
		assert.equal(outcome.stdout, `${directory}\n`, `${path}: ${outcome.stderr}`);
	}
	for (const [words, said] of [
		["--stdin input cat", "one"],
		["--stdin ../two/input cat", "two"],
		["../two/program", `two ${current}\n${one}\n`],
	]) {
		const outcome = await cli.shell(`cd '${current}' && chore run -q -f ${words}`);
		assert.equal(outcome.stdout, said, `${words}: ${outcome.stderr}`);
	}
});

test("a PWD that does not name the caller's directory is ignored", PATIENCE, async () => {
	await using cli = new Cli();
	for (const PWD of ["/", `${cli.folder}/gone`, ".", "", `${cli.directory}/../project`]) {
		const outcome = await cli.run(["run", "-q", "-f", "-c", "pwd"], { env: { PWD } });
		assert.equal(outcome.stdout, `${cli.directory}\n`, `${PWD}: ${outcome.stderr}`);
	}
});

test("in a deleted directory run is refused with a hint, and all other commands work", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.begin("-n", "web", "true");
	await cli.chore("wait", "web");
	const there = (line: string) => cli.shell(`mkdir gone && cd gone && rmdir ../gone && ${line}`);
	for (const words of ["run true", "run --wait true", "run ./true", "run --working-directory sub true", "run --stdin file cat"]) {
		const outcome = await there(`chore --json ${words}`);
		const { code, message, hint } = errorIn(outcome);
		assert.equal(code, "DIRECTORY_UNUSABLE", words);
		assert.match(message, /the directory that you are in cannot be used: it was deleted/);
		assert.match(hint ?? "", /--working-directory chooses another/);
	}
	for (const [words, status] of [
		["run --wait --working-directory / true", 0],
		["run --wait --working-directory / --stdin /etc/passwd cat", 0],
		["ps", 0],
		["status web", 3],
		["logs web", 0],
		["start web", 0],
		["wait web", 0],
		["history", 0],
		["rm -f web", 0],
		["doctor", 0],
	] as const) {
		const outcome = await there(`chore ${words}`);
		assertNoBug(outcome);
		assert.equal(outcome.status, status, `${words}: ${outcome.stderr}${outcome.stdout}`);
	}
});

test("the library refuses to start a job if the directory of its process was deleted", PATIENCE, async () => {
	await using home = await makeHome("fake", fakePlatform);
	const before = process.cwd();
	const gone = mkdtempSync(`${realpathSync(tmpdir())}/chore-gone-`);
	try {
		process.chdir(gone);
		rmdirSync(gone);
		await assert.rejects(home.chore.run({ command: ["true"] }), (error) => isChoreError(error) && error.code === "DIRECTORY_UNUSABLE");
		assert.equal((await home.chore.run({ command: ["true"], directory: "/" })).directory, "/");
	} finally {
		process.chdir(before);
	}
});

test("`..` is removed from a path if the shorter path names the same file", () => {
	assert.equal(pathIn("/usr", "bin/../bin/sh"), "/usr/bin/sh");
	assert.equal(pathIn("/usr", "/etc"), "/etc");
	assert.equal(pathIn("/usr", "./a//b/"), "/usr/a/b");
	assert.equal(pathIn("/nowhere", "../else"), "/else");
});
