/** A state folder that cannot be used: a clear error that names it, and nothing written elsewhere. */
import assert from "node:assert/strict";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { assertNoBug, Cli, errorIn, PATIENCE, skipUnlessRoot } from "../support/cli.ts";

/** Words of each command, for a state folder in which a job named `web` may or may not be. */
const COMMANDS: readonly (readonly string[])[] = [
	["run", "true"],
	["ps"],
	["ps", "-a"],
	["status", "web"],
	["logs", "web"],
	["stop", "web"],
	["rm", "web"],
	["wait", "web"],
	["stop", "--all"],
];

/** Every command refuses, naming the folder. */
async function assertRefused(cli: Cli, said: RegExp, commands = COMMANDS): Promise<void> {
	for (const words of commands) {
		const outcome = await cli.run(words);
		assertNoBug(outcome);
		assert.deepEqual([outcome.status, outcome.stdout], [words[0] === "wait" ? 125 : 1, ""], `${words.join(" ")}: ${outcome.stderr}`);
		assert.match(outcome.stderr, said, words.join(" "));
		assert.match(outcome.stderr, /^chore: .+\nhint: .+\n$/, words.join(" "));
		assert.ok(outcome.stderr.includes(cli.folder), outcome.stderr);
	}
}

test("a missing state folder is made, private, with its parents", PATIENCE, async () => {
	await using cli = new Cli();
	const env = { CHORE_HOME: `${cli.folder}/new/and/deep` };
	for (const words of [["ps"], ["status"], ["stop", "--all"], ["doctor"]]) assert.ok((await cli.run(words, { env })).status !== null);
	assert.ok(!existsSync(`${cli.folder}/new`), "reading makes nothing");
	const outcome = await cli.shell('umask 0; chore run --wait true; find "$CHORE_HOME" ! -type p ! -type l -perm /077', { env });
	assert.deepEqual([outcome.status, outcome.stdout], [0, ""], outcome.stderr);
});

test("when a session's folder is deleted, the session has no jobs, and new ones can be started", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.begin("-n", "web", "true");
	await cli.chore("wait", "web");
	rmSync(`${cli.state}/default`, { recursive: true });
	assert.deepEqual(await cli.list(), []);
	assert.equal((await cli.chore("status", "web")).status, 4);
	assert.equal((await cli.chore("run", "--wait", "-n", "web", "true")).status, 0);
});

test("a deleted part of the state folder is made again", PATIENCE, async () => {
	await using cli = new Cli();
	const id = await cli.begin("-n", "web", "true");
	await cli.chore("wait", "web");
	for (const part of ["names", "trash", "ledger.jsonl", "../libexec"]) {
		rmSync(`${cli.state}/default/${part}`, { recursive: true });
		assert.equal((await cli.list()).at(-1)?.id, id, part);
		const outcome = await cli.chore("run", "--wait", "-n", "again", "true");
		assertNoBug(outcome);
		assert.equal(outcome.status, 0, `without ${part}: ${outcome.stderr}`);
		assert.equal((await cli.chore("rm", "again")).status, 0, part);
	}
	for (const part of ["active", "jobs"]) {
		rmSync(`${cli.state}/default/${part}`, { recursive: true });
		const outcome = await cli.chore("run", "true");
		assert.deepEqual([outcome.status, outcome.stdout], [1, ""]);
		assert.match(outcome.stderr, new RegExp(`^chore: cannot use .*/default/${part}/.*: it does not exist\nhint: `));
		mkdirSync(`${cli.state}/default/${part}`, { mode: 0o700 });
	}
});

test("a state folder that is a symbolic link is refused", PATIENCE, async () => {
	await using cli = new Cli();
	rmSync(cli.state, { recursive: true });
	mkdirSync(`${cli.folder}/real`, { mode: 0o700 });
	symlinkSync(`${cli.folder}/real`, cli.state);
	await assertRefused(cli, /is a symbolic link/);
	assert.deepEqual(readdirSync(`${cli.folder}/real`), []);
});

test("a session's folder that is a symbolic link is refused", PATIENCE, async () => {
	await using cli = new Cli();
	mkdirSync(`${cli.folder}/real`, { mode: 0o700 });
	symlinkSync(`${cli.folder}/real`, `${cli.state}/default`);
	await assertRefused(cli, /is a symbolic link/);
	assert.deepEqual(readdirSync(`${cli.folder}/real`), []);
});

test("a state folder that is a file is refused", PATIENCE, async () => {
	await using cli = new Cli();
	rmSync(cli.state, { recursive: true });
	writeFileSync(cli.state, "mine");
	await assertRefused(cli, /is not a folder/);
	assert.equal((await cli.run(["run", "true"], { env: { CHORE_HOME: `${cli.state}/below` } })).status, 1);
});

test("a state folder that others can write to is refused, with the command that repairs it", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.begin("-n", "web", "true");
	for (const mode of [0o770, 0o720, 0o702, 0o777]) {
		for (const folder of [cli.state, `${cli.state}/default`]) {
			chmodSync(folder, mode);
			await assertRefused(cli, /can be written by others \(mode 7\d\d\)/, [["run", "true"], ["ps"]]);
			assert.ok((await cli.chore("ps")).stderr.includes(`hint: chmod 700 '${folder}'\n`));
			chmodSync(folder, 0o700);
		}
	}
	assert.equal((await cli.chore("ps")).status, 0);
});

test("a state folder of another user is refused, also by root", { ...PATIENCE, skip: skipUnlessRoot }, async () => {
	await using cli = new Cli();
	await cli.begin("-n", "web", "true");
	for (const folder of [cli.state, `${cli.state}/default`]) {
		chownSync(folder, 65534, 65534);
		await assertRefused(cli, /belongs to another user \(uid 65534\)/);
		chownSync(folder, 0, 0);
	}
	assert.equal(errorIn(await cli.run(["--json", "ps"], { env: { CHORE_HOME: "/tmp" } })).code, "STATE_UNUSABLE");
});

test("a folder of a session that cannot be read is refused with its path", { ...PATIENCE, skip: skipUnlessRoot }, async () => {
	await using cli = new Cli();
	chmodSync(cli.folder, 0o755);
	mkdirSync(`${cli.folder}/theirs`, { mode: 0o700 });
	chownSync(`${cli.folder}/theirs`, 65534, 65534);
	const how = {
		under: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"],
		directory: "/",
		env: { CHORE_HOME: `${cli.folder}/theirs` },
	};
	assert.equal((await cli.run(["run", "--wait", "true"], how)).status, 0);
	for (const part of ["default/jobs", "default/active", "default/ledger.jsonl", "default/names"]) {
		chownSync(`${cli.folder}/theirs/${part}`, 0, 0);
		chmodSync(`${cli.folder}/theirs/${part}`, 0o700);
		let refused = 0;
		for (const words of [
			["ps", "-a"],
			["run", "true"],
			["status", "true"],
			["rm", "-f", "true"],
		]) {
			const outcome = await cli.run(words, how);
			assertNoBug(outcome);
			if (outcome.status === 1) {
				refused++;
				assert.match(outcome.stderr, /^chore: /);
			}
		}
		assert.ok(refused > 0, part);
		chownSync(`${cli.folder}/theirs/${part}`, 65534, 65534);
	}
	assert.equal((await cli.run(["run", "--wait", "true"], how)).status, 0);
});

test("a user without an entry in passwd runs jobs, and is asked for a state folder if there is no HOME", {
	...PATIENCE,
	skip: skipUnlessRoot,
}, async () => {
	await using cli = new Cli();
	chmodSync(cli.folder, 0o755);
	mkdirSync(`${cli.folder}/theirs`, { mode: 0o700 });
	chownSync(`${cli.folder}/theirs`, 54321, 54321);
	const how = { under: ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"], directory: "/" };
	for (const env of [
		{ HOME: `${cli.folder}/theirs`, CHORE_HOME: undefined },
		{ HOME: undefined, CHORE_HOME: `${cli.folder}/theirs/state` },
	]) {
		assert.equal((await cli.run(["run", "-n", "web", "sleep", "60"], { ...how, env })).status, 0);
		const stopped = await cli.run(["stop", "web"], { ...how, env });
		assert.match(stopped.stdout, /^web .* stopped by SIGTERM/, stopped.stderr);
	}
	const homeless = await cli.run(["ps"], { ...how, env: { HOME: undefined, CHORE_HOME: undefined } });
	assert.deepEqual([homeless.status, homeless.stdout], [1, ""]);
	assert.match(homeless.stderr, /^chore: there is no folder to keep state in: .*\nhint: set CHORE_HOME/);
});

test("on a read-only file system jobs are shown and waited for, and commands that write report the reason", {
	...PATIENCE,
	skip: skipUnlessRoot,
}, async () => {
	await using cli = new Cli();
	const ended = await cli.begin("-n", "ended", "-c", "echo said; exit 3");
	await cli.chore("wait", "ended");
	const unseen = await cli.begin("-n", "unseen", "-c", "exit 4");
	await cli.shell(`until grep -q chore-exit '${cli.runFolder(unseen)}/exit'; do :; done`);
	const { id: active } = await cli.begun("-n", "active", "-c", "echo said; exec sleep 60");
	// A mount namespace of its own: other processes do not see the state become read-only.
	const readOnly = (line: string) =>
		cli.shell(`mount --bind '${cli.state}' '${cli.state}' && mount -o remount,ro,bind '${cli.state}' && exec ${line}`, {
			under: ["unshare", "-m"],
		});
	const listed = JSON.parse((await readOnly("chore --json ps -a")).stdout) as { id: string; state: string; exitCode: number | null }[];
	assert.deepEqual(
		new Map(listed.map(({ id, state, exitCode }) => [id, `${state} ${exitCode}`])),
		new Map([
			[active, "running null"],
			[unseen, "failed 4"],
			[ended, "failed 3"],
		]),
	);
	assert.equal((await readOnly("chore logs ended")).stdout, "said\n");
	assert.equal((await readOnly("chore wait unseen")).status, 4);
	assert.equal((await readOnly("chore status active")).status, 0);
	for (const [line, status] of [
		["chore run true", 1],
		["chore run --wait true", 125],
		["chore stop active", 1],
		["chore rm ended", 1],
		["chore rm -f active", 1],
	] as const) {
		const outcome = await readOnly(line);
		assertNoBug(outcome);
		assert.deepEqual([outcome.status, outcome.stdout], [status, ""], `${line}: ${outcome.stderr}`);
		assert.match(outcome.stderr, /^chore: cannot use \/.*: the file system is read-only\nhint: /, line);
	}
	assert.deepEqual(
		(await cli.list()).map(({ id, state }) => [id, state]),
		[
			[active, "running"],
			[unseen, "failed"],
			[ended, "failed"],
		],
	);
	assert.equal((await cli.chore("stop", "active")).status, 0);
});
