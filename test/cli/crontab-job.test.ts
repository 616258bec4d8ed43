/** `chore schedule import` without a platform: the commands that it prints for crontabs, their names, and its refusals. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { test } from "node:test";
import { importedJob } from "../../src/cli/crontab-job.ts";
import { readCrontab } from "../../src/index.ts";
import { Cli, PATIENCE, skipUnlessRoot } from "../support/cli.ts";
import { eventually } from "../support/eventually.ts";

const PLAIN = { common: [], ifRunning: "fail" } as const;
const OWNER = { name: "ann", home: "/home/ann" };

/** The jobs of a crontab's lines. */
function imported(...text: readonly string[]) {
	const taken = new Set<string>();
	return readCrontab(text.join("\n")).flatMap((line) => ("job" in line ? importedJob(line.job, OWNER, taken, PLAIN) : []));
}

test("a job is named after a short comment, else its program, and each name is there once", () => {
	const names = imported(
		...["# nightly backup", "@daily /usr/local/bin/backup.sh"],
		...["@daily /usr/local/bin/backup.sh -x", "@daily cd /srv && FOO=1 nice backup.sh"],
		...["# m h  dom mon dow   command", "@daily PATH=/x exec rsync a b"],
		...["# 0 5 * * * old", "@daily [ -x /opt/a ] && /opt/a"],
		...["# This line was added by the installer of something", "@daily test -e /x || ( cd / && run )"],
		...["#Ansible: Prüfe Ordner:", "@daily ls", "# 漢字", "@daily (true)", "# MAILTO=x", "@daily ls"],
	).map(({ name }) => name);
	assert.deepEqual(names, [...["nightly-backup", "backup.sh", "nice", "rsync", "a", "run", "Prufe-Ordner", "true", "ls"]]);
});

test("a job has the variables, directory and shell that cron gives, and no others", () => {
	const [plain, own] = imported("@daily x", "SHELL=/bin/bash", "HOME=/srv", "PATH=/opt:/bin", "LOGNAME=eve", "MAILTO=", "@daily x");
	assert.deepEqual(plain?.options.environment, {});
	assert.deepEqual(plain?.options.setEnvironment, { SHELL: "/bin/sh", PATH: "/usr/bin:/bin", HOME: "/home/ann", LOGNAME: "ann" });
	assert.deepEqual([plain?.options.command, plain?.options.directory], [["/bin/sh", "-c", "x"], "/home/ann"]);
	const variables = { SHELL: "/bin/bash", PATH: "/opt:/bin", HOME: "/srv", LOGNAME: "ann", MAILTO: "" };
	assert.deepEqual(own?.options.setEnvironment, variables);
	assert.deepEqual([own?.options.command, own?.options.directory], [["/bin/bash", "-c", "x"], "/srv"]);
});

test("a command finds at its standard input what follows the percent sign, and its end is the job's", () => {
	const input = "a 'b' \"c\" $HOME `d` \\n END%END%";
	const [job] = imported("GREETING=hello", `@daily echo "$GREETING"; cat; kill -9 $$%${input}`);
	const [program = "", ...words] = job?.options.command ?? [];
	const { stdout, signal } = spawnSync(program, words, { encoding: "utf8", env: job?.options.setEnvironment ?? {} });
	assert.deepEqual([stdout, signal], ["hello\na 'b' \"c\" $HOME `d` \\n END\nEND\n", "SIGKILL"]);
});

const CRONTAB = `MAILTO=me@example.org
# greeting
0 9 * * 1-5 echo "it's" \\%d >/dev/null 2>&1
@daily cat%one
@reboot up
CRON_TZ=UTC
RANDOM_DELAY=5
0 0 * * * cat%two
`;

test("the plan is a script: the commands in words of a shell, and all else in comments", PATIENCE, async () => {
	await using cli = new Cli();
	const { username, homedir } = userInfo();
	const { status, stdout, stderr } = await cli.run(["schedule", "import", "-"], { input: CRONTAB });
	assert.equal(status, 1, stderr);
	assert.match(stderr, /^3 of 4 lines can be jobs, 1 cannot; nothing was changed/);
	assert.match(stdout, /^# line 5: @reboot up\n# {3}cannot be the same: .*@reboot.*\n# {3}instead: .*\n/m);
	assert.equal(stdout.match(/no mail is sent/g)?.length, 1);
	// The commands, with a chore that prints its words.
	const script = cli.file("script", `chore() { printf '%s\\n' "$@" .; }\n${stdout}`);
	const words = spawnSync("/bin/sh", [script], { encoding: "utf8" }).stdout.split("\n.\n");
	const common = ["--ignore-environment", "-E", "SHELL=/bin/sh", "-E", "PATH=/usr/bin:/bin", "-E", `HOME=${homedir}`];
	const rest = ["-E", "MAILTO=me@example.org", "-E", `LOGNAME=${username}`, "--working-directory", homedir, "--", "/bin/sh", "-c"];
	const first = ["run", "-n", "greeting", "--cron", "0 9 * * 1-5", ...common, ...rest, 'echo "it\'s" %d >/dev/null 2>&1'];
	assert.deepEqual(words[0]?.split("\n"), first);
	assert.match(words[2] ?? "", /^run\n-n\ncat-2\n--cron\n0 0 \* \* \*\n--timezone\nUTC\n--jitter\n5min\n--ignore-environment\n/);
	assert.match(words[2] ?? "", /\n\/bin\/sh\ncat\ntwo$/);
	assert.deepEqual(await cli.list(), []);
	const skipping = await cli.call(
		"--session",
		"s",
		"schedule",
		"import",
		"-q",
		"--if-running",
		"skip",
		"--missed",
		"skip",
		cli.file("c", "@daily x"),
	);
	assert.match(skipping.stdout, /^chore --session s run -n x --cron @daily --if-running skip --missed skip --ignore-environment .*\n$/);
});

test("the crontab is that of crontab(1) without a file, and its refusal is told", PATIENCE, async () => {
	await using cli = new Cli();
	cli.file("bin/crontab", "#!/bin/sh\n[ \"$*\" = -l ] && printf '@daily x\\n'\n", 0o755);
	assert.match((await cli.call("schedule", "import")).stdout, /^# line 1: @daily x\nchore run -n x --cron @daily /);
	cli.file("bin/crontab", "#!/bin/sh\necho 'no crontab for ann' >&2; exit 1\n", 0o755);
	const { status, stderr } = await cli.call("schedule", "import");
	assert.equal(status, 2);
	assert.match(stderr, /^chore: `crontab -l` gives no crontab: no crontab for ann\nhint: name a file/);
	assert.equal((await cli.call("schedule", "import", `${cli.folder}/nowhere`)).status, 2);
	assert.match((await cli.call("schedule", "import", "/etc/crontab")).stderr, /name a user\nhint: --user-column/);
	assert.match((await cli.call("schedule", "import", cli.file("empty", "# nothing\n"))).stderr, /no lines that run anything/);
});

test("of a crontab with a user column root takes its own lines", { skip: skipUnlessRoot, ...PATIENCE }, async () => {
	await using cli = new Cli();
	const file = cli.file("system", "17 * * * * root hourly\n@daily www-data other\n");
	const { status, stdout } = await cli.call("schedule", "import", "--user-column", file);
	assert.equal(status, 1);
	assert.match(
		stdout,
		/^# line 1: .*\nchore run -n hourly .*\n# line 2: .*\n# {3}cannot be the same: it is run as www-data\n# {3}instead: .*--uid/,
	);
});

test("a job that is called import can be told by its id", PATIENCE, async () => {
	await using cli = new Cli();
	const id = await cli.begin("-n", "import", "true");
	assert.equal((await cli.json<readonly { id: string }[]>("schedule", id))[0]?.id, id);
});

/** Debian's cron, whose minutes last three seconds here. */
const FAKETIME = ["x86_64", "aarch64"].map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`).find(existsSync);
const skipCron =
	skipUnlessRoot || (FAKETIME !== undefined && existsSync("/usr/sbin/cron") ? false : "cron and libfaketime are not installed");

/** Lets cron run a crontab, in namespaces of its own, where there is no other. $1 is the crontab. */
const CRON = `
mount -t tmpfs none /run && mount -t tmpfs none /var/spool/cron && mkdir /var/spool/cron/crontabs
chgrp crontab /var/spool/cron/crontabs && chmod 1730 /var/spool/cron/crontabs
for file in /etc/crontab /etc/cron.d/*; do mount --bind /dev/null "$file"; done 2>/dev/null
crontab "$1" && LD_PRELOAD=${FAKETIME} FAKETIME='+0 x20' cron -f
`;

test("a job gets the variables, the directory and the input that cron gives", { skip: skipCron, ...PATIENCE }, async () => {
	await using cli = new Cli();
	const results = (by: string): readonly string[] => {
		const read = (name: string) => readFileSync(`${cli.folder}/${by}/${name}`, "utf8").replaceAll(`${cli.folder}/${by}`, "");
		return [...read("env").split("\0").sort(), ...["pwd", "one", "two", "three"].map(read)];
	};
	const lines = [
		...["SHELL=/bin/bash", 'MAILTO=""', " A = 'b \"c' ", "B = a  # b  ", '"C D"=$HOME', "LOGNAME=eve"],
		'* * * * * env -0 >"$OUT/env"; pwd >"$OUT/pwd"',
		'* * * * * cat >"$OUT/one"%Hello%100\\%%',
		'* * * * * cat >"$OUT/two"%a\\\\%b\\nc',
		"* * * * *\tprintf '\\%s.' a\\b >\"$OUT/three\" \t ",
	];
	for (const by of ["cron", "chore"]) mkdirSync(`${cli.folder}/${by}`);
	const crontab = (by: string): string => `OUT=${cli.folder}/${by}\n${lines.join("\n")}\n`;
	const { username: name, homedir: home } = userInfo();
	for (const line of readCrontab(crontab("chore"))) {
		assert.ok("job" in line, JSON.stringify(line));
		const { command, directory, setEnvironment: env } = importedJob(line.job, { name, home }, new Set(), PLAIN).options;
		assert.equal(spawnSync(command[0] ?? "", command.slice(1), { cwd: directory, env: env ?? {}, stdio: "ignore" }).status, 0, line.text);
	}
	const words = [
		"unshare",
		"-m",
		"-p",
		"--fork",
		"--kill-child",
		"--mount-proc",
		"sh",
		"-c",
		CRON,
		"cron",
		cli.file("crontab", crontab("cron")),
	];
	const { child, stderr, ended } = cli.spawn(words, { env: { PATH: process.env["PATH"] } });
	const isThere = (file: string) => existsSync(`${cli.folder}/cron/${file}`) && readFileSync(`${cli.folder}/cron/${file}`).length > 0;
	await eventually("cron has run all lines", () => {
		assert.equal(child.exitCode, null, stderr());
		return ["pwd", "one", "two", "three"].every(isThere);
	});
	child.kill("SIGKILL");
	await ended;
	assert.deepEqual(results("chore"), results("cron"));
});
