/** `chore history` and `chore events`: what was, and what happens. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, readFileSync } from "node:fs";
import { test } from "node:test";
import type { LedgerEvent } from "../../src/core/disk/ledger.ts";
import type { HistoryEntry } from "../../src/core/look/history.ts";
import { assertNoBug, Cli, PATIENCE, type Running } from "../support/cli.ts";
import { eventually, kill } from "../support/eventually.ts";

const noScript = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") !== true;

/** A follower that has begun to follow. */
async function following(cli: Cli, ...words: readonly string[]): Promise<Running> {
	const follower = cli.start(["events", "-f", ...words], { detached: true });
	await eventually("it follows", async () => {
		await cli.chore("run", "-q", "-n", "warm-up", "--if-running", "skip", "true");
		return follower.stdout().includes("warm-up");
	});
	return follower;
}

function eventsIn(text: string): LedgerEvent[] {
	return text
		.split("\n")
		.filter((line) => line !== "")
		.map((line) => JSON.parse(line) as LedgerEvent);
}

test("history is a table of runs, latest first, with those of forgotten jobs, and takes its filters", PATIENCE, async () => {
	await using cli = new Cli();
	const good = await cli.begin("-n", "good", "--wait", "true").then(() => cli.job("good"));
	await cli.chore("run", "-n", "bad", "--wait", "--", "sh", "-c", "exit 3", "a b");
	await cli.chore("rm", "bad");
	await cli.chore("start", "good");
	await cli.chore("wait", "good");
	const live = await cli.begin("-n", "live", "sleep", "60");
	const { status, stdout, stderr } = await cli.chore("history");
	assert.deepEqual([status, stderr], [0, ""]);
	const lines = stdout.trimEnd().split("\n");
	assert.match(lines[0] ?? "", /^NAME +ID +RUN +STATE +STARTED +TOOK +COMMAND$/);
	assert.match(lines[1] ?? "", /^live +[0-9a-f]{8} +1 +(starting|running) +((\S+ )?[\d:]{8} +\d+ (s|min) so far +)?sleep 60$/);
	assert.match(lines[2] ?? "", /^good +[0-9a-f]{8} +2 +succeeded +(\S+ )?[\d:]{8} +.* s +true$/);
	assert.match(lines[3] ?? "", /^bad +[0-9a-f]{8} +1 +failed, code 3, forgotten +(\S+ )?[\d:]{8} +.* s +sh -c 'exit 3' 'a b'$/);
	assert.match(lines[4] ?? "", /^good +[0-9a-f]{8} +1 +succeeded /);
	assert.equal(lines.length, 5);
	const names = async (...words: readonly string[]): Promise<string[]> =>
		(await cli.json<readonly HistoryEntry[]>("history", ...words)).map(({ name, run }) => `${name} ${run}`);
	assert.deepEqual(await names("good"), ["good 2", "good 1"]);
	assert.deepEqual(await names("good", "bad", "nobody"), ["good 2", "bad 1", "good 1"]);
	assert.deepEqual(await names(good.id.slice(-8)), ["good 2", "good 1"]);
	assert.deepEqual(await names("--state", "failed", "--state", "stopped,lost"), ["bad 1"]);
	assert.deepEqual(await names("-n", "1"), ["live 1"]);
	assert.deepEqual(await names("-n", "0"), []);
	assert.deepEqual(await names("-n", "1", "-n", "2"), ["live 1", "good 2"]);
	assert.deepEqual(await names("--since", "1h ago", "--until", "now"), ["live 1", "good 2", "bad 1", "good 1"]);
	assert.deepEqual(await names("--since", "tomorrow"), ["live 1"]);
	assert.deepEqual(await names("--until", "yesterday"), []);
	assert.equal((await cli.chore("history", "-q")).stdout.split("\n")[0], live);
	assert.equal((await cli.chore("history", "-q")).stdout.trimEnd().split("\n").length, 3, "each id once");
	assert.deepEqual((await cli.chore("history", "nobody")).stdout, "");
});

test("history of a session that never was is empty, and makes none", PATIENCE, async () => {
	await using cli = new Cli();
	for (const words of [["history"], ["events"], ["history", "-q"]])
		assert.deepEqual(await cli.run(words).then(({ status, stdout }) => [status, stdout]), [0, ""], words.join(" "));
	assert.equal((await cli.chore("--json", "history")).stdout, "[]\n");
	assert.equal((await cli.shell(`ls '${cli.state}'`)).stdout, "notices\n");
});

test("without options the newest 50 runs are listed, with any filter all of them", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.begin("-n", "web", "--wait", "true");
	const path = `${cli.state}/default/ledger.jsonl`;
	const lines = readFileSync(path, "utf8");
	for (let run = 2; run <= 52; run++) appendFileSync(path, lines.replaceAll('"run":1', `"run":${run}`));
	const count = async (...words: readonly string[]): Promise<number> =>
		(await cli.json<readonly HistoryEntry[]>("history", ...words)).length;
	assert.equal(await count(), 50);
	for (const words of [["-a"], ["web"], ["--state", "succeeded"], ["--since", "-1h"], ["--until", "now"], ["-n", "60"]])
		assert.equal(await count(...words), 52, words.join(" "));
});

test("the table of the history fits 40 and 80 columns", { ...PATIENCE, skip: noScript && "needs script(1) of util-linux" }, async () => {
	await using cli = new Cli();
	await cli.chore("run", "-n", `a-${"long-".repeat(10)}z`, "--wait", "--", "sh", "-c", "exit 3", "x".repeat(200));
	await cli.chore("rm", "--", `a-${"long-".repeat(10)}z`);
	for (const columns of [40, 80, 200]) {
		const { stdout } = await cli.terminal("NO_COLOR=1 chore history", columns);
		const lines = stdout.trimEnd().split("\r\n");
		assert.equal(lines.length, 2, stdout);
		for (const line of lines) assert.ok(line.length <= columns, `${line.length} columns of ${columns}: ${line}`);
	}
	assert.match((await cli.terminal("chore history nobody", 80)).stdout, /no such runs/);
});

test("events are told one a line: for people, and as JSON", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.chore("run", "-n", "web", "--wait", "--", "sh", "-c", "exit 3", "a\nb");
	await cli.chore("start", "web");
	await cli.chore("wait", "web");
	await cli.begin("-n", "live", "sleep", "60");
	for (const verb of ["stop", "rm"]) assert.equal((await cli.chore(verb, "live")).status, 0, verb);
	const { status, stdout, stderr } = await cli.chore("events");
	assert.deepEqual([status, stderr], [0, ""]);
	const lines = stdout.trimEnd().split("\n");
	for (const line of lines) assert.match(line, /^(\S+ )?\d\d:\d\d:\d\d (web|live) \([0-9a-f]{8}\) /);
	const told = lines.map((line) =>
		line
			.replace(/^(\S+ )?\S+ (?=(web|live) )/, "") // with the date, of what was before midnight
			.replace(/\([0-9a-f]{8}\) /, "")
			.replace(/after .* s\b/, "after a time"),
	);
	assert.deepEqual(
		told.map((line) => line.replace(/asked by \S+/, "asked by somebody")),
		[
			"web created: sh -c 'exit 3' 'a\\nb'",
			"web started on posix",
			"web failed: exit code 3 after a time",
			"web started on posix, run 2",
			"web failed: exit code 3 after a time, run 2",
			"live created: sleep 60",
			"live started on posix",
			"live is to stop, asked by somebody",
			"live stopped by SIGTERM after a time",
			"live forgotten",
		],
	);
	const events = eventsIn((await cli.chore("--json", "events")).stdout);
	assert.equal(events.length, lines.length);
	assert.deepEqual([events[2]?.event, events[2]?.exitCode, events[2]?.attempt, events[2]?.name], ["exited", 3, 1, "web"]);
	assert.equal((await cli.chore("events", "--since", "1h ago")).stdout, stdout);
	assert.equal((await cli.chore("events", "--since", "tomorrow")).stdout, "");
});

test("events -f tells what happens from now on, in order, each once, until Ctrl-C", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.chore("run", "-n", "before", "--wait", "true");
	const follower = await following(cli, "--json");
	const jobs = await Promise.all(Array.from({ length: 12 }, (_, index) => cli.begin("-n", `job-${index}`, "-c", `exit ${index}`)));
	const of = (id: string): LedgerEvent[] => eventsIn(follower.stdout()).filter((event) => event.id === id);
	for (const id of jobs)
		await eventually("its end is told, although no other command looks", () => of(id).some(({ event }) => event === "exited"));
	await cli.list(); // a command that settles them again writes no second end
	await cli.chore("rm", ...jobs);
	for (const [index, id] of jobs.entries()) {
		await eventually("its removal is told", () => of(id).some(({ event }) => event === "removed"));
		assert.deepEqual(
			of(id).map(({ event }) => event),
			["created", "started", "exited", "removed"],
			`job-${index}`,
		);
		assert.equal(of(id)[2]?.exitCode, index);
	}
	assert.ok(!follower.stdout().includes('"before"'), "nothing of what was before");
	kill(-follower.pid, "SIGINT"); // as a terminal does it: to all of the foreground
	const outcome = await follower.ended;
	assertNoBug(outcome);
	assert.deepEqual([outcome.status, outcome.signal, outcome.stderr], [130, null, ""]);
});

test("events -f --since begins at that moment, and goes on", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.chore("run", "-n", "before", "--wait", "true");
	const follower = await following(cli, "--since", "1h ago");
	assert.match(
		follower.stdout(),
		/^\S+ before \([0-9a-f]{8}\) created: true\n\S+ before .* started on posix\n\S+ before .* succeeded after/,
	);
	await cli.chore("run", "-n", "after", "--wait", "-c", "exit 3");
	await eventually("it goes on", () => / after \([0-9a-f]{8}\) failed: exit code 3/.test(follower.stdout()));
	kill(-follower.pid, "SIGINT");
	assert.equal((await follower.ended).status, 130);
});

test("events -f ends quietly when its output has no reader any more", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.begin("-n", "before", "--wait", "true");
	const line = `{ chore events -f --since '1h ago'; echo "status $?" >&2; } | head -n 1`;
	const follower = cli.spawn(["/bin/sh", "-c", line]);
	let isOver = false;
	void follower.ended.then(() => {
		isOver = true;
	});
	await eventually("it finds out by the next event", async () => {
		await cli.chore("run", "-q", "true");
		return isOver;
	});
	const { stdout, stderr } = await follower.ended;
	assert.match(stdout, /^\S+ before \([0-9a-f]{8}\) created: true\n$/);
	assert.equal(stderr, "status 141\n");
});

test("events --cursor prints what came since it was moved, and moves it where it is told to or once all is printed", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.chore("run", "-q", "-n", "one", "--wait", "true");
	const first = await cli.call("--json", "events", "--cursor", "pg", "--max", "2");
	const [created, started, place, ...more] = first.stdout
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line));
	assert.deepEqual([created.event, started.event, place.cursor, more], ["created", "started", "pg", []]);
	const words = ["events", "--cursor", "pg"];
	const moved = await cli.call(...words, "--commit-to", place.next);
	assert.deepEqual([moved.status, moved.stdout, moved.stderr], [0, "", ""]);
	assert.match((await cli.call(...words)).stdout, /^[^\n]* one \([0-9a-f]{8}\) succeeded[^\n]*\ncursor pg 1:[0-9]+\n$/);
	assert.match((await cli.call(...words, "--commit")).stdout, /^[^\n]* one \([0-9a-f]{8}\) succeeded[^\n]*\n$/);
	assert.equal((await cli.call(...words, "--commit")).stdout, "");
	for (const wrong of [["--commit"], ["--max", "3"], ["--cursor", "pg", "-f"], ["--cursor", "pg", "--commit", "--commit-to", "1:0"]])
		assert.equal((await cli.call("events", ...wrong)).status, 2, wrong.join(" "));
	assert.equal((await cli.call("events", "--cursor", "../pg")).status, 2);
});
