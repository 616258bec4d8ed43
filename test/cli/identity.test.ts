/** Jobs that root runs as another user, and the errors for all other callers. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { Cli, errorIn, PATIENCE, skipUnlessRoot } from "../support/cli.ts";

const NOBODY = execFileSync("id", ["-u", "nobody"], { encoding: "utf8" }).trim();
const ITS_GROUP = execFileSync("id", ["-g", "nobody"], { encoding: "utf8" }).trim();
const ROOTS = { XDG_CONFIG_HOME: "/root/x", DBUS_SESSION_BUS_ADDRESS: "unix:path=/x", KEPT: "yes" };

test("a job runs as the user that root names, with the user's groups and variables", { ...PATIENCE, skip: skipUnlessRoot }, async () => {
	await using cli = new Cli();
	const line = `id -u; id -g; id -G; echo "$HOME $USER $LOGNAME $SHELL $KEPT \${XDG_CONFIG_HOME-} \${DBUS_SESSION_BUS_ADDRESS-}"; exit 3`;
	const [, , , , , home, shell] = execFileSync("getent", ["passwd", "nobody"], { encoding: "utf8" }).trim().split(":");
	for (const user of ["nobody", NOBODY]) {
		const outcome = await cli.run(["run", "-f", "--uid", user, "--", "sh", "-c", line], { env: ROOTS });
		assert.deepEqual(
			[outcome.status, outcome.stdout],
			[3, `${NOBODY}\n${ITS_GROUP}\n${ITS_GROUP}\n${home} nobody nobody ${shell} yes  \n`],
			outcome.stderr,
		);
	}
	const own = await cli.run(["run", "-f", "--uid=nobody", "-E", "HOME=/x", "--clean-env", "--", "sh", "-c", 'echo "$HOME $USER"']);
	assert.equal(own.stdout, "/x nobody\n", own.stderr);
});

test("a job that runs as another user has no rights of root, and its end is recorded", { ...PATIENCE, skip: skipUnlessRoot }, async () => {
	await using cli = new Cli();
	const line = `cat '${cli.state}/default/ledger.jsonl' 2>/dev/null && exit 9; grep -E 'Cap(Inh|Prm|Eff|Amb)' /proc/self/status; nice; kill -9 $$`;
	const id = await cli.begin("--uid", "nobody", "--nice=-5", "--restart=on-failure", "--restart-max=1", "--restart-delay=0", "-c", line);
	await cli.chore("wait", id);
	const job = await cli.job(id);
	assert.deepEqual([job.state, job.signal, job.attempt], ["failed", "SIGKILL", 2]);
	const { stdout } = await cli.chore("logs", id);
	const once = `${["Inh", "Prm", "Eff", "Amb"].map((set) => `Cap${set}:\t${"0".repeat(16)}\n`).join("")}-5\n`;
	assert.equal(stdout, once + once);
});

test("a job runs with the group that root names", { ...PATIENCE, skip: skipUnlessRoot }, async () => {
	await using cli = new Cli();
	const alone = await cli.run(["run", "-f", "--gid", "nogroup", "--", "sh", "-c", "id -u; id -gn"]);
	assert.equal(alone.stdout, "0\nnogroup\n", alone.stderr);
	const both = await cli.run(["run", "-f", "--uid", "nobody", "--gid", "daemon", "--", "sh", "-c", "id -un; id -gn"]);
	assert.equal(both.stdout, "nobody\ndaemon\n", both.stderr);
});

test("run -P connects input and output to a job that runs as another user", { ...PATIENCE, skip: skipUnlessRoot }, async () => {
	await using cli = new Cli();
	const outcome = await cli.run(["run", "-P", "--uid", "nobody", "--", "sh", "-c", "cat; id -un >&2"], { input: "hello\n" });
	assert.deepEqual([outcome.status, outcome.stdout], [0, "hello\n"], outcome.stderr);
	assert.match(outcome.stderr, /^nobody$/m);
});

test("stop ends a job that runs as another user, and start runs it as that user again", { ...PATIENCE, skip: skipUnlessRoot }, async () => {
	await using cli = new Cli();
	const { id } = await cli.begun("--uid", "nobody", "-c", "id -un; exec sleep 600");
	assert.equal((await cli.chore("stop", id)).status, 0);
	assert.equal((await cli.chore("start", id)).status, 0);
	assert.equal((await cli.chore("stop", id)).status, 0);
	assert.equal((await cli.job(id)).state, "stopped");
	assert.equal((await cli.chore("logs", "--run", "1", id)).stdout, "nobody\n");
});

test("an unknown user, and a program that the user cannot run, are refused before a file of the job is made", {
	...PATIENCE,
	skip: skipUnlessRoot,
}, async () => {
	await using cli = new Cli();
	const secret = cli.file("secret", "#!/bin/sh\n", 0o700);
	for (const [words, status, said] of [
		[["--uid", "chore-not-there", "true"], 2, /there is no user "chore-not-there"/],
		[["--uid", "", "true"], 2, /there is no user ""/],
		[["--gid", "chore-not-there", "true"], 2, /there is no group "chore-not-there"/],
		[["--uid", "--help", "true"], 2, /there is no user "--help"/],
		[["--uid", "nobody", secret], 126, /nobody cannot run .*secret: permission denied \(EACCES\)/],
	] as const) {
		const outcome = await cli.run(["run", ...words]);
		assert.deepEqual([outcome.status, outcome.stdout], [status, ""], outcome.stderr);
		assert.match(outcome.stderr, said);
	}
	assert.deepEqual(await cli.list(), []);
});

test("only root may name another user; naming the caller changes nothing", PATIENCE, async () => {
	await using cli = new Cli();
	const isRoot = process.geteuid?.() === 0;
	const under = isRoot ? ["setpriv", "--reuid", NOBODY, "--regid", ITS_GROUP, "--clear-groups"] : [];
	const uid = isRoot ? NOBODY : String(process.geteuid?.());
	const gid = isRoot ? ITS_GROUP : String(process.getegid?.());
	if (isRoot) execFileSync("chown", ["-R", `${NOBODY}:${ITS_GROUP}`, cli.folder]);
	const refused = await cli.run(["run", "--json", "--uid", "root", "true"], { under });
	assert.equal(refused.status, 2, refused.stderr);
	assert.match(errorIn(refused).message, /only root can run a job as another user/);
	const own = await cli.run(["run", "-f", "--uid", uid, "--gid", gid, "id", "-u"], { under });
	assert.deepEqual([own.status, own.stdout], [0, `${uid}\n`], own.stderr);
});
