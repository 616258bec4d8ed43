/** Starting a job: what cannot be started is said at once and leaves nothing; what is started gets what it was given. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, readFileSync, realpathSync, symlinkSync } from "node:fs";
import { test } from "node:test";
import { assertNoBug, Cli, errorIn, PATIENCE, skipUnlessRoot } from "../support/cli.ts";

test("a program that cannot be started is told in the system's words, with 127 or 126, and leaves no job", PATIENCE, async () => {
	await using cli = new Cli();
	const plain = cli.file("project/plain", "#!/bin/sh\n", 0o644);
	const lonely = cli.file("project/lonely", "#!/no/such/interpreter -x\n", 0o755);
	symlinkSync("nowhere", `${cli.directory}/dangling`);
	symlinkSync("circle", `${cli.directory}/circle`);
	for (const [program, status, code, said] of [
		["no-such-program", 127, "COMMAND_NOT_FOUND", /no such program in PATH/],
		["/no/such/program", 127, "COMMAND_NOT_FOUND", /ENOENT/],
		["./missing", 127, "COMMAND_NOT_FOUND", /ENOENT/],
		["./dangling", 127, "COMMAND_NOT_FOUND", /ENOENT/],
		["./circle", 127, "COMMAND_NOT_FOUND", /ELOOP/],
		[`${plain}/below`, 127, "COMMAND_NOT_FOUND", /ENOTDIR/],
		["x".repeat(300), 127, "COMMAND_NOT_FOUND", /PATH/],
		[plain, 126, "COMMAND_NOT_EXECUTABLE", /EACCES/],
		["./plain", 126, "COMMAND_NOT_EXECUTABLE", /EACCES/],
		[lonely, 126, "COMMAND_NOT_EXECUTABLE", /\/no\/such\/interpreter/],
		["/tmp", 126, "COMMAND_NOT_EXECUTABLE", /not a file/],
		["./", 126, "COMMAND_NOT_EXECUTABLE", /not a file/],
	] as const) {
		for (const stays of [[], ["--wait"], ["-f"], ["-P"]]) {
			const outcome = await cli.run(["--json", "run", ...stays, "--", program]);
			assert.deepEqual([outcome.status, outcome.stdout], [status, ""], `${program}: ${outcome.stderr}`);
			const error = errorIn(outcome);
			assert.equal(error.code, code);
			assert.match(error.message, said);
			assert.notEqual(error.hint, null, program);
		}
	}
	assert.deepEqual(await cli.list(), []);
	assert.deepEqual(readdirSync(`${cli.state}`), ["notices"]);
});

test("a program is looked up in the PATH that the job will have", PATIENCE, async () => {
	await using cli = new Cli();
	mkdirSync(`${cli.folder}/elsewhere`);
	cli.file("elsewhere/only-there", "#!/bin/sh\necho found\n", 0o755);
	assert.equal((await cli.chore("run", "only-there")).status, 127);
	const found = await cli.chore("run", "-f", "-E", `PATH=${cli.folder}/elsewhere:/usr/bin:/bin`, "only-there");
	assert.deepEqual([found.status, found.stdout], [0, "found\n"], found.stderr);
	const here = await cli.chore("run", "-f", "--working-directory", `${cli.folder}/elsewhere`, "./only-there");
	assert.deepEqual([here.status, here.stdout], [0, "found\n"], here.stderr);
});

test("a job may exit with 125, 126, 127 and 203 of its own", PATIENCE, async () => {
	await using cli = new Cli();
	for (const code of [125, 126, 127, 200, 203, 243]) {
		assert.equal((await cli.chore("run", "-q", "--wait", "-c", `exit ${code}`)).status, code);
		const [job] = await cli.list();
		assert.deepEqual([job?.state, job?.result, job?.exitCode], ["failed", "exit-code", code]);
	}
});

test("a directory that cannot be used is refused in the system's words", PATIENCE, async () => {
	await using cli = new Cli();
	const file = cli.file("project/file", "");
	for (const [directory, said] of [
		["/no/such/directory", /ENOENT/],
		[file, /ENOTDIR/],
		[`${file}/below`, /ENOTDIR/],
		["missing", /project\/missing.*ENOENT/],
	] as const) {
		const outcome = await cli.chore("run", "--working-directory", directory, "true");
		assert.deepEqual([outcome.status, outcome.stdout], [1, ""], outcome.stderr);
		assert.match(outcome.stderr, /^chore: cannot run in .*\nhint: --working-directory/);
		assert.match(outcome.stderr, said);
		assert.equal((await cli.chore("run", "--wait", "--working-directory", directory, "true")).status, 125);
	}
	assert.deepEqual(await cli.list(), []);
});

test("a folder without the right to enter it is refused", { ...PATIENCE, skip: skipUnlessRoot }, async () => {
	await using cli = new Cli();
	const folder = `${cli.folder}/closed`;
	mkdirSync(folder, { mode: 0o700 });
	chmodSync(cli.folder, 0o755);
	chmodSync(cli.state, 0o755);
	const as = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
	const outcome = await cli.run(["run", "--working-directory", folder, "true"], {
		under: as,
		directory: "/",
		env: { CHORE_HOME: "/tmp/never" },
	});
	assert.equal(outcome.status, 1);
	assert.match(outcome.stderr, /EACCES/);
});

test("names are letters, digits, dots, dashes and underscores, up to 64, and cannot leave the state folder", PATIENCE, async () => {
	await using cli = new Cli();
	for (const name of [
		"a/b",
		"..",
		".",
		".hidden",
		"../../etc",
		"a\nb",
		"x".repeat(300),
		"x".repeat(65),
		"   ",
		"",
		" a",
		"a ",
		"-a",
		"_a",
		"é",
		"a b",
		"a:b",
		"a\tb",
		"a;b",
		"$(id)",
	]) {
		const outcome = await cli.run(["run", `--name=${name}`, "true"]);
		assertNoBug(outcome);
		assert.deepEqual([outcome.status, outcome.stdout], [2, ""], JSON.stringify(name));
		assert.match(outcome.stderr, /^chore: .* cannot be the name of a job\nhint: a name has 1 to 64 .+\n$/, JSON.stringify(name));
		assert.ok(outcome.stderr.length < 400, "a long name is cut in the message");
	}
	const dash = await cli.run(["run", "-n", "--wait", "true"]);
	assert.equal(dash.status, 2);
	for (const name of ["x".repeat(64), "a", "0", "A.b-c_d", "con", "nul.service", "a..b", "libexec", "default"]) {
		const outcome = await cli.run(["run", "-n", name, "true"]);
		assert.equal(outcome.status, 0, outcome.stderr);
		assert.equal((await cli.job(name)).name, name);
	}
});

test("without a name a job is called after its program, numbered while that is taken", PATIENCE, async () => {
	await using cli = new Cli();
	cli.file("bin/odd näme!", "#!/bin/sh\nexec sleep 60\n", 0o755);
	cli.file("bin/...", "#!/bin/sh\nexec sleep 60\n", 0o755);
	const names = [];
	for (const words of [
		["sleep", "60"],
		["/bin/sleep", "60"],
		["sleep", "60"],
		["-c", "sleep 60"],
		["odd näme!"],
		["..."],
		["-c", "'sleep' 60"],
	]) {
		names.push((await cli.job(await cli.begin(...words))).name);
	}
	assert.deepEqual(names, ["sleep", "sleep-2", "sleep-3", "sleep-4", "odd-n-me-", "job", "sleep-"]);
	await cli.chore("stop", "sleep-2");
	assert.equal((await cli.job(await cli.begin("sleep", "60"))).name, "sleep-2");
});

test("a job gets the caller's directory, umask, limits and variables", PATIENCE, async () => {
	await using cli = new Cli();
	const outcome = await cli.shell(
		"cd / && umask 027 && ulimit -n 123 && ulimit -c 0 && A='x y' chore run -q -f -c 'pwd; umask; ulimit -n; ulimit -c; echo \"$A\"'",
	);
	assert.deepEqual([outcome.status, outcome.stdout], [0, "/\n0027\n123\n0\nx y\n"], outcome.stderr);
});

test(
	"-E sets, takes over, and wins; --env-file comes before it; --clean-env keeps seven names, --ignore-environment none",
	PATIENCE,
	async () => {
		await using cli = new Cli();
		const file = cli.file("vars", "# a comment\nONE=from file\nTWO='quoted $X'\n\nexport THREE=3\nFOUR=\"a\\nb\"\nEMPTY=\n");
		const env = { MINE: "mine", ONE: "caller's", SHELL: "/bin/sh", USER: "u", LOGNAME: "l", XDG_RUNTIME_DIR: "/run/x" };
		const given = await cli.run(
			["run", "-f", "--env-file", file, "-E", "ONE=option", "-E", "MINE", "--setenv=TEXT=a=b", "-E", "E=", "env", "-0"],
			{ env },
		);
		const variables = new Map(
			given.stdout.split("\0").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
		);
		assert.equal(given.status, 0, given.stderr);
		for (const [name, value] of Object.entries({
			ONE: "option",
			TWO: "quoted $X",
			THREE: "3",
			FOUR: "a\nb",
			EMPTY: "",
			MINE: "mine",
			TEXT: "a=b",
			E: "",
		})) {
			assert.equal(variables.get(name), value, name);
		}
		const clean = await cli.run(["run", "-f", "--clean-env", "-E", "ONE=1", "-E", "MINE", "env"], { env });
		const names = clean.stdout
			.trim()
			.split("\n")
			.map((line) => line.slice(0, line.indexOf("=")));
		assert.deepEqual(names.sort(), [
			"CHORE_JOB_ID",
			"CHORE_RUN_ID",
			"HOME",
			"LOGNAME",
			"MINE",
			"ONE",
			"PATH",
			"SHELL",
			"USER",
			"XDG_RUNTIME_DIR",
		]);
		const none = await cli.run(["run", "-f", "--ignore-environment", "-E", "ONE=1", "/usr/bin/env"], { env });
		assert.deepEqual(none.stdout.replace(/=.*/g, "").trim().split("\n").sort(), ["CHORE_JOB_ID", "CHORE_RUN_ID", "ONE"]);
	},
);

/** Whether it takes the words of a program for its own: Node 20 does. */
const takesEnvFile = spawnSync(process.execPath, ["/dev/null", "--env-file", "/nowhere/at-all"]).status !== 0;

test("a file of variables that cannot be read is refused by name", {
	...PATIENCE,
	skip: takesEnvFile && "this Node looks for --env-file among the program's own words too, and ends the program",
}, async () => {
	await using cli = new Cli();
	const outcome = await cli.chore("run", "--env-file", "/nowhere/at-all", "true");
	assert.equal(outcome.status, 2, outcome.stderr);
	assert.match(outcome.stderr, /^chore: cannot read the file of variables \/nowhere\/at-all: .*\nhint: .*NAME=VALUE/);
	const words = await cli.chore("run", "--wait", "echo", "--env-file", "/nowhere/at-all");
	assert.equal(words.status, 0, words.stderr);
});

test("variables that belong to the caller's supervisor stay behind", PATIENCE, async () => {
	await using cli = new Cli();
	const env = {
		NOTIFY_SOCKET: "/x",
		LISTEN_FDS: "3",
		INVOCATION_ID: "i",
		JOURNAL_STREAM: "1:2",
		MAINPID: "1",
		XDG_SESSION_ID: "5",
		CHORE_JOB_ID: "other",
		CHORE_RUN_ID: "7.other",
	};
	const id = await cli.begin("env");
	const outcome = await cli.run(["run", "-f", "env"], { env });
	for (const name of Object.keys(env)) if (!name.startsWith("CHORE_")) assert.doesNotMatch(outcome.stdout, new RegExp(`^${name}=`, "m"));
	const [job] = await cli.list();
	assert.notEqual(job?.id, id);
	assert.match(outcome.stdout, new RegExp(`^CHORE_JOB_ID=${job?.id}$`, "m"));
	assert.match(outcome.stdout, new RegExp(`^CHORE_RUN_ID=1\\.${job?.id}$`, "m"));
	assert.match((await cli.run(["run", "-f", "-E", "MAINPID", "env"], { env })).stdout, /^MAINPID=1$/m);
});

test("a job whose caller's parent is gone has the caller's limit of open files", PATIENCE, async () => {
	await using cli = new Cli();
	// The inner parentheses end as soon as chore is started. The leader of its process group is still there.
	const line =
		"ulimit -Sn 300; ulimit -Hn 400; (chore run -n limits -c 'ulimit -Sn; ulimit -Hn' &); until chore wait -q limits; do sleep 0.1; done";
	const outcome = await cli.shell(`${line} 2>/dev/null; chore logs limits`, { detached: true });
	assert.match(outcome.stdout, /^300\n400\n/m, outcome.stderr);
});

test(
	"a program that is being written when it is to be executed gives start-failed, and the system's words are in the output",
	PATIENCE,
	async (context) => {
		await using cli = new Cli();
		const program = cli.file("busy", readFileSync("/bin/true"), 0o755);
		const file = openSync(program, "r+");
		try {
			// Not every kernel refuses it, and not every shell tells that exec has failed.
			if (spawnSync("dash", ["-c", 'exec "$0"', program]).status === 0) return context.skip("this kernel executes such a program");
			if (!realpathSync("/bin/sh").endsWith("dash")) return context.skip("/bin/sh is not dash");
			const outcome = await cli.chore("run", "--follow", program);
			assert.equal(outcome.status, 126, outcome.stderr);
			assert.match(outcome.stdout, /Text file busy/);
			assert.match(outcome.stderr, /could not start.*its program could not be executed; the end of its output may tell why/);
		} finally {
			closeSync(file);
		}
	},
);

test("-c runs a line of shell", PATIENCE, async () => {
	await using cli = new Cli();
	const outcome = await cli.chore("run", "-f", "-c", `echo "$((6 * 7))" | sed 's/^/<&>/'; exit 3`);
	assert.deepEqual([outcome.status, outcome.stdout], [3, "<>42\n"], outcome.stderr);
	const [job] = await cli.list();
	assert.deepEqual(job?.command.slice(0, 2), ["/bin/sh", "-c"]);
	assert.equal(job?.name, "echo");
});

test("stdin of a job is empty, a file, or what send sends", PATIENCE, async () => {
	await using cli = new Cli();
	const file = cli.file("project/input", "line\n");
	for (const [words, got] of [
		[[], ""],
		[["--stdin", "null"], ""],
		[["--stdin", file], "line\n"],
		[["--stdin", "input"], "line\n"],
	] as const) {
		const outcome = await cli.run(["run", "-f", ...words, "cat"], { input: "not for the job\n" });
		assert.deepEqual([outcome.status, outcome.stdout], [0, got], words.join(" "));
	}
	const missing = await cli.chore("run", "--stdin", "/no/such/file", "cat");
	assert.deepEqual([missing.status, missing.stdout], [2, ""]);
	assert.match(missing.stderr, /\/no\/such\/file.*ENOENT.*\nhint: --stdin/);
});

test("output goes to one file, to two, or nowhere", PATIENCE, async () => {
	await using cli = new Cli();
	for (const mode of ["merged", "split", "null"]) {
		const id = await cli.begin("-n", mode, "--output", mode, "-c", "echo out; echo err >&2");
		await cli.chore("wait", id);
		const job = await cli.job(id);
		assert.deepEqual(
			[job.output.mode, job.output.paths.length, job.output.bytes],
			[mode, { merged: 1, split: 2 }[mode] ?? 0, mode === "null" ? 0 : 8],
		);
	}
	assert.equal((await cli.chore("logs", "merged")).stdout, "out\nerr\n");
	const split = await cli.chore("logs", "split");
	assert.deepEqual([split.stdout, split.stderr], ["out\n", "err\n"]);
	assert.equal((await cli.chore("logs", "--stdout", "split")).stderr, "");
	assert.equal((await cli.chore("logs", "--stderr", "split")).stdout, "");
	for (const words of [
		["logs", "null"],
		["logs", "--stdout", "merged"],
	]) {
		const outcome = await cli.run(words);
		assert.equal(outcome.status, 1);
		assert.match(outcome.stderr, /^chore: the output of .*\nhint: /);
	}
});

test("set changes what it names from the next start on, and status shows what comes", PATIENCE, async () => {
	await using cli = new Cli();
	const id = await cli.begin("-n", "web", "-E", "GREETING=hi", "--timeout", "90", "-c", 'echo "$GREETING"; exit 3');
	await cli.chore("wait", id);
	const set = await cli.chore("set", "web", "--timeout", "none", "-E", "MORE=x", "--", "sh", "-c", 'echo "$GREETING $MORE"; exit 4');
	assert.deepEqual([set.status, set.stdout], [0, `web (${id.slice(-8)}) is changed, from run 2 on\n`], set.stderr);
	assert.match((await cli.call("status", "web")).stdout, /^ {2}next run {3}sh -c .*exit 4'; no limits$/m);
	assert.match((await cli.call("events")).stdout, / changed: command, setenv, timeout$/m);
	await cli.chore("start", "web");
	assert.equal((await cli.chore("wait", "web")).status, 4);
	assert.equal((await cli.call("logs", "web")).stdout, "hi x\n");
	assert.equal((await cli.call("logs", "--run", "1", "web")).stdout, "hi\n");
	assert.doesNotMatch((await cli.call("status", "web")).stdout, /next run/);
	const line = await cli.call("set", "-q", "web", "-c", "exit 5", "--refresh-environment", "--description", "");
	assert.deepEqual([line.status, line.stdout], [0, ""], line.stderr);
	await cli.chore("set", "web", "--timeout", "5", "--restart", "always", "--restart-max", "3", "-E", "GONE=1");
	const shown = JSON.parse((await cli.call("set", "--json", "web", "--timeout=infinity", "--restart-max=none", "--unset=GONE")).stdout);
	assert.deepEqual([shown.nextRun.limits.timeoutMs, shown.nextRun.restart.max], [null, null]);
	assert.deepEqual([shown.run, shown.nextRun.command], [2, ["/bin/sh", "-c", "exit 5"]]);
});

test("set refuses what cannot be, and changes nothing", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.chore("wait", await cli.begin("-n", "web", "true"));
	const { id } = await cli.begun("-n", "long", "sleep", "60");
	for (const [words, status, message] of [
		["web", 2, /not said what to change/],
		["none --nice 1", 4, /no job named/],
		["long --nice 1", 1, /long \(\w+\) is not over: running\n.*stop it first: chore stop/],
		["web --overlap queue", 2, /without a trigger never fires/],
		["web --timer-property AccuracySec=1s", 3, /has no schedule/],
		["web --unset A=1", 2, /no name of a variable/],
		["web -c true -- true", 2, /exclude each other/],
		["web -- no-such-program", 127, /no such program in PATH/],
		["web --working-directory /no/such", 1, /no such directory/],
		["web --restart-delay 5", 2, /no restarts are asked for/],
		["web --memory 1G", 2, /memory limit/],
		["web --timeout never", 2, /no span of time/],
	] as const) {
		const { status: actual, stderr } = await cli.call("set", ...words.split(" "));
		assert.equal(actual, status, `${words}: ${stderr}`);
		assert.match(stderr, message, words);
	}
	const jobs = await cli.list();
	assert.deepEqual(
		jobs.map(({ name, nextRun }) => [name, nextRun]),
		[
			["long", null],
			["web", null],
		],
	);
	assert.equal((await cli.chore("stop", id)).status, 0);
});
