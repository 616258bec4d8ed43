/** The words of the command line: what is understood, what is refused, and how the refusal helps. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { program } from "../../src/cli/program.ts";
import { assertNoBug, Cli, errorIn, type Outcome, PATIENCE } from "../support/cli.ts";

/** One case of a table: every tenth by a process, and those that look at their stdin; the others by the command's own entry. */
function ask(cli: Cli, words: readonly string[], index: number): Promise<Outcome> {
	return index % 10 === 0 || words.includes("send") ? cli.run(words) : cli.call(...words);
}

test("chore alone prints help and is content", PATIENCE, async () => {
	await using cli = new Cli();
	const { status, stdout, stderr } = await cli.chore();
	assert.deepEqual([status, stderr], [0, ""]);
	for (const verb of ["run", "ps", "status", "logs", "stop", "kill", "wait", "send", "rm", "prune", "history", "events", "doctor"]) {
		assert.match(stdout, new RegExp(`^  ${verb}\\b`, "m"));
	}
});

test("every command has help, by --help and by chore help", PATIENCE, async () => {
	await using cli = new Cli();
	const verbs = ["run", "ps", "status", "logs", "stop", "kill", "wait", "send", "rm", "prune", "history", "events", "doctor"];
	for (const [index, verb] of verbs.entries()) {
		const [asked, helped] = [await ask(cli, [verb, "--help"], index), await ask(cli, ["help", verb], index)];
		assert.deepEqual([asked.status, asked.stderr, helped.status, helped.stderr], [0, "", 0, ""], verb);
		assert.match(asked.stdout, new RegExp(`^Usage: chore ${verb}\\b`));
		assert.equal(helped.stdout, asked.stdout);
		assert.match(asked.stdout, /--session <name>.*--platform <name>.*--json.*-q, --quiet.*--no-color/s);
	}
});

test("only the command that is asked for is made, also behind the options that all have", () => {
	for (const words of ["ps", "--session a ps --all", "--host=b -q --json ps run"])
		assert.deepEqual(
			program(words.split(" ")).commands.map((command) => command.name()),
			["ps"],
			words,
		);
	for (const words of ["", "help ps", "-h ps", "-qh ps", "--frob ps", "-- ps", "--session ps", "pss"])
		assert.ok(program(words.split(" ")).commands.length > 20, words);
});

test("help makes no state folder", PATIENCE, async () => {
	await using cli = new Cli();
	const env = { CHORE_HOME: `${cli.folder}/never` };
	for (const words of [[], ["--version"], ["help", "run"], ["ps"], ["status"], ["doctor"]]) await cli.run(words, { env });
	assert.equal((await cli.shell(`ls '${cli.folder}'`)).stdout.includes("never"), false);
});

test("--version prints the version of the package, and so does -V", PATIENCE, async () => {
	await using cli = new Cli();
	for (const words of [["--version"], ["-V"], ["--json", "--version"]]) {
		const { status, stdout, stderr } = await cli.run(words);
		assert.deepEqual([status, stderr], [0, ""]);
		assert.match(stdout, /^\d+\.\d+\.\d+(-[\w.]+)?\n$/);
	}
});

/** What is wrong, and what the refusal has to say: the word that is wrong, and what would be right. */
const REFUSALS: readonly (readonly [words: readonly string[], ...said: readonly RegExp[]])[] = [
	[["pss"], /unknown command 'pss'/, /did you mean ps\?/],
	[["stpo"], /unknown command 'stpo'$/m, /did you mean stop\?/],
	[["frobnicate"], /unknown command 'frobnicate'/, /chore help/],
	[["--frob", "ps"], /unknown option '--frob'/, /hint: /],
	[["ps", "--al"], /unknown option '--al'$/m, /did you mean --all\?/],
	[["rm", "--frobnicate"], /unknown option '--frobnicate'/, /hint: `chore help rm` lists its options/],
	[["ls", "--state", "banana"], /"banana" is no state/, /`chore help ps`/],
	[["completion", "tcsh"], /shell: "tcsh" is none of bash, zsh, fish/, /`chore help completion`/],
	[["run", "--nme", "x", "true"], /unknown option '--nme'$/m, /did you mean --name\?/],
	[["run", "--name"], /'-n, --name <name>' argument missing/],
	[["run", "--wait", "--timeout"], /--timeout <time>' argument missing/],
	[["run"], /the command is empty/, /chore run -- PROGRAM/],
	[["run", "--"], /the command is empty/, /chore run -- PROGRAM/],
	[["run", ""], /the command is empty/, /chore run -- PROGRAM/],
	[["run", "-c", "true", "false"], /-c/, /quotes/],
	[["run", "--timeout", "banana", "true"], /--timeout/, /"banana"/, /90, 1\.5s, 2min 10s or 1h/],
	[["run", "--timeout", "5 parsecs", "true"], /--timeout/, /"5 parsecs"/, /1\.5s/],
	[["run", "--timeout", "", "true"], /--timeout/, /1\.5s/],
	[["run", "--timeout", "0", "true"], /time ?limit|--timeout/, /1 ms or more/],
	[["run", "--grace", "-1", "true"], /--grace/, /"-1"/, /1\.5s/],
	[["run", "--memory", "12x", "true"], /--memory/, /"12x"/, /512M, 2G/],
	[["run", "--cpus", "x", "true"], /--cpus/, /"x"/, /0\.5, 2 or 150%/],
	[["run", "--tasks", "-3", "true"], /--tasks/, /"-3"/, /0 or more/],
	[["run", "--working-directory", "", "true"], /the directory is empty/, /"\."/],
	[["run", "--stdin", "", "true"], /input file is empty/, /"\."/],
	[["run", "--timeout", "99999999999999y", "true"], /time limit must be 9007199254740991 ms or less/],
	[["run", "--memory", "99999999999999999T", "true"], /memory limit must be 9007199254740991 bytes or less/],
	[["run", "--restart", "always", "--restart-max", "9".repeat(20), "true"], /--restart-max/, /too large a whole number/],
	[["run", "--nice", "99", "true"], /nice/, /-20 to 19/],
	[["run", "--nice", "low", "true"], /--nice/, /"low"/, /whole number/],
	[["run", "-E", "=x", "true"], /-E, --setenv/, /"=x"/, /NAME=VALUE/],
	[["run", "-E", "", "true"], /-E, --setenv/, /NAME=VALUE/],
	[["run", "-E", "CHORE_TEST_UNSET", "true"], /CHORE_TEST_UNSET is not set/, /CHORE_TEST_UNSET=VALUE/],
	[["run", "--stop-signal", "NOPE", "true"], /--stop-signal/, /"NOPE"/, /TERM, SIGTERM or 15/],
	[["run", "--stop-signal", "KILL", "true"], /SIGKILL cannot be the stop signal/, /SIGTERM, SIGINT/],
	[["run", "--if-running", "maybe", "true"], /--if-running/, /"maybe"/, /fail, skip, replace, attach/],
	[["run", "--output", "tee", "true"], /--output/, /"tee"/, /merged, split, null/],
	[["run", "--service-type", "forking", "true"], /--service-type=forking/, /exec/],
	[["run", "-n", "a", "-u", "b", "true"], /-n and -u/],
	[["run", "-p", "Environment=A", "true"], /Environment= takes NAME=VALUE, not "A"/, /-E/],
	[["run", "--no-block=yes", "true"], /--no-block takes no value/, /leave =yes out/],
	[["run", "--platform", "cron", "true"], /"cron"/, /systemd, launchd, posix/],
	[["logs", "--stdout", "--stderr"], /--stdout and --stderr exclude each other/],
	[["logs", "-n", "many"], /-n, --lines/, /"many"/, /whole number/],
	[["status", "-n", "-2"], /-n, --lines/, /"-2"/, /0 or more/],
	[["ps", "--state", "asleep"], /--state/, /"asleep"/, /running/],
	[["ps", "extra"], /too many arguments|argument/],
	[["stop"], /no job was named/, /--all/],
	[["stop", "--all", "web"], /--all/],
	[["stop", "--grace", "soon", "web"], /--grace/, /"soon"/, /1\.5s/],
	[["kill"], /no job was named/, /--all/],
	[["kill", "-s", "WINK", "web"], /-s, --signal/, /"WINK"/, /TERM, SIGTERM or 15/],
	[["kill", "-s", "99", "web"], /-s, --signal/, /"99"/],
	[["rm"], /missing required argument 'job'/],
	[["prune", "--older-than", "-1"], /--older-than/, /"-1"/, /1\.5s/],
	[["prune", "--older-than", ""], /--older-than/, /1\.5s/],
	[["prune", "--older-than", "old"], /--older-than/, /"old"/, /2min 10s/],
	[["prune", "--keep-jobs", "-1"], /--keep-jobs/, /"-1"/, /0 or more/],
	[["prune", "--keep-jobs", ""], /--keep-jobs/, /whole number/],
	[["prune", "--keep-jobs", "1.5"], /--keep-jobs/, /"1\.5"/, /whole number/],
	[["prune", "--keep-jobs", "9".repeat(30)], /--keep-jobs/, /whole number/],
	[["prune", "--keep-bytes", "-5"], /--keep-bytes/, /"-5"/, /512M, 2G/],
	[["prune", "--keep-bytes", ""], /--keep-bytes/, /512M, 2G/],
	[["prune", "--keep-bytes", "lots"], /--keep-bytes/, /"lots"/, /512M, 2G/],
	[["prune", "--all", "--keep-jobs", "0"], /--all excludes/, /every job that is over/],
	[["prune", "--all", "--older-than", "0"], /--all excludes/],
	[["prune", "web"], /too many arguments/],
	[["history", "--state", "asleep"], /--state/, /"asleep"/, /running/],
	[["history", "--state", ""], /--state/, /""/, /running/],
	[["history", "--since", "soon"], /--since/, /"soon"/, /yesterday, 2h ago or -2h/],
	[["history", "--since", ""], /--since/, /""/, /yesterday/],
	[["history", "--until", "2026-02-30"], /--until/, /"2026-02-30"/, /2026-01-31 15:04/],
	[["history", "--since", "-99999999999y"], /--since/, /2026-01-31 15:04/],
	[["history", "--since", "today", "--until", "yesterday"], /--since is later than --until/, /between the two/],
	[["history", "-n", "-1"], /-n, --lines/, /"-1"/, /0 or more/],
	[["history", "-n", "many"], /-n, --lines/, /"many"/, /whole number/],
	[["history", "-n", ""], /-n, --lines/, /whole number/],
	[["history", "-n", "9".repeat(30)], /-n, --lines/, /whole number/],
	[["events", "--since", "90"], /--since/, /"90"/, /yesterday/],
	[["events", "web"], /too many arguments/],
	[["send"], /missing required argument 'job'/],
	[["send", "web"], /nothing to send/, /--eof/],
	[["status", ""], /reference to a job is empty/, /name/],
	[["--session", "../up", "ps"], /"\.\.\/up" cannot be the name of a session/, /1 to 64/],
	[["--session", "libexec", "ps"], /"libexec"/, /--session/],
	[["--session", "", "ps"], /name of a session/, /1 to 64/],
];

test("a wrong use exits with 2, says what is wrong, and shows what is right", PATIENCE, async () => {
	await using cli = new Cli();
	for (const [index, [words, ...said]] of REFUSALS.entries()) {
		if (words.includes("--wait")) continue;
		const outcome = await ask(cli, words, index);
		assertNoBug(outcome);
		assert.deepEqual([outcome.status, outcome.stdout], [2, ""], `${words.join(" ")}: ${outcome.stderr}`);
		assert.match(outcome.stderr, /^chore: .+\n(hint: .+\n)?$/, words.join(" "));
		for (const text of said) assert.match(outcome.stderr, text, words.join(" "));
	}
	assert.deepEqual(await cli.list(), []);
});

test("with --json a wrong use is told as JSON", PATIENCE, async () => {
	await using cli = new Cli();
	for (const [index, words] of [
		["pss"],
		["ps", "--al"],
		["run", "--timeout", "banana", "true"],
		["run", "--nice", "99", "true"],
		["stop"],
		["send", "web"],
	].entries()) {
		const outcome = await ask(cli, [...words.slice(0, 1), "--json", ...words.slice(1)], index);
		assert.deepEqual([outcome.status, outcome.stdout], [2, ""], words.join(" "));
		const error = errorIn(outcome);
		assert.deepEqual([error.code, Object.keys(error)], ["INVALID_ARGUMENT", ["code", "message", "hint"]], words.join(" "));
		assert.equal(outcome.stderr.trim().split("\n").length, 1);
	}
});

test("a wrong use exits with 125 where the exit status would be the job's", PATIENCE, async () => {
	await using cli = new Cli();
	for (const [index, words] of [
		["run", "--wait", "--timeout", "banana", "true"],
		["run", "--timeout", "banana", "--wait", "true"],
		["run", "-f", "--memory", "12x", "true"],
		["run", "-qf", "--memory", "12x", "true"],
		["run", "-fn", "a/b", "true"],
		["run", "-P", "--nice", "99", "true"],
		["run", "--follow"],
		["run", "--wait", "--frob", "true"],
		["--json", "run", "--wait", "-n", "a b", "true"],
		["run", "--timeout=banana", "--pipe", "true"],
		["wait", "--timeout", "banana"],
		["wait", "nobody"],
		["wait"],
		["-q", "--session", "run", "wait", "nobody"],
		["logs", "-f", "nobody"],
		["logs", "--follow", "-n", "many"],
		["logs", "nobody", "-f"],
		["logs", "-n", "1", "-f", "nobody"],
	].entries()) {
		const outcome = await ask(cli, words, index);
		assertNoBug(outcome);
		assert.deepEqual([outcome.status, outcome.stdout], [125, ""], `${words.join(" ")}: ${outcome.stderr}`);
	}
});

test("words of the job do not change how chore tells its own errors", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.begin("-n", "taken", "sleep", "60");
	const cases: readonly (readonly [words: readonly string[], expected: number])[] = [
		[["run", "-n", "taken", "tail", "-f", "x"], 5],
		[["run", "-n", "taken", "sh", "--wait"], 5],
		[["run", "-n", "a b", "make", "-f", "x"], 2],
		[["run", "-n", "taken", "env", "--json"], 5],
		[["send", "wait", "hello"], 4],
		[["send", "run", "-P"], 2],
		[["kill", "-s", "WINK", "wait"], 2],
		[["--session", "wait", "send", "nobody", "x"], 4],
		[["--session", "wait", "status", "nobody"], 4],
		[["status", "wait"], 4],
		[["logs", "run"], 4],
	];
	for (const [index, [words, expected]] of cases.entries()) {
		const outcome = await ask(cli, words, index);
		assert.deepEqual([outcome.status, outcome.stdout], [expected, ""], `${words.join(" ")}: ${outcome.stderr}`);
		assert.match(outcome.stderr, /^chore: /, words.join(" "));
	}
});

test("options end at the first word that is no option: the rest is the job's command", PATIENCE, async () => {
	await using cli = new Cli();
	const program = cli.file("words", '#!/bin/sh\nfor word; do printf "<%s>" "$word"; done\n', 0o755);
	for (const [words, got] of [
		[[program, "-j4", "--json", "-n", "x"], "<-j4><--json><-n><x>"],
		[["--", program, "-j4"], "<-j4>"],
		[["--", program, "--", "-q"], "<--><-q>"],
		[[program, "--", "-q"], "<--><-q>"],
		[[program, "--help"], "<--help>"],
		[[program, "-h", "--version", "help"], "<-h><--version><help>"],
		[
			[program, "", " ", "a b", "*", "$HOME", "$$", "`id`", ";", "%h", "\\x41", "\n", "é漢", "'", '"'],
			`<>< ><a b><*><$HOME><$$><\`id\`><;><%h><\\x41><\n><é漢><'><">`,
		],
	] as const) {
		const outcome = await cli.run(["run", "-f", ...words]);
		assert.deepEqual([outcome.status, outcome.stdout], [0, got], outcome.stderr);
	}
});

test("a program whose name begins with a dash can be run behind --", PATIENCE, async () => {
	await using cli = new Cli();
	cli.file("bin/-odd", "#!/bin/sh\necho odd\n", 0o755);
	const outcome = await cli.run(["run", "-f", "--", "-odd"]);
	assert.deepEqual([outcome.status, outcome.stdout], [0, "odd\n"], outcome.stderr);
});

test("common options may stand before the verb or after it", PATIENCE, async () => {
	await using cli = new Cli();
	const id = await cli.begin("-n", "one", "true");
	await cli.chore("wait", "one");
	for (const words of [
		["--json", "ps"],
		["ps", "--json"],
	])
		assert.equal(JSON.parse((await cli.run(words)).stdout)[0].id, id);
	for (const words of [
		["-q", "ps"],
		["ps", "-q"],
		["ps", "--quiet"],
	])
		assert.equal((await cli.run(words)).stdout, `${id}\n`);
	for (const words of [
		["--session", "other", "ps", "--json"],
		["ps", "--json", "--session", "other"],
		["--session=one", "ps", "--json", "--session=other"],
	])
		assert.equal((await cli.run(words)).stdout, "[]\n");
	const other = (await cli.chore("run", "--session", "other", "--platform", "posix", "true")).stdout.trim();
	assert.equal((await cli.json<readonly { id: string }[]>("--session", "other", "ps"))[0]?.id, other);
});

test("options may stand after the names of jobs", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.begin("-n", "one", "sleep", "60");
	const outcome = await cli.chore("stop", "one", "--grace", "0", "--json");
	assert.equal(outcome.status, 0, outcome.stderr);
	assert.equal(JSON.parse(outcome.stdout)[0].state, "stopped");
});

test("options of systemd-run that chore does not take are refused by name, with what to do instead", PATIENCE, async () => {
	await using cli = new Cli();
	const cases: readonly (readonly [words: readonly string[], said: string, hint: string])[] = [
		[["-tP"], "--pty", "-P"],
		[["--path-property=PathExists=/x"], "--path-property", "systemd.path(5)"],
		[["--version"], "--version", "chore --version"],
	];
	for (const [index, [words, said, hint]] of cases.entries()) {
		const outcome = await ask(cli, ["run", ...words, "--", "true"], index);
		assert.equal(outcome.status, said === "--pty" ? 125 : 2, words.join(" "));
		assert.match(outcome.stderr, /^chore: .*systemd-run.*\nhint: /, words.join(" "));
		assert.ok(outcome.stderr.includes(said) && outcome.stderr.includes(hint), outcome.stderr);
	}
	const error = errorIn(await cli.run(["run", "--json", "--service-type=oneshot", "true"]));
	assert.deepEqual([error.code, error.message], ["INVALID_ARGUMENT", "--service-type=oneshot is not possible"]);
	assert.deepEqual(errorIn(await cli.run(["run", "--json=short", "true"])).hint, "leave =short out");
	assert.deepEqual(await cli.list(), []);
});

test("options of systemd-run that say what chore does anyway are taken", PATIENCE, async () => {
	await using cli = new Cli();
	for (const words of [
		["--user"],
		["-G"],
		["--collect"],
		["-d"],
		["--same-dir"],
		["--service-type=exec"],
		["--service-type=simple"],
		["--no-block"],
		["--expand-environment=no"],
		["--no-ask-password", "--background=44", "--job-mode=fail"],
	]) {
		const outcome = await cli.run(["run", "--wait", ...words, "--", "true"]);
		assert.equal(outcome.status, 0, `${words.join(" ")}: ${outcome.stderr}`);
	}
});

test("properties that are options of chore's own are taken on every platform, and the options win", PATIENCE, async () => {
	await using cli = new Cli();
	const line = 'echo "$A $B $C"; pwd';
	const properties = ["-p", 'Environment=A=1 "B=2 3" C=4', "-p", "WorkingDirectory=/usr", "-p", "Type=simple"];
	const env = cli.file("env", "B=5\nC=6\n");
	assert.equal((await cli.chore("run", "-f", ...properties, "-c", line)).stdout, "1 2 3 4\n/usr\n");
	const options = ["--env-file", env, "-E", "C=7", "--working-directory", "/"];
	assert.equal((await cli.chore("run", "-f", ...options, ...properties, "-c", line)).stdout, "1 5 7\n/\n");
});

test("a job of the system gets a platform for jobs of the system and no other", PATIENCE, async () => {
	await using cli = new Cli();
	for (const [words, message] of [
		[["--system", "--platform", "posix"], /^chore: a job of the system's is asked for, .* posix .*\nhint: .*: systemd-system\n$/],
		[["--user", "--platform", "systemd-system"], /^chore: a job of the user's is asked for, .*\nhint: .*: systemd, launchd, posix\n$/],
		[["--user", "--system"], /^chore: --user and --system exclude each other\nhint: /],
		[["--system", "--platform", "bogus"], /there is no platform "bogus"/],
	] as const) {
		const outcome = await cli.run(["run", ...words, "true"]);
		assert.deepEqual([outcome.status, outcome.stdout], [2, ""], words.join(" "));
		assert.match(outcome.stderr, message);
	}
	assert.deepEqual(await cli.list(), []);
});

test("an option that the platform cannot honour is refused in its name, and nothing is started", PATIENCE, async () => {
	await using cli = new Cli();
	for (const words of [
		["--memory", "512M"],
		["--cpus", "0.5"],
		["--tasks", "10"],
		["--slice", "user.slice"],
		["-u", "web"],
		["-p", "Nice=5"],
	]) {
		const outcome = await cli.run(["run", ...words, "true"]);
		assert.equal(outcome.status, 2, outcome.stderr);
		assert.match(outcome.stderr, /^chore: the platform posix cannot give a job .+\nhint: .*chore doctor/, words.join(" "));
		assert.equal(errorIn(await cli.call("--json", "run", ...words, "true")).code, "OPTION_UNSUPPORTED");
	}
	assert.deepEqual(await cli.list(), []);
});

test("a schedule that says two things, or not when, is refused", PATIENCE, async () => {
	await using cli = new Cli();
	for (const [words, message] of [
		["--at 23:30 --on-active 1h", /--at and --on-active both/],
		["--every 1h --utc --timezone Europe/Berlin", /--utc and --timezone both/],
		["--keep-runs 3", /not said when/],
		["--jitter 1min --missed skip", /not said when/],
		["--every 1h --wait", /--wait stays/],
		["--cron @daily -f", /--follow stays/],
		["--every 1h --missed twice", /none of once, skip/],
		["--every 1h --overlap twice", /none of skip, queue, replace/],
		["--every 1h --overlap allow", /A job has one run at a time; two jobs can have one schedule/],
		["--overlap queue", /not said when/],
		["--when true", /not said when/],
		["--every soon", /no span of time/],
		["--every 1.5s", /whole number of seconds/],
		["--every 0", /at least one/],
		["--at 23:99", /no point in time/],
		["--at 2020-01-01 --cron @daily", /single moment/],
		["--on-active 5 --on-active 10 --on-calendar daily", /--on-active and --on-calendar both/],
		["--on-boot 5min --every 1h", /counted from an event/],
		["--on-unit-active 5min", /first run/],
		["--on-boot 1.5s", /whole seconds/],
		["--timer-property AccuracySec=1s", /for a job with a schedule/],
		["--on-calendar Munday", /character 1/],
		["--on-calendar daily --timezone Mars/Olympus", /time zone/],
	] as const) {
		const { status, stderr } = await cli.call("run", ...words.split(" "), "true");
		// With these the exit status is that of the job, or of chore.
		assert.equal(status, /--wait|-f/.test(words) ? 125 : 2, `${words}: ${stderr}`);
		assert.match(stderr, message, words);
	}
	assert.deepEqual(await cli.list(), []);
	assert.deepEqual((await cli.call("schedule")).stdout, "");
	for (const [words, message] of [
		["stop x", /stop/],
		["set x", /not said what to change/],
		["add x", /not said when/],
		["add x --cron @daily --jitter 5", /of the whole schedule/],
		["add x --trigger t1 --cron @daily", /takes no --trigger/],
		["set x --trigger t1,t2 --cron @daily", /one trigger is changed at a time/],
		["set x --trigger t1 --cron @daily --timer-property AccuracySec=1s", /of the whole schedule/],
		["pause x --timer-property AccuracySec=1s", /changes nothing/],
		["rm x", /not said which triggers/],
		["pause x --cron @daily", /changes nothing/],
		["pause x y --trigger t2", /--trigger is for one job/],
		["pause x --trigger 2", /no trigger/],
	] as const) {
		const { status, stderr } = await cli.call("trigger", ...words.split(" "));
		assert.equal(status, 2, `${words}: ${stderr}`);
		assert.match(stderr, message, words);
	}
});

test("chore tick prints what it has run: names, ids with -q, jobs with --json", PATIENCE, async () => {
	await using cli = new Cli();
	const made = await cli.call("run", "--cron", "0 0 1 1 *", "--wake", "tick", "-n", "ticked", "true");
	assert.match(made.stderr, /^ticked is scheduled on posix, next /);
	const id = made.stdout.trim();
	assert.match((await cli.call("schedule")).stdout, / \*-01-01 00:00:00, by chore tick$/m);
	const path = `${cli.state}/default/jobs/${id}/schedule/schedule.json`;
	/** As if it had been there for more than a year, and had never fired. */
	const makeDue = (): void => {
		writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), sinceMs: Date.now() - 400 * 86_400_000 }));
		writeFileSync(path.replace("schedule.json", "last"), "");
	};
	for (const [words, expected] of [
		[["tick"], `ticked (${id.slice(-8)})\n`],
		[["tick", "-q"], `${id}\n`],
		[["tick", "--json"], `"id":"${id}"`],
	] as const) {
		makeDue();
		const { status, stdout, stderr } = words[1] === undefined ? await cli.chore(...words) : await cli.call(...words);
		assert.deepEqual([status, stderr, stdout.includes(expected)], [0, "", true], stdout);
		await cli.call("wait", "ticked");
	}
	assert.equal((await cli.call("tick")).stdout, "");
});

test("a description or a property that is not valid UTF-8 is refused, not changed", PATIENCE, async () => {
	await using cli = new Cli();
	for (const words of [`--description "$(printf '\\377')" true`, `-p "Slice=$(printf '\\377')" true`]) {
		const outcome = await cli.shell(`chore run ${words}`);
		assert.deepEqual([outcome.status, outcome.stdout], [2, ""], `${words}: ${outcome.stderr}`);
		assert.match(outcome.stderr, /not valid UTF-8/, words);
	}
	assert.deepEqual(await cli.list(), []);
});
