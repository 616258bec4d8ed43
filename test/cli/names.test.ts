/** Which job a word means, and what happens when a name is wanted twice. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { begun } from "../support/begun.ts";
import { assertNoBug, Cli, errorIn, PATIENCE } from "../support/cli.ts";
import { eventually } from "../support/eventually.ts";

test("a job is meant by its name, its id, or the end of its id", PATIENCE, async () => {
	await using cli = new Cli();
	const id = await cli.begin("-n", "web", "true");
	await cli.chore("wait", "web");
	for (const reference of ["web", id, id.toUpperCase(), id.slice(-8), id.slice(-4), id.slice(-17), id.slice(1)]) {
		assert.equal((await cli.job(reference)).id, id, reference);
	}
	for (const reference of [id.slice(-3), id.slice(0, 8), `${id}0`, "WEB", "we"]) {
		const outcome = await cli.chore("logs", reference);
		assert.equal(outcome.status, 4, reference);
	}
});

test("a job that is not there is told with its session, and the name that was perhaps meant", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.begin("-n", "web", "true");
	await cli.begin("-n", "worker", "true");
	for (const words of [["stop"], ["status"], ["logs"], ["rm"], ["kill"], ["send"]]) {
		const outcome = await cli.run([...words, "webb", ...(words[0] === "send" ? ["x"] : [])]);
		assert.deepEqual(
			[outcome.status, outcome.stdout, outcome.stderr],
			[4, "", 'chore: no job named "webb" in session "default"\nhint: did you mean "web"? `chore ps -a` lists the jobs\n'],
			words.join(" "),
		);
	}
	const other = await cli.chore("status", "xyzzy-quux");
	assert.deepEqual([other.status, other.stderr.includes("did you mean")], [4, false]);
	assert.deepEqual(errorIn(await cli.chore("--json", "status", "webb")).code, "JOB_NOT_FOUND");
});

test("a word that can be no name is only not found, whatever is in it", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.begin("-n", "web", "true");
	for (const word of ["..", "../../etc/passwd", "a\nb", "\u001b[31m", "x".repeat(5000), " ", "*", "--", "-", "ÿ".repeat(40)]) {
		const outcome = await cli.run(["status", "--", word]);
		assertNoBug(outcome);
		assert.deepEqual([outcome.status, outcome.stdout], [4, ""], JSON.stringify(word));
		assert.ok(!outcome.stderr.includes("\u001b"), "no control character reaches the terminal");
	}
});

test("the end of several ids is refused, with those it may mean", PATIENCE, async () => {
	await using cli = new Cli();
	const ids = [await cli.begin("-n", "one", "true"), await cli.begin("-n", "two", "true")];
	// Two ids that end alike: made by a rename, since chance would take too long.
	const twin = `${ids[0]?.slice(0, 24)}${ids[1]?.slice(24)}`;
	await cli.chore("wait", "one", "two");
	await cli.shell(`mv '${cli.jobFolder(ids[0] ?? "")}' '${cli.jobFolder(twin)}'`);
	const outcome = await cli.chore("status", twin.slice(-8));
	assert.equal(outcome.status, 4);
	assert.match(outcome.stderr, /^chore: "[0-9a-f]{8}" is the end of 2 ids\nhint: use more of one of them: /);
	for (const id of [twin, ids[1]]) assert.ok(outcome.stderr.includes(id ?? "?"));
	assert.equal(errorIn(await cli.chore("--json", "status", twin.slice(-8))).code, "JOB_AMBIGUOUS");
});

test("of ended jobs with the same name the newest is meant", PATIENCE, async () => {
	await using cli = new Cli();
	const ids: string[] = [];
	for (const code of [1, 2, 3]) {
		ids.push(await cli.begin("-n", "again", "-c", `exit ${code}`));
		assert.equal((await cli.chore("wait", "again")).status, code);
	}
	assert.equal((await cli.job("again")).id, ids[2]);
	await cli.chore("rm", ids[2] ?? "");
	assert.equal((await cli.job("again")).id, ids[1]);
});

test("status, logs and wait without a job take the newest, and say which on stderr", PATIENCE, async () => {
	await using cli = new Cli();
	for (const verb of ["status", "logs", "wait"]) {
		const outcome = await cli.chore(verb);
		assert.equal(outcome.status, verb === "wait" ? 125 : 4);
		assert.match(outcome.stderr, /^chore: there are no jobs in session "default"\nhint: /);
	}
	await cli.begin("-n", "older", "echo", "older");
	const id = await cli.begin("-n", "newer", "-c", "echo newer; exit 3");
	const said = `chore: the newest job is newer (${id.slice(-8)})\n`;
	const waited = await cli.chore("wait");
	assert.deepEqual([waited.status, waited.stdout], [3, ""]);
	assert.ok(waited.stderr.startsWith(said), waited.stderr);
	const logs = await cli.chore("logs");
	assert.deepEqual([logs.status, logs.stdout, logs.stderr], [0, "newer\n", said]);
	const status = await cli.chore("status");
	assert.deepEqual([status.status, status.stderr, status.stdout.startsWith("newer (")], [3, said, true]);
	assert.equal((await cli.chore("-q", "status")).stderr, "");
});

test("a name in use by an active job is refused with 5", PATIENCE, async () => {
	await using cli = new Cli();
	const { id } = await cli.begun("-n", "web", "sleep", "60");
	const outcome = await cli.chore("run", "-n", "web", "true");
	assert.deepEqual([outcome.status, outcome.stdout], [5, ""]);
	assert.match(
		outcome.stderr,
		new RegExp(`^chore: the name "web" is in use by a job that is running \\(${id.slice(-8)}\\)\nhint: .*--if-running`),
	);
	assert.equal((await cli.chore("run", "--if-running", "fail", "-n", "web", "true")).status, 5);
	assert.equal((await cli.chore("run", "--wait", "-n", "web", "true")).status, 125);
	assert.equal(errorIn(await cli.chore("--json", "run", "-n", "web", "true")).code, "NAME_IN_USE");
	assert.equal((await cli.list()).length, 1);
});

test("--if-running skip gives the job that is there", PATIENCE, async () => {
	await using cli = new Cli();
	const { id } = await cli.begun("-n", "web", "--if-running", "skip", "sleep", "60");
	const outcome = await cli.chore("run", "-n", "web", "--if-running", "skip", "true");
	assert.deepEqual([outcome.status, outcome.stdout], [0, `${id}\n`]);
	assert.match(outcome.stderr, /^web is running already/);
	assert.equal((await cli.json<{ id: string }>("run", "-n", "web", "--if-running", "skip", "true")).id, id);
	await cli.chore("stop", "web");
	assert.notEqual(await cli.begin("-n", "web", "--if-running", "skip", "true"), id);
});

test("--if-running replace stops the job that is there, children included, and starts the new one", PATIENCE, async () => {
	await using cli = new Cli();
	const old = await cli.begin("-n", "web", "-c", "sleep 301 & sleep 302");
	const fresh = await cli.begin("-n", "web", "--if-running", "replace", "sleep", "60");
	assert.notEqual(fresh, old);
	assert.equal((await cli.job(old)).state, "stopped");
	assert.equal((await cli.job("web")).id, fresh);
	assert.equal((await begun(() => cli.job(fresh))).id, fresh);
});

test("--if-running attach follows the job that is there and gives its code", PATIENCE, async () => {
	await using cli = new Cli();
	const id = await cli.begin("-n", "web", "-c", "echo first; while [ ! -e go ]; do sleep 0.02; done; echo last; exit 7");
	const attached = cli.start(["run", "-n", "web", "--if-running", "attach", "false"]);
	await eventually("the first line is shown", () => attached.stdout(), "first\n");
	cli.file("project/go", "");
	const outcome = await attached.ended;
	assert.deepEqual([outcome.status, outcome.stdout], [7, "first\nlast\n"], outcome.stderr);
	assert.match(outcome.stderr, new RegExp(`^web is running already on posix as ${id}\n`));
	assert.equal((await cli.list()).length, 1);
	const started = await cli.chore("run", "-n", "web", "--if-running", "attach", "-c", "exit 3");
	assert.equal(started.status, 0, "nothing was there: it is started like any other");
});

test("sessions are separate sets of jobs with names of their own", PATIENCE, async () => {
	await using cli = new Cli();
	const here = await cli.begin("-n", "web", "sleep", "60");
	const there = (await cli.run(["run", "-n", "web", "sleep", "60"], { env: { CHORE_SESSION: "other" } })).stdout.trim();
	assert.deepEqual(
		(await cli.list()).map(({ id, session }) => [id, session]),
		[[here, "default"]],
	);
	assert.deepEqual(
		(await cli.list("--session", "other")).map(({ id, session }) => [id, session]),
		[[there, "other"]],
	);
	assert.equal((await cli.chore("status", there)).status, 4);
	assert.equal((await cli.chore("stop", "--all")).status, 0);
	assert.equal((await cli.run(["status", "web"], { env: { CHORE_SESSION: "other" } })).status, 0);
	const option = await cli.run(["--session", "default", "ps", "-aq"], { env: { CHORE_SESSION: "other" } });
	assert.equal(option.stdout, `${here}\n`, "the option wins over the variable");
	const empty = await cli.run(["ps", "-aq"], { env: { CHORE_SESSION: "" } });
	assert.equal(empty.stdout, `${here}\n`, "an empty variable is none");
});

test("without a name a job is named after its program, also that in a line of shell", PATIENCE, async () => {
	await using cli = new Cli();
	for (const [words, name] of [
		[["/bin/true"], "true"],
		[["-c", "true"], "true"],
		[["-c", "  PORT=1 A='x y' exec true"], "true"],
		[["-c", "cd / && /bin/true"], "true"],
		[["-c", "time sh -c :"], "sh"],
		[["-c", "exec"], "exec"],
		[["-c", "sudo -n true"], "sudo"],
		[["-c", "A=1"], "A-1"],
	] as const) {
		const id = await cli.begin(...words);
		assert.equal((await cli.job(id)).name.replace(/-\d$/, ""), name.replace(/-\d$/, ""), words.join(" "));
	}
});
