/** At a terminal: tables that fit, colours, Ctrl-C, and a window that is closed. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import stringWidth from "string-width";
import { assertNoBug, Cli, PATIENCE } from "../support/cli.ts";
import { eventually, isEmpty, kill } from "../support/eventually.ts";

const noScript = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") !== true;
const atTerminal = { ...PATIENCE, skip: noScript && "needs script(1) of util-linux for a pseudo-terminal" };

/** What a terminal shows of it: lines without colours. */
function shown(text: string): string[] {
	// Colours are the only escapes there may be.
	const [start = "", ...rest] = text.split("\u001b[");
	const plain = rest.map((part) => (/^\d+m/.test(part) ? part.replace(/^\d+m/, "") : `\u001b[${part}`));
	return [start, ...plain].join("").replaceAll("\r\n", "\n").trimEnd().split("\n");
}

test("tables fit 40 and 80 columns, also with wide characters", atTerminal, async () => {
	await using cli = new Cli();
	await cli.begin("-n", `a-${"long-".repeat(12)}z`, "--", "sleep", "60", "x".repeat(200));
	await cli.begin("-n", "wide", "--", "sleep", "60", "漢字".repeat(60), "👩‍👩‍👧‍👦é".repeat(10));
	await cli.begin("-n", "shell", "-c", `sleep 60 # ${"漢".repeat(100)}`);
	for (const columns of [40, 80, 200]) {
		for (const line of ["chore ps", "chore ps -a", "NO_COLOR=1 chore ps"]) {
			const { status, stdout } = await cli.terminal(line, columns);
			assert.equal(status, 0, stdout);
			const lines = shown(stdout);
			assert.equal(lines.length, 4, stdout);
			for (const text of lines) {
				assert.ok(stringWidth(text) <= columns, `${stringWidth(text)} columns of ${columns}: ${text}`);
				assert.ok(!/\p{Cc}/u.test(text), JSON.stringify(text));
			}
			const widths = lines.map((text) => stringWidth(text.slice(0, text.search(/[0-9a-f]{8} |ID /))));
			assert.equal(new Set(widths).size, 1, `the columns are aligned:\n${lines.join("\n")}`);
		}
	}
});

test("control characters in a command are shown, not obeyed", atTerminal, async () => {
	await using cli = new Cli();
	await cli.begin(
		"-n",
		"odd",
		"--description",
		"\u001b[2Jd",
		"--",
		"sleep",
		"60",
		"\u001b[2J",
		"a\nb",
		"\u009b31m",
		"\u202etxt",
		"\r",
		"\b",
	);
	for (const line of ["chore ps", "chore status odd", "chore stop odd", "chore rm odd"]) {
		const { stdout } = await cli.terminal(line, 200);
		for (const text of shown(stdout)) assert.ok(!/[\p{Cc}\u202e]/u.test(text), JSON.stringify(text));
		if (line.startsWith("chore ps"))
			for (const word of ["\\x1b[2J", "a\\nb", "\\x9b31m", "\\u202etxt", "\\r"]) assert.ok(stdout.includes(word), stdout);
	}
});

test("colour is for terminals, and not with NO_COLOR, --no-color or a dumb one", atTerminal, async () => {
	await using cli = new Cli();
	await cli.begin("-n", "web", "sleep", "60");
	const hasColour = async (line: string): Promise<boolean> =>
		(await cli.terminal(line, 80, { env: { TERM: "xterm" } })).stdout.includes("\u001b[");
	assert.equal(await hasColour("chore ps"), true);
	assert.equal(await hasColour("chore status web"), true);
	for (const line of [
		"NO_COLOR=1 chore ps",
		"chore --no-color ps",
		"chore ps --no-color",
		"TERM=dumb chore ps",
		"chore ps | cat",
		"chore --json ps",
		"chore ps -q",
	]) {
		assert.equal(await hasColour(line), false, line);
	}
});

test("at a terminal ps says what to do where there are no jobs", atTerminal, async () => {
	await using cli = new Cli();
	assert.match((await cli.terminal("chore ps", 80)).stdout, /^no jobs; `chore run -- COMMAND` starts one/);
});

for (const stays of [
	["run", "-f"],
	["run", "-P"],
	["logs", "-f"],
] as const) {
	test(`Ctrl-C of ${stays.join(" ")} leaves the job running, says so, and exits with 130`, PATIENCE, async () => {
		await using cli = new Cli();
		if (stays[0] === "logs") await cli.begin("-n", "web", "-c", "echo ready; sleep 60");
		const words = stays[0] === "logs" ? [...stays, "web"] : [...stays, "-n", "web", "-c", "echo ready; sleep 60"];
		const running = cli.start(words, { input: null, detached: true });
		await eventually("its output is shown", () => running.stdout().includes("ready"));
		kill(-running.pid, "SIGINT"); // as a terminal does it: to all of the foreground
		const outcome = await running.ended;
		assertNoBug(outcome);
		assert.deepEqual([outcome.status, outcome.signal], [130, null], outcome.stderr);
		assert.match(outcome.stderr, /\nchore: web goes on; follow it with: chore logs -f web\n$/);
		assert.equal((await cli.job("web")).state, "running");
	});
}

for (const words of [
	["run", "--wait", "-n", "web", "sleep", "60"],
	["wait", "web"],
]) {
	test(`Ctrl-C of ${words.slice(0, 2).join(" ")} leaves the job running`, PATIENCE, async () => {
		await using cli = new Cli();
		if (words[0] === "wait") await cli.begin("-n", "web", "sleep", "60");
		const running = cli.start(words, { input: null, detached: true });
		await eventually("the job runs", async () => (await cli.list())[0]?.state, "running");
		kill(-running.pid, "SIGINT");
		const outcome = await running.ended;
		assertNoBug(outcome);
		assert.ok(outcome.status === 130 || outcome.signal === "SIGINT", `${outcome.status} ${outcome.signal} ${outcome.stderr}`);
		assert.equal((await cli.job("web")).state, "running");
	});
}

test("a terminal that is closed takes the command with it and not the job, whose end is recorded", atTerminal, async () => {
	await using cli = new Cli();
	const line = "trap 'echo hung up; exit 9' HUP; echo ready; while [ ! -e go ]; do sleep 0.02; done; exit 6";
	for (const stays of ["-f", "--wait", "-P", "-q"]) {
		await cli.shell("rm -f go");
		const terminal = cli.spawn(["script", "-qec", `chore run ${stays} -n web -c "$LINE"; sleep 60`, "/dev/null"], {
			input: null,
			env: { LINE: line },
			detached: true,
		});
		const id = await eventually("the job runs", async () => {
			const job = (await cli.list()).find(({ state, output }) => state === "running" && output.bytes > 0);
			return job?.id;
		});
		terminal.child.kill("SIGKILL"); // the pty's other end closes: everything in it gets SIGHUP
		await terminal.ended;
		await eventually(
			"the terminal's processes are gone",
			() => commandsOf(cli).filter((words) => /chore run|cli\S* run /.test(words)),
			isEmpty,
		);
		assert.equal((await cli.job(id)).state, "running", stays);
		cli.file("project/go", "");
		assert.equal((await cli.chore("wait", id)).status, 6, stays);
		assert.equal((await cli.chore("logs", id)).stdout, "ready\n");
	}
});

test("SIGHUP to the command's process group does not reach the job", PATIENCE, async () => {
	await using cli = new Cli();
	const running = cli.start(["run", "-f", "-n", "web", "-c", "echo ready; while [ ! -e go ]; do sleep 0.02; done; exit 5"], {
		detached: true,
	});
	await eventually("its output is shown", () => running.stdout(), "ready\n");
	kill(-running.pid, "SIGHUP");
	assert.equal((await running.ended).signal, "SIGHUP");
	assert.equal((await cli.job("web")).state, "running");
	cli.file("project/go", "");
	assert.equal((await cli.chore("wait", "web")).status, 5);
});

test("a job has no terminal, even when it was started at one", atTerminal, async () => {
	await using cli = new Cli();
	const { stdout } = await cli.terminal(
		"chore run -q -f -c 'tty; [ -t 1 ] || echo no terminal; (: </dev/tty) 2>/dev/null || echo none to open'",
		80,
	);
	assert.deepEqual(shown(stdout), ["not a tty", "no terminal", "none to open"]);
});

/** The command lines of the processes that belong to the test. */
function commandsOf(cli: Cli): readonly string[] {
	return cli.processes().map((pid) => {
		try {
			return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
		} catch {
			return ""; // gone meanwhile
		}
	});
}
