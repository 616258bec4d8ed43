/** Bytes in and out: pipelines on both sides, input that is sent, and readers that leave early. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { assertNoBug, Cli, PATIENCE } from "../support/cli.ts";
import { above, eventually } from "../support/eventually.ts";

test("-P takes stdin to the job and brings its two streams back", PATIENCE, async () => {
	await using cli = new Cli();
	const outcome = await cli.run(["run", "-q", "-P", "-c", 'read -r line; echo "out: $line"; echo "err: $line" >&2; cat; exit 3'], {
		input: "first\nrest\n",
	});
	assert.deepEqual([outcome.status, outcome.stdout], [3, "out: first\nrest\n"]);
	assert.match(outcome.stderr, /^err: first\n/);
});

test("-P carries a megabyte through cat, byte for byte", PATIENCE, async () => {
	await using cli = new Cli();
	const input = randomBytes(1024 * 1024);
	const outcome = await cli.run(["run", "-q", "-P", "cat"], { input });
	assert.deepEqual([outcome.status, outcome.stderr], [0, ""]);
	assert.ok(outcome.bytes.equals(input), `${outcome.bytes.length} bytes`);
});

test("-P ends with the job, not with stdin", PATIENCE, async () => {
	await using cli = new Cli();
	const running = cli.start(["run", "-q", "-P", "head", "-n", "1"], { input: null });
	running.child.stdin?.write("only\n");
	const outcome = await running.ended;
	assert.deepEqual([outcome.status, outcome.stdout, outcome.stderr], [0, "only\n", ""]);
});

test("-P of a job that reads nothing ends with it, however much there is to read", PATIENCE, async () => {
	await using cli = new Cli();
	const outcome = await cli.run(["run", "-q", "-P", "true"], { input: randomBytes(1024 * 1024) });
	assertNoBug(outcome);
	assert.deepEqual([outcome.status, outcome.stdout, outcome.stderr], [0, "", ""]);
});

test("-P works in the middle of a pipeline", PATIENCE, async () => {
	await using cli = new Cli();
	const outcome = await cli.shell("printf '3\\n1\\n2\\n' | chore run -q -P sort | tr '\\n' ,");
	assert.deepEqual([outcome.status, outcome.stdout, outcome.stderr], [0, "1,2,3,", ""]);
});

test("the reader of run -P may leave early, also while its stdin is open", PATIENCE, async () => {
	await using cli = new Cli();
	for (const input of ["", null]) {
		const line = "chore run -q -P -n web --if-running replace -c 'while echo y; do sleep 0.02; done' | head -n 2";
		const outcome = await cli.shell(line, { input });
		assertNoBug(outcome);
		assert.deepEqual([outcome.stdout, outcome.stderr], ["y\ny\n", ""]);
		const { status } = await cli.chore("wait", "web");
		assert.equal(status, 141, "the job is told by SIGPIPE");
	}
});

test("a job whose output has no reader any more ends by SIGPIPE, as in a pipe", PATIENCE, async () => {
	await using cli = new Cli();
	const outcome = await cli.shell("chore run -q -n endless -P -- yes | head -n 1");
	assertNoBug(outcome);
	assert.equal(outcome.stdout, "y\n");
	const waited = await cli.chore("wait", "endless", "--json");
	const [job] = JSON.parse(waited.stdout);
	assert.ok(job.signal === "SIGPIPE" || job.exitCode === 141, waited.stdout);
});

test("a reader that leaves early ends logs and ps quietly", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.begin("-n", "web", "-c", "seq 1 200000; sleep 60");
	await eventually("it has written", async () => (await cli.job("web")).output.bytes, above(1_000_000));
	for (const line of ["chore logs web | head -1", "chore logs -f web | head -1", "chore logs -n 150000 web | sed -n '1q'"]) {
		const outcome = await cli.shell(line);
		assert.deepEqual([outcome.status, outcome.stderr], [0, ""], line);
	}
	for (const line of [
		"chore ps | true",
		"chore --json ps | true",
		"chore help | true",
		"chore | true",
		"chore --version | true",
		"chore frob 2>&1 | true",
		"chore doctor | true",
		"chore status web | true",
	]) {
		const outcome = await cli.shell(line);
		assert.equal(outcome.stderr, "", line);
	}
});

test("a full disk behind stdout is told, and is no bug", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.begin("-n", "web", "-c", "echo something");
	await cli.chore("wait", "web");
	assert.equal((await cli.shell("chore --version >/dev/full")).status, 1);
	for (const line of [
		"chore help >/dev/full",
		"chore ps >/dev/full",
		"chore logs web >/dev/full",
		"chore --json ps >/dev/full",
		"chore run true >/dev/full",
	]) {
		const outcome = await cli.shell(line);
		assertNoBug(outcome);
		assert.ok(outcome.status !== 0 && outcome.status !== null, line);
		assert.match(outcome.stderr, /^(chore: |\{"error":).*no space left/, line);
	}
});

test("a closed stdout, stderr or stdin is no bug", PATIENCE, async () => {
	await using cli = new Cli();
	for (const line of [
		"chore run true <&-",
		"chore ps >&-",
		"chore run true 2>&-",
		"chore run true <&- >&- 2>&-",
		"chore status nobody 2>&-",
	]) {
		const outcome = await cli.shell(line);
		assertNoBug(outcome);
		assert.ok(outcome.status !== null && outcome.status < 128, `${line}: ${outcome.status} ${outcome.signal}`);
	}
	for (const job of await cli.list()) assert.equal((await cli.chore("wait", job.id)).status, 0);
});

test("send writes lines to a job with --stdin fifo, and --eof ends its input", PATIENCE, async () => {
	await using cli = new Cli();
	const id = await cli.begin("-n", "reader", "--stdin", "fifo", "cat");
	for (const [words, how] of [
		[["send", "reader", "one"], {}],
		[["send", "--no-newline", "reader", "two"], {}],
		[["send", "reader", ""], {}],
		[["send", "reader", "-"], { input: "three\nfour" }],
		[["send", "reader", "five", "--eof"], {}],
	] as const) {
		const outcome = await cli.run(words, how);
		assert.deepEqual([outcome.status, outcome.stdout, outcome.stderr], [0, "", ""], words.join(" "));
	}
	assert.equal((await cli.chore("wait", id)).status, 0);
	assert.equal((await cli.chore("logs", id)).stdout, "one\ntwo\nthree\nfourfive\n");
	const late = await cli.chore("send", "reader", "late");
	assert.equal(late.status, 3);
	assert.match(late.stderr, /^chore: reader \(.*\) is not active: succeeded\nhint: /);
});

test("send to a job that closed its input, or has none, says so", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.begin("-n", "deaf", "sleep", "60");
	const none = await cli.chore("send", "deaf", "x");
	assert.equal(none.status, 1);
	assert.match(none.stderr, /^chore: deaf \(.*\) was started without an input.*\nhint: start it with --stdin fifo\n$/);
	await cli.begin("-n", "closed", "--stdin", "fifo", "-c", "exec <&-; echo ready; sleep 60");
	await eventually("it has closed its input", async () => (await cli.job("closed")).output.bytes, above(0));
	const closed = await cli.chore("send", "closed", "x");
	assertNoBug(closed);
	assert.equal(closed.status, 1);
	assert.match(closed.stderr, /^chore: closed \(.*\) has closed its input\nhint: /);
});

test("descriptors of the caller stay with the caller: a lock is free and a pipe ends with the command", PATIENCE, async () => {
	await using cli = new Cli();
	const locked = await cli.shell(
		"(flock 9; chore run -q sleep 60 >/dev/null; exec 200>&9; chore run -q sleep 61 >/dev/null) 9>lock; flock -n lock echo free",
	);
	assert.deepEqual([locked.status, locked.stdout], [0, "free\n"], locked.stderr);
	const piped = await cli.shell("(chore run -q sleep 60 | cat; echo done) 2>&1");
	assert.match(piped.stdout, /^[0-9a-f-]{36}\ndone\n$/);
});

test("logs -f of a job that writes while it is read gives every byte once", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.begin("-n", "web", "-c", 'for i in $(seq 1 300); do echo "line $i"; [ $((i % 50)) -ne 0 ] || sleep 0.05; done; exit 2');
	const outcome = await cli.chore("logs", "-f", "web");
	assert.equal(outcome.status, 2);
	assert.equal(outcome.stdout, Array.from({ length: 300 }, (_, index) => `line ${index + 1}\n`).join(""));
});
