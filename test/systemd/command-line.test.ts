/** The command as it is built and shipped, on a real user manager. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import type { Job } from "../../src/index.ts";
import { eventually, HANGS_MS } from "../support/eventually.ts";
import { userManager } from "../support/user-manager.ts";
import { serve } from "../support/web.ts";

const { skip } = userManager(import.meta);
const noUsers = spawnSync("unshare", ["-Ur", "true"]).status === 0 ? false : "this kernel lets nobody make a user namespace";

describe("the built command on systemd", () => {
	let home = "";
	before(() => {
		home = mkdtempSync(join(tmpdir(), "chore-built-"));
	});
	after(() => rmSync(home, { recursive: true, force: true }));

	const chore = (...words: readonly string[]) => {
		const env = { ...process.env, CHORE_HOME: home, CHORE_PLATFORM: "" };
		const { status, stdout, stderr } = spawnSync(process.execPath, ["dist/cli.cjs", ...words], {
			encoding: "utf8",
			env,
			timeout: HANGS_MS,
		});
		return { status, stdout, stderr };
	};

	test("is chosen by default, follows a job to its end and exits with its code", { skip }, () => {
		const { status, stdout, stderr } = chore("run", "--follow", "--", "sh", "-c", "echo hello; exit 7");
		assert.deepEqual([status, stdout], [7, "hello\n"], stderr);
		assert.match(stderr, / runs on systemd as /);
	});

	test("a request is a unit that knows no secret of it, and exits with its own code", { skip }, async () => {
		let unit = "";
		await using web = await serve((_, response) => {
			unit = spawnSync("systemctl", ["--user", "show", "asked-once.service"], { encoding: "utf8" }).stdout;
			response.statusCode = 404;
			response.end("body");
		});
		const words = ["request", "-f", "-u", "asked-once", "-H", "X-Key: hush", `${web.url}/p?q=hush`];
		const child = spawn(process.execPath, ["dist/cli.cjs", ...words], { env: { ...process.env, CHORE_HOME: home, CHORE_PLATFORM: "" } });
		const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
		assert.deepEqual([status, stdout], [22, "body"], stderr);
		assert.match(stderr, /asked-once \(\w+\) failed: status 404 /);
		assert.equal(web.asked[0]?.headers["x-key"], "hush");
		assert.match(unit, /^ActiveState=active$/m);
		assert.doesNotMatch(unit, /hush/);
	});

	test("a job is run by its schedule, and each command tells it", { skip, timeout: HANGS_MS }, async () => {
		const run = chore(
			"run",
			"--on-calendar",
			"*:*:0/2",
			"--cron",
			"* * * * *",
			"--keep-runs",
			"5",
			"-n",
			"tick",
			"--",
			"sh",
			"-c",
			"date; exit 3",
		);
		assert.equal(run.status, 0, run.stderr);
		const [id = ""] = run.stdout.split("\n");
		assert.match(run.stderr, /^tick is scheduled on systemd, next \S+ \(in \d+ s\)$/m);
		assert.equal(chore("trigger", "pause", "tick").stdout, `tick (${id.slice(-8)}): paused\n`);
		assert.match(chore("schedule").stdout, /^tick +\S+ +paused +\*-\*-\* \*:\*:00$/m);
		chore("trigger", "resume", "tick");
		const second = chore("run", "--if-running", "skip", "-n", "tick", "true");
		assert.equal(second.stdout.trim(), id);
		assert.match(second.stderr, /^tick is scheduled already \(\w+\), next /m);
		for (const what of ["attach", "replace", "fail"]) {
			const { status, stderr } = chore("run", "--if-running", what, "-n", "tick", "true");
			assert.equal(status, 5, stderr);
			assert.match(stderr, /hint: .*chore rm tick/, what);
		}
		const rows = chore("trigger", "ls", "tick").stdout.split("\n").slice(1, 3);
		assert.match(rows.join("\n"), /^tick +t1 +calendar +\d\S+ +\*:\*:0\/2\ntick +t2 +cron +\d\S+ +\* \* \* \* \*$/);
		assert.equal(chore("start", "tick").status, 0);
		await eventually("its run is over", () => chore("status", "tick").stdout.includes("run 1 failed: exit code 3"));
		const { stdout: status, status: code } = chore("status", "tick");
		assert.equal(code, 0);
		assert.match(status, /^tick \(\w+\) is scheduled, next /);
		assert.match(status, /^ {2}schedule {3}\*-\*-\* \*:\*:00$/m);
		assert.match(chore("ps").stdout, /^tick +\w+ +scheduled +in \d+ s +sh -c/m);
		assert.match(chore("logs", "tick").stdout, /20\d\d$/m);
		assert.match(chore("history", "tick").stdout, /^tick +\w+ +1 +failed, code 3/m);
		const [job] = JSON.parse(chore("schedule", "--json", "--next", "2").stdout);
		assert.deepEqual([job.id, job.state, job.exitCode, job.upcoming.length, job.schedule.keepRuns], [id, "scheduled", 3, 2, 5]);
		assert.equal(chore("schedule", "--due", "-q").stdout, "");
		assert.match(chore("rm", "tick").stdout, /^forgot tick \(\w+\) failed: exit code 3 after /);
		assert.equal(chore("schedule").stdout, "");
	});

	test("the lines of a crontab become jobs with cron's environment, by --yes as by the commands that are printed", {
		skip,
		timeout: HANGS_MS,
	}, async () => {
		const crontab = join(home, "crontab");
		const lines = [`HOME=${home}`, "A = ' b '", "# all of it", "0 9 * * 1-5 env; cat%it's%here", "@reboot up", "@daily true"];
		writeFileSync(crontab, `${lines.join("\n")}\n`);
		const words = (session: string) => ["--session", session, "schedule", "import", "--missed", "skip", crontab];
		const script = `chore() { "$0" dist/cli.cjs "$@"; }\n${chore(...words("printed")).stdout}`;
		const printed = spawnSync("/bin/sh", ["-c", script, process.execPath], { encoding: "utf8", env: { ...process.env, CHORE_HOME: home } });
		assert.equal(printed.status, 0, printed.stderr);
		const made = chore(...words("made"), "--yes");
		assert.match(made.stdout, /^line 4: all-of-it is scheduled on systemd, next .*\nline 6: true is scheduled on systemd, next .*\n$/);
		assert.match(
			made.stderr,
			/^chore: line 5: .*@reboot.*\nhint: .*\nchore: cron runs these lines as well.*\nhint: .*'4s\/\^\/#\/;6s\/\^\/#\/'\n$/,
		);
		assert.equal(made.status, 1);
		const jobs = (session: string): readonly Job[] => JSON.parse(chore("--session", session, "schedule", "--json").stdout);
		const whatCounts = ({ id, name, session, command, directory, schedule }: Job) => {
			const start = readFileSync(`${home}/${session}/jobs/${id}/start`, "utf8").replaceAll(id, "ID");
			return [name, command, directory, schedule?.triggers, schedule?.missedPolicy, start];
		};
		assert.equal(jobs("made").length, 2);
		assert.deepEqual(jobs("printed").map(whatCounts).sort(), jobs("made").map(whatCounts).sort());

		assert.equal(chore("--session", "made", "start", "all-of-it").status, 0);
		await eventually("its run is over", () => chore("--session", "made", "status", "all-of-it").stdout.includes("run 1 succeeded"));
		const output = chore("--session", "made", "logs", "all-of-it").stdout;
		const ofShell = /^(?:PWD|OLDPWD|SHLVL|_|CHORE_(?:JOB|RUN)_ID)=/;
		const { username } = userInfo();
		const wanted = ["A= b ", `HOME=${home}`, `LOGNAME=${username}`, "PATH=/usr/bin:/bin", "SHELL=/bin/sh", "here", "it's"];
		assert.deepEqual(
			output
				.trimEnd()
				.split("\n")
				.filter((line) => !ofShell.test(line))
				.sort(),
			wanted,
		);

		const again = chore(...words("made"), "--yes", "--json");
		const codes = JSON.parse(again.stdout).map(({ error }: { error: { code: string } }) => error.code);
		assert.deepEqual([again.status, ...codes], [1, "NAME_IN_USE", "INVALID_ARGUMENT", "NAME_IN_USE"]);
		assert.match(chore(...words("made"), "--yes", "--if-running", "skip").stdout, /^line 4: all-of-it is there already \(\w+\)$/m);
		assert.match(chore(...words("made")).stdout, /^# {3}all-of-it is the name of a job already, scheduled \(\w+\)$/m);
		assert.equal(jobs("made").length, 2);
		for (const session of ["made", "printed"]) chore("--session", session, "rm", ...jobs(session).map(({ id }) => id));
	});

	test("a job inherits the slice of its caller, with a slice of its own below", { skip }, () => {
		for (const [options, slice] of [
			[["--slice-inherit"], "chore-words.slice"],
			[["--slice-inherit", "--slice=own"], "chore-words-own.slice"],
			[["--slice=own"], "own.slice"],
		] as const) {
			const line = ["run", "-q", "-f", ...options, "--", "cat", "/proc/self/cgroup"];
			const around = [
				"--user",
				"-q",
				"--wait",
				"--pipe",
				"--slice=chore-words",
				`--setenv=CHORE_HOME=${home}`,
				`--working-directory=${process.cwd()}`,
			];
			const { status, stdout, stderr } = spawnSync("systemd-run", [...around, process.execPath, "dist/cli.cjs", ...line], {
				encoding: "utf8",
			});
			assert.equal(status, 0, stderr);
			assert.ok(stdout.includes(`/${slice}/chore-cat-`), stdout);
		}
	});

	test("a job has the nice value, the scheduling and the processors of its caller, and more tasks than the manager allows", {
		skip,
	}, () => {
		const show = "grep Cpus_allowed_list /proc/self/status; cut -d ' ' -f 19,41 /proc/self/stat; cat /proc/self/oom_score_adj";
		const line = `${show}; exec systemctl --user show -P TasksMax "chore-like-me-*"`;
		const run = ["dist/cli.cjs", "run", "-q", "-f", "--name", "like-me", "--", "sh", "-c", line];
		const last = /^Cpus_allowed_list:.*?([0-9]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "";
		const words = ["-n", "77", "--", "taskset", "-c", last, "chrt", "--batch", "0", "nice", "-n", "7", process.execPath, ...run];
		const env = { ...process.env, CHORE_HOME: home, CHORE_PLATFORM: "" };
		const { stdout, stderr } = spawnSync("choom", words, { encoding: "utf8", env, timeout: HANGS_MS });
		assert.equal(stdout, `Cpus_allowed_list:\t${last}\n7 3\n77\ninfinity\n`, stderr);
	});

	test("tells once that a job has other files and another network than its caller", { skip: skip || noUsers }, () => {
		const sandbox = ["PrivateUsers=yes", "PrivateNetwork=yes", "ReadOnlyPaths=/usr/share"].map((property) => `--property=${property}`);
		const own = mkdtempSync(join(tmpdir(), "chore-elsewhere-"));
		const around = ["--user", "-q", "--wait", "--pipe", ...sandbox, `--setenv=CHORE_HOME=${own}`, `--working-directory=${process.cwd()}`];
		const inside = (...words: readonly string[]) => {
			const call = [...around, process.execPath, "dist/cli.cjs", ...words];
			return spawnSync("systemd-run", call, { encoding: "utf8", timeout: HANGS_MS });
		};
		try {
			const told = /in another namespace than this process: its jobs have other files and another network; .*--platform posix/;
			const { status, stderr } = inside("run", "--wait", "--", "true");
			assert.equal(status, 0, stderr);
			assert.match(stderr, told);
			assert.doesNotMatch(inside("run", "--wait", "--", "true").stderr, told);
			assert.match(inside("doctor", "--no-test").stdout, /its jobs have other files and another network/);
		} finally {
			rmSync(own, { recursive: true, force: true });
		}
	});

	test("a limit that is given twice is the last one, and Environment= sets a variable", { skip }, () => {
		const limits = ["-p", "LimitCORE=1M:2M", "-p", "LimitCORE=16M:32M", "-p", 'Environment=A=1 "B=b c"', "-E", "A=2"];
		const { stdout, stderr } = chore("run", "-f", ...limits, "-c", 'grep core /proc/self/limits; echo "$A $B"');
		assert.match(stdout, /^Max core file size +16777216 +33554432 .*\n2 b c\n$/, stderr);
	});

	test("starts, shows, stops and forgets a job", { skip }, async () => {
		const id = chore("run", "-q", "-n", "web", "--", "sleep", "600").stdout.trim();
		assert.equal(chore("ps", "-q").stdout.split("\n")[0], id);
		const look = () => JSON.parse(chore("status", "web", "--json").stdout)[0];
		const job = await eventually("it runs", look, ({ state }) => state === "running");
		assert.deepEqual([job.platform, job.usage.processes.length], ["systemd", 1]);
		assert.match(chore("stop", "web").stdout, /^web .* stopped by SIGTERM/);
		assert.equal(chore("rm", "web").status, 0);
		assert.equal(chore("status", "web").status, 4);
	});

	test("completion offers the names of its properties", { skip }, () => {
		const { properties } = JSON.parse(chore("doctor", "--json", "--no-test").stdout).platforms[0].capabilities.native;
		const [how, ...offered] = chore("__complete", "--", "run", "-p", "").stdout.trimEnd().split("\n");
		assert.deepEqual([how, offered.map((line) => line.split("\t")[0])], ["nospace", properties.map((name: string) => `${name}=`)]);
	});

	test("doctor shows it and what it can do", { skip }, () => {
		const { status, stdout } = chore("doctor", "--json");
		const [systemd] = JSON.parse(stdout).platforms;
		assert.deepEqual([status, systemd.name, systemd.used, systemd.error], [0, "systemd", true, null]);
	});
});
