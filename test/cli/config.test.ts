/** config.toml: each setting does what it says, and what is not one is refused with its file and line. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { assertNoBug, Cli, errorIn, PATIENCE } from "../support/cli.ts";

/** Puts a configuration in place. @returns its path */
function configure(cli: Cli, text: string | Buffer, folder = `${cli.folder}/home/.config`): string {
	mkdirSync(`${folder}/chore`, { recursive: true });
	writeFileSync(`${folder}/chore/config.toml`, text);
	return `${folder}/chore/config.toml`;
}

test("session: an option wins over the variable, and that over the file", PATIENCE, async () => {
	await using cli = new Cli();
	configure(cli, 'session = "filed"\n');
	const session = async (words: readonly string[], env = {}): Promise<string> => {
		const { stdout, stderr } = await cli.run([...words, "--json", "run", "true"], { env });
		assert.ok(stdout !== "", stderr);
		return (JSON.parse(stdout) as { session: string }).session;
	};
	assert.equal(await session([]), "filed");
	assert.equal(await session([], { CHORE_SESSION: "variable" }), "variable");
	assert.equal(await session(["--session", "option"], { CHORE_SESSION: "variable" }), "option");
});

test("platform: an option wins over the variable, and that over the file", PATIENCE, async () => {
	await using cli = new Cli({ CHORE_PLATFORM: undefined });
	configure(cli, 'platform = "from-file"\n');
	assert.match((await cli.chore("run", "true")).stderr, /there is no platform "from-file"/);
	assert.match((await cli.run(["run", "true"], { env: { CHORE_PLATFORM: "from-env" } })).stderr, /"from-env"/);
	assert.equal((await cli.run(["--platform", "posix", "run", "true"], { env: { CHORE_PLATFORM: "from-env" } })).status, 0);
	configure(cli, 'platform = "posix"\n');
	assert.equal((await cli.json<{ platform: string }>("run", "true")).platform, "posix");
});

test("grace: the time between the stop signal and KILL of jobs that do not say", PATIENCE, async () => {
	await using cli = new Cli();
	for (const [grace, graceMs] of [
		['"100ms"', 100],
		["0", 0],
		['"0.1s"', 100],
	] as const) {
		configure(cli, `grace = ${grace}\n`);
		const id = await cli.begin("-c", "trap '' TERM; echo ready; while :; do sleep 0.02; done");
		await cli.shell(`until chore logs ${id} | grep -q ready; do :; done`);
		assert.equal(JSON.parse(readFileSync(`${cli.jobFolder(id)}/job.json`, "utf8")).stopping.graceMs, graceMs);
		assert.match((await cli.chore("stop", id)).stdout, /stopped by SIGKILL/);
	}
});

test("max_jobs: how many jobs may be active", PATIENCE, async () => {
	await using cli = new Cli();
	configure(cli, "max_jobs = 2\n");
	await cli.begin("-n", "one", "sleep", "60");
	await cli.begin("-n", "two", "sleep", "60");
	const outcome = await cli.chore("run", "true");
	assert.deepEqual([outcome.status, outcome.stdout], [1, ""]);
	assert.match(outcome.stderr, /^chore: 2 jobs are active in session "default", and the limit is 2\nhint: .*max_jobs in config.toml/);
	assert.equal(errorIn(await cli.chore("--json", "run", "true")).code, "TOO_MANY_JOBS");
	await cli.chore("stop", "one");
	assert.equal((await cli.chore("run", "true")).status, 0);
});

test("keep_days, keep_jobs and keep_bytes: what prune leaves of jobs that are over", PATIENCE, async () => {
	await using cli = new Cli();
	for (let index = 0; index < 3; index++) await cli.chore("run", "--wait", "head", "-c", "1000", "/dev/zero");
	for (const [setting, told] of [
		["", "would forget 0 jobs, 0 B"],
		["keep_jobs = 2", "would forget 1 job, 1.0 KiB"],
		["keep_jobs = 0", "would forget 3 jobs, 2.9 KiB"],
		["keep_bytes = 2500", "would forget 1 job, 1.0 KiB"],
		["keep_days = 3", "would forget 0 jobs, 0 B"],
	] as const) {
		configure(cli, `${setting}\n`);
		const { status, stdout, stderr } = await cli.chore("prune", "--dry-run");
		assert.deepEqual([status, stdout.trimEnd().split("\n").at(-1), stderr], [0, told, ""], setting);
	}
	configure(cli, "keep_jobs = 1\n");
	assert.equal((await cli.chore("prune", "--keep-jobs", "2")).stdout, "forgot 1 job, 1.0 KiB\n", "an option wins over the file");
	assert.equal((await cli.chore("prune")).stdout, "forgot 1 job, 1.0 KiB\n");
	assert.equal((await cli.chore("prune", "--keep-jobs", "1", "--keep-jobs", "0")).stdout, "forgot 1 job, 1.0 KiB\n", "the last one counts");
	assert.deepEqual(await cli.list(), []);
});

test("all seven settings are taken", PATIENCE, async () => {
	await using cli = new Cli();
	configure(
		cli,
		'platform = "posix"\nsession = "default"\ngrace = "5s"\nkeep_days = 30\nkeep_jobs = 10_000\nkeep_bytes = 10_737_418_240\nmax_jobs = 4096\n',
	);
	assert.equal((await cli.chore("run", "true")).status, 0);
	configure(cli, "");
	assert.equal((await cli.chore("ps")).status, 0);
	configure(cli, "# nothing but a remark\n");
	assert.equal((await cli.chore("ps")).status, 0);
});

test("an unknown setting is refused with its file and line", PATIENCE, async () => {
	await using cli = new Cli();
	for (const [text, line, said] of [
		['platform = "posix"\n\ncolour = true\n', 3, /there is no setting "colour"/],
		["[jobs]\nmax = 3\n", 1, /there is no setting "jobs"/],
		['"keep days" = 3\n', 1, /there is no setting "keep days"/],
		['max_jobs = "many"\n', 1, /max_jobs must be a whole number, 0 or more, not "many"/],
		["# first\nmax_jobs = -1\n", 2, /max_jobs must be a whole number/],
		["keep_days = 1.5\n", 1, /keep_days must be a whole number/],
		["session = 5\n", 1, /session must be a string, not 5/],
		['grace = "soon"\n', 1, /grace must be a duration, not "soon"/],
		["grace = true\n", 1, /grace must be a duration, not true/],
		["grace = -5\n", 1, /grace must be a duration/],
		["\n\n  grace = []\n", 3, /grace must be a duration/],
	] as const) {
		const path = configure(cli, text);
		const outcome = await cli.chore("ps");
		assertNoBug(outcome);
		assert.deepEqual([outcome.status, outcome.stdout], [2, ""], text);
		assert.ok(outcome.stderr.startsWith(`chore: ${path}:${line}: `), outcome.stderr);
		assert.match(outcome.stderr, said);
		assert.match(outcome.stderr, /\nhint: the settings are platform, session, grace, keep_days, keep_jobs, keep_bytes, max_jobs\n$/);
	}
	assert.equal(errorIn(await cli.chore("--json", "ps")).code, "CONFIG_INVALID");
	assert.equal((await cli.chore("wait", "x")).status, 125);
});

test("a file that is no TOML, or cannot be read, is refused by name", PATIENCE, async () => {
	await using cli = new Cli();
	for (const text of ["session = \n", "= 3", "session", Buffer.from([0xff, 0xfe, 0]), "max_jobs = 1\nmax_jobs = 2\n"]) {
		const path = configure(cli, text);
		const outcome = await cli.chore("ps");
		assertNoBug(outcome);
		assert.equal(outcome.status, 2, String(text));
		assert.ok(outcome.stderr.startsWith(`chore: ${path}`), outcome.stderr);
	}
	const folder = `${cli.folder}/elsewhere`;
	mkdirSync(`${folder}/chore/config.toml`, { recursive: true });
	const outcome = await cli.run(["ps"], { env: { XDG_CONFIG_HOME: folder } });
	assertNoBug(outcome);
	assert.equal(outcome.status, 2);
	assert.ok(outcome.stderr.includes(`${folder}/chore/config.toml`), outcome.stderr);
});

test("XDG_CONFIG_HOME says where the file is, when it is an absolute path", PATIENCE, async () => {
	await using cli = new Cli();
	configure(cli, 'session = "home"\n');
	configure(cli, 'session = "xdg"\n', `${cli.folder}/xdg`);
	const session = async (env: Record<string, string>): Promise<string> =>
		JSON.parse((await cli.run(["--json", "run", "true"], { env })).stdout).session;
	assert.equal(await session({ XDG_CONFIG_HOME: `${cli.folder}/xdg` }), "xdg");
	assert.equal(await session({ XDG_CONFIG_HOME: "xdg" }), "home");
	assert.equal(await session({ XDG_CONFIG_HOME: "" }), "home");
});

test("a configuration that is wrong does not keep help and the version from being shown", PATIENCE, async () => {
	await using cli = new Cli();
	configure(cli, "colour = true\n");
	for (const words of [[], ["help"], ["help", "run"], ["--version"], ["ps", "--help"]])
		assert.equal((await cli.run(words)).status, 0, words.join(" "));
});

test("CHORE_HOME, XDG_STATE_HOME and HOME say where the state is, in that order", PATIENCE, async () => {
	await using cli = new Cli();
	const state = async (env: Record<string, string | undefined>): Promise<string> =>
		JSON.parse((await cli.run(["--json", "doctor"], { env })).stdout).paths.state;
	assert.equal(await state({}), cli.state);
	assert.equal(await state({ CHORE_HOME: `${cli.state}///` }), cli.state);
	assert.equal(await state({ CHORE_HOME: undefined, XDG_STATE_HOME: `${cli.folder}/xdg` }), `${cli.folder}/xdg/chore`);
	for (const relative of ["xdg", ""]) {
		assert.equal(await state({ CHORE_HOME: undefined, XDG_STATE_HOME: relative }), `${cli.folder}/home/.local/state/chore`);
	}
	for (const env of [{ CHORE_HOME: "state" }, { CHORE_HOME: "./x" }, { CHORE_HOME: "/a\nb" }]) {
		const outcome = await cli.run(["ps"], { env });
		assert.equal(outcome.status, 1);
		assert.match(outcome.stderr, /^chore: CHORE_HOME must be an absolute path, not ".*"\nhint: /);
	}
});
