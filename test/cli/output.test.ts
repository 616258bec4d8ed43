/** What goes where: results to stdout, words for people to stderr, JSON for programs, and no escape codes in files. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Job } from "../../src/core/job.ts";
import { openChore } from "../../src/index.ts";
import { begun } from "../support/begun.ts";
import { Cli, errorIn, PATIENCE } from "../support/cli.ts";
import { above, eventually } from "../support/eventually.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

test("run prints the id on stdout and one line for people on stderr, which -q drops", PATIENCE, async () => {
	await using cli = new Cli();
	const told = await cli.chore("run", "-n", "web", "sleep", "60");
	assert.match(told.stdout.trim(), UUID);
	assert.equal(told.stderr, "web runs on posix; follow it with: chore logs -f web\n");
	for (const words of [
		["-q", "run", "true"],
		["run", "-q", "true"],
		["run", "-q", "--wait", "-c", "exit 3"],
		["run", "-q", "-f", "-c", "exit 3"],
	])
		assert.equal((await cli.run(words)).stderr, "", words.join(" "));
});

test("with --wait, -f and -P stdout is the job's alone", PATIENCE, async () => {
	await using cli = new Cli();
	for (const [stays, stdout, stderr] of [
		["--wait", "", ""],
		["-f", "out\nerr\n", ""],
		["-P", "out\n", "err\n"],
	] as const) {
		const outcome = await cli.chore("run", stays, "-n", "both", "-c", "echo out; echo err >&2; exit 4");
		assert.deepEqual([outcome.status, outcome.stdout], [4, stdout], outcome.stderr);
		const [first, ...rest] = outcome.stderr.split("\n");
		assert.match(first ?? "", /^both runs on posix as [0-9a-f-]{36}$/);
		assert.match(
			rest.join("\n"),
			new RegExp(`^${stderr}both \\([0-9a-f]{8}\\) failed: exit code 4 after (?:less than )?\\d\\S* (?:s|min)\n$`),
		);
	}
});

test("what a job left behind is told at its end and in its status, and in JSON", PATIENCE, async () => {
	await using cli = new Cli();
	const { status, stderr } = await cli.chore("run", "--wait", "-n", "up", "-c", "sleep 600 & sleep 600 & exit 0");
	assert.equal(status, 0);
	assert.match(stderr, /\nup \(.{8}\) succeeded after .*; 2 processes that it left behind were ended\n$/);
	assert.match((await cli.chore("status", "up")).stdout, /^ {2}note {7}2 processes that it left behind were ended$/m);
	assert.equal(JSON.parse((await cli.chore("status", "--json", "up")).stdout)[0].leftBehind, 2);
});

test("a job in JSON has every field, null if its value is not known", PATIENCE, async () => {
	await using cli = new Cli();
	const started = await cli.json<Job>(
		"run",
		"-n",
		"web",
		"--description",
		"a\nline",
		"--tag",
		"é of mine",
		"--timeout",
		"1min",
		"--",
		"sleep",
		"60",
	);
	const live = await eventually("it runs", async () => {
		const [job] = await cli.list();
		return job?.state === "running" && job;
	});
	const [ended] = await cli.json<readonly Job[]>("stop", "web");
	assert.ok(ended);
	for (const job of [started, live, ended, (await cli.list())[0], (await cli.job("web")) as Job]) {
		assert.ok(job);
		assert.deepEqual(
			{
				...job,
				state: null,
				startedAt: null,
				endedAt: null,
				pid: null,
				result: null,
				signal: null,
				exitCertain: null,
				cpuTimeMs: null,
				usage: undefined,
				lastLines: undefined,
				earlierRuns: undefined,
				attempts: undefined,
			},
			{
				...{ schema: 1, id: started.id, name: "web", session: "default", platform: "posix", unit: null, command: ["sleep", "60"] },
				...{
					directory: cli.directory,
					description: "a line",
					tag: "é of mine",
					origin: null,
					state: null,
					result: null,
					createdAt: started.createdAt,
				},
				...{ startedAt: null, endedAt: null, run: 1, attempt: 1, pid: null, exitCode: null, signal: null, exitCertain: null },
				...{
					cpuTimeMs: null,
					memoryPeakBytes: null,
					leftBehind: null,
					nextRun: null,
					request: null,
					schedule: null,
					output: { mode: "merged", relay: false, paths: [`${cli.runFolder(started.id)}/output`], bytes: 0 },
				},
				...{
					restart: { policy: "no", delayMs: null, max: null },
					limits: { timeoutMs: 60_000, memoryBytes: null, cpus: null, tasks: null },
				},
				...{ reason: null, usage: undefined, lastLines: undefined, earlierRuns: undefined, attempts: undefined },
			},
		);
	}
	assert.match(started.id, UUID);
	assert.match(started.createdAt, TIME);
	assert.deepEqual([live.state, live.result, live.endedAt, live.exitCertain], ["running", null, null, null]);
	assert.match(live.startedAt ?? "", TIME);
	assert.ok((live.pid ?? 0) > 1);
	assert.deepEqual([ended.state, ended.result, ended.signal, ended.exitCertain, ended.pid], ["stopped", "stopped", "SIGTERM", true, null]);
	assert.match(ended.endedAt ?? "", TIME);
	assert.ok(ended.startedAt !== null && ended.endedAt !== null && ended.createdAt <= ended.startedAt && ended.startedAt <= ended.endedAt);
	assert.equal(typeof ended.cpuTimeMs, "number");
});

test("ps, status, stop, kill, rm and wait give an array; run, doctor and wait --any an object", PATIENCE, async () => {
	await using cli = new Cli();
	const parse = async (...words: string[]): Promise<unknown> => JSON.parse((await cli.chore("--json", ...words)).stdout);
	assert.deepEqual(await parse("ps"), []);
	for (const name of ["one", "two"]) {
		assert.equal(((await parse("run", "-n", name, "/usr/bin/sleep", "60")) as Job).name, name);
		await begun(() => cli.job(name));
	}
	const names = async (...words: string[]): Promise<readonly string[]> => ((await parse(...words)) as Job[]).map(({ name }) => name);
	assert.deepEqual(await names("ps"), ["two", "one"]);
	assert.deepEqual(await names("ls", "--state", "running,paused"), ["two", "one"]);
	assert.deepEqual(await names("status", "one", "two"), ["one", "two"]);
	assert.deepEqual(await names("kill", "-s", "CONT", "two"), ["two"]);
	assert.deepEqual(await names("stop", "one"), ["one"]);
	assert.deepEqual(await names("wait", "one"), ["one"]);
	assert.equal(((await parse("wait", "--any", "one", "two")) as Job).name, "one");
	assert.equal(((await parse("run", "--wait", "-n", "three", "true")) as Job).state, "succeeded");
	assert.deepEqual(await names("rm", "three"), ["three"]);
	const [status] = (await parse("status", "-n", "5", "two")) as {
		usage: { processes: { pid: number; command: string }[] };
		lastLines: string[];
	}[];
	assert.deepEqual([status?.usage.processes.length, status?.usage.processes[0]?.command, status?.lastLines], [1, "/usr/bin/sleep 60", []]);
	const doctor = (await parse("doctor")) as { schema: number; platforms: { name: string; used: boolean }[] };
	assert.deepEqual([doctor.schema, doctor.platforms.find(({ used }) => used)?.name], [1, "posix"]);
});

test("errors with --json are one object on stderr, and stdout stays empty or holds what went well", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.begin("-n", "web", "sleep", "60");
	for (const [words, code] of [
		[["status", "nobody"], "JOB_NOT_FOUND"],
		[["run", "-n", "web", "true"], "NAME_IN_USE"],
		[["run", "no-such-program"], "COMMAND_NOT_FOUND"],
		[["run", "--working-directory", "/none", "true"], "DIRECTORY_UNUSABLE"],
		[["run", "--memory", "1G", "true"], "OPTION_UNSUPPORTED"],
		[["rm", "web"], "JOB_ACTIVE"],
		[["send", "web", "x"], "NO_INPUT"],
		[["wait", "web", "--timeout", "10ms"], "TIMED_OUT"],
		[["--platform", "cron", "run", "true"], "INVALID_ARGUMENT"],
	] as const) {
		const outcome = await cli.chore("--json", ...words);
		assert.notEqual(outcome.status, 0);
		assert.equal(errorIn(outcome).code, code, words.join(" "));
		assert.equal(outcome.stderr.trim().split("\n").length, 1, outcome.stderr);
		if (outcome.stdout !== "") assert.deepEqual(JSON.parse(outcome.stdout), [], words.join(" "));
	}
});

test("-q leaves ids and results only", PATIENCE, async () => {
	await using cli = new Cli();
	const id = await cli.begin("-n", "web", "sleep", "60");
	assert.equal((await cli.chore("ps", "-q")).stdout, `${id}\n`);
	const stopped = await cli.chore("stop", "-q", "web");
	assert.deepEqual([stopped.status, stopped.stdout, stopped.stderr], [0, "", ""]);
	const waited = await cli.chore("wait", "-q", "web");
	assert.deepEqual([waited.status, waited.stdout, waited.stderr], [143, "", ""]);
	const removed = await cli.chore("rm", "-q", "web");
	assert.deepEqual([removed.status, removed.stdout, removed.stderr], [0, "", ""]);
});

test("an error is told even with -q", PATIENCE, async () => {
	await using cli = new Cli();
	assert.match((await cli.chore("-q", "stop", "nobody")).stderr, /^chore: no job named "nobody"/);
});

test("ps is a table with the active jobs first, and says nothing where there are none", PATIENCE, async () => {
	await using cli = new Cli();
	const none = await cli.chore("ps");
	assert.deepEqual([none.status, none.stdout, none.stderr], [0, "", ""]);
	await cli.begin("-n", "ok", "true");
	await cli.begin("-n", "bad", "-c", "exit 3");
	await cli.begin("-n", "slow", "--timeout", "50ms", "sleep", "60");
	await cli.begin("-n", "hit", "-c", "kill -9 $$");
	await cli.chore("wait", "ok", "bad", "slow", "hit");
	await cli.begun("-n", "web", "sleep", "60");
	const { stdout } = await cli.chore("ps");
	const lines = stdout.trimEnd().split("\n");
	assert.match(lines[0] ?? "", /^NAME {2}ID {8}STATE {15}SINCE {2,}COMMAND$/);
	assert.match(lines[1] ?? "", /^web {3}[0-9a-f]{8} {2}running {13}\d+ (s|min) +sleep 60$/);
	const rest = lines.slice(2).join("\n");
	for (const line of [
		/^ok {4}[0-9a-f]{8} {2}succeeded +\d+ (s|min) ago {2}true$/m,
		/^bad {3}[0-9a-f]{8} {2}failed, code 3 +\d+ (s|min) ago {2}exit 3$/m,
		/^slow {2}[0-9a-f]{8} {2}failed, time limit {2}\d+ (s|min) ago {2}sleep 60$/m,
		/^hit {3}[0-9a-f]{8} {2}failed, SIGKILL +\d+ (s|min) ago {2}kill -9 \$\$$/m,
	])
		assert.match(rest, line);
	assert.equal((await cli.chore("ps", "--state", "failed", "-q")).stdout.split("\n").length, 4);
	assert.equal((await cli.chore("ps", "--state", "failed", "--state", "running", "-q")).stdout.split("\n").length, 5);
});

test("ps shows the 10 that ended last, -a shows all", PATIENCE, async () => {
	await using cli = new Cli();
	const ids: string[] = [];
	for (let number = 0; number < 13; number++) ids.push(await cli.begin("true"));
	await cli.chore("wait", ...ids);
	assert.equal((await cli.chore("ps", "-q")).stdout.trim().split("\n").length, 10);
	assert.equal((await cli.chore("ps", "-qa")).stdout.trim().split("\n").length, 13);
});

test("nothing that goes to a pipe holds an escape code", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.begin("-n", "web", "--", "sh", "-c", "sleep 60", "\u001b[31m\u0007\r\n\t\u202e");
	await cli.begin("-n", "bad", "-c", "exit 1 # \u001b]0;title\u0007");
	await cli.chore("wait", "bad");
	for (const words of [
		["ps"],
		["ps", "-a"],
		["status", "web", "bad"],
		["doctor"],
		["help"],
		["stop", "web"],
		["rm", "web", "bad"],
		["frob\u001b[1m"],
		["--\u001b[1m"],
		["run", "\u001b[1m"],
		["run", "-n", "\u001b[1m", "true"],
	]) {
		const outcome = await cli.run(words, { env: { TERM: "xterm-256color" } });
		const text = outcome.stdout + outcome.stderr;
		assert.equal(printable(text), text, JSON.stringify(words));
	}
});

test("JSON holds the words of a job as they are, spelt without control characters", PATIENCE, async () => {
	await using cli = new Cli();
	const word = '\u001b[31m\u0007\r\n\t\u0001é漢"\\';
	await cli.begin("--", "true", word);
	const { stdout } = await cli.chore("--json", "ps");
	assert.deepEqual((JSON.parse(stdout) as Job[])[0]?.command, ["true", word]);
	assert.equal(printable(stdout), stdout);
});

/** Without what can move a cursor or change a colour. */
function printable(text: string): string {
	return [...text].filter((letter) => letter === "\n" || !/[\p{Cc}\u202e]/u.test(letter)).join("");
}

test("a tag that is empty, too long or no text is refused", PATIENCE, async () => {
	await using cli = new Cli();
	for (const tag of ["", "x".repeat(201), "a\nb"]) {
		const { status, stderr } = await cli.chore("run", "--tag", tag, "--", "true");
		assert.equal(status, 2);
		assert.match(stderr, /cannot be a tag/);
	}
	assert.deepEqual(await cli.list(), []);
});

test("status shows a job in detail: command, processes, limits, last lines", PATIENCE, async () => {
	await using cli = new Cli();
	const id = await cli.begin(
		"-n",
		"web",
		"--description",
		"serves",
		"--timeout",
		"1h",
		"-c",
		"for i in 1 2 3 4 5; do echo line $i; done; printf 'esc \\033[1m'; sleep 60; true",
	);
	await eventually("it has written", async () => (await cli.job(id)).output.bytes, above(35));
	const { stdout, status } = await cli.chore("status", "-n", "3", "web");
	assert.equal(status, 0);
	assert.match(stdout, /^web \([0-9a-f]{8}\) is running for \d+ s, pid \d+\n/);
	for (const line of [
		/^ {2}about {6}serves$/m,
		/^ {2}platform {3}posix$/m,
		/^ {2}limits {5}time 1 h$/m,
		/^ {2}processes$/m,
		/^ {4}\d+ \/bin\/sh -c for /m,
		/^ {6}\d+ sleep 60$/m,
	]) {
		assert.match(stdout, line);
	}
	assert.match(stdout, /^ {2}id {9}[0-9a-f-]{36}$/m);
	assert.ok(stdout.endsWith("  last lines\n    line 4\n    line 5\n    esc \\x1b[1m\n"), stdout);
	const ended = await cli.chore("stop", "web");
	assert.match(ended.stdout, /^web \([0-9a-f]{8}\) stopped by SIGTERM after (?:less than )?\d/);
	assert.match((await cli.chore("status", "web")).stdout, /^web \([0-9a-f]{8}\) stopped by SIGTERM after .*, \d+ (s|min) ago\n/);
});

test("status tells who asked an API for a job", PATIENCE, async () => {
	await using cli = new Cli();
	await using chore = await openChore({ home: cli.state, platform: "posix" });
	await chore.run({ command: ["sleep", "60"], name: "web", origin: { client: "alice \u202e" } });
	assert.match((await cli.chore("status", "web")).stdout, /^ {2}started by alice \\u202e, by the API$/m);
});

test("doctor says which platform is used and where things are, without anything being there", PATIENCE, async () => {
	await using cli = new Cli();
	const { status, stdout } = await cli.chore("doctor");
	assert.equal(status, 0);
	assert.match(stdout, /^posix: used for new jobs$/m);
	assert.match(stdout, /^ {2}state +~?\/.*state \(folder 0700, yours\)/m);
	const other = await cli.chore("--platform", "nowhere", "doctor");
	assert.equal(other.status, 1);
});

test("logs gives bytes as they are, and the last lines of them", PATIENCE, async () => {
	await using cli = new Cli();
	const id = await cli.begin("-n", "raw", "-c", "printf '\\000\\377\\033[1m\\n1\\n2\\n3'");
	await cli.chore("wait", id);
	assert.deepEqual([...(await cli.chore("logs", "raw")).bytes.subarray(0, 7)], [0, 255, 27, 91, 49, 109, 10]);
	for (const [lines, got] of [
		["0", ""],
		["1", "3"],
		["2", "2\n3"],
		["3", "1\n2\n3"],
	] as const)
		assert.equal((await cli.chore("logs", "-n", lines, "raw")).stdout, got);
	assert.equal((await cli.chore("logs", "--run", "1", "-n", "1", "raw")).stdout, "3");
	const none = await cli.chore("logs", "--run", "2", "raw");
	assert.equal(none.status, 2);
	assert.match(none.stderr, /has no run 2/);
});
