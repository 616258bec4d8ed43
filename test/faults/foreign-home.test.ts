/** Unsafe places for the state: the home of another user, one that cannot be read, folders that other users can write to. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, lchownSync, mkdirSync, readdirSync, statSync, symlinkSync } from "node:fs";
import { describe, test } from "node:test";
import { isChoreError } from "../../platform/errors.ts";
import { makePrivateFolder } from "../../src/core/disk/private-folder.ts";
import { openSession } from "../../src/core/disk/session.ts";
import { openChore } from "../../src/index.ts";
import { assertNoBug, Cli, errorIn, type HowToRun, PATIENCE, skipUnlessRoot } from "../support/cli.ts";

const asRoot = { ...PATIENCE, skip: skipUnlessRoot };
const NOBODY = 65534;

/** A command line of each verb that uses the state. */
const VERBS: readonly (readonly string[])[] = [
	["run", "true"],
	["ps"],
	["status", "web"],
	["logs", "-f", "web"],
	["stop", "web"],
	["kill", "web"],
	["wait", "web"],
	["start", "web"],
	["restart", "web"],
	["pause", "web"],
	["resume", "web"],
	["send", "web", "text"],
	["rm", "-f", "web"],
	["prune"],
	["history"],
	["events"],
];

/** Checks that every verb refuses, also with --json, and that the doctor reports a finding. */
async function assertAllRefuse(cli: Cli, how: HowToRun, said: RegExp): Promise<void> {
	for (const words of VERBS) {
		const outcome = await cli.run(["--json", ...words], how);
		assert.ok(outcome.status === 1 || outcome.status === 125, `${words.join(" ")}: ${outcome.status} ${outcome.stderr}`);
		const { code, message, hint } = errorIn(outcome);
		assert.equal(code, "STATE_UNUSABLE", words.join(" "));
		assert.match(message, said, words.join(" "));
		assert.match(hint ?? "", /CHORE_HOME/);
	}
	const outcome = await cli.run(["ps"], how);
	assertNoBug(outcome);
	assert.match(outcome.stderr, /^chore: .+\nhint: .*CHORE_HOME.*\n$/);
	const doctor = await cli.run(["--json", "doctor", "--no-test"], how);
	assertNoBug(doctor);
	const { findings } = JSON.parse(doctor.stdout) as { findings: readonly { kind: string; what: string }[] };
	assert.match(findings.find(({ kind }) => kind === "state")?.what ?? "", said, doctor.stdout);
}

test("root with the home of another user is refused, and no file is made there", asRoot, async () => {
	await using cli = new Cli();
	const home = `${cli.folder}/theirs`;
	mkdirSync(home, { mode: 0o755 });
	chownSync(home, NOBODY, NOBODY);
	const env = { HOME: home, CHORE_HOME: undefined };
	await assertAllRefuse(cli, { env }, /theirs above it belongs to another user \(uid 65534\)/);
	const told = errorIn(await cli.run(["--json", "run", "true"], { env: { ...env, XDG_STATE_HOME: `${home}/.local/state` } }));
	assert.match(told.message, /theirs above it belongs to another user/);
	assert.deepEqual(readdirSync(home), []);
});

test("the error for a home that cannot be searched says so", asRoot, async () => {
	await using cli = new Cli();
	chmodSync(cli.folder, 0o755);
	const under = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
	const env = { HOME: `${cli.folder}/home`, CHORE_HOME: undefined };
	await assertAllRefuse(cli, { under, env, directory: "/" }, /cannot use \/.*home\/\.local: permission denied/);
});

test("the error for a home that is a file says so", PATIENCE, async () => {
	await using cli = new Cli();
	for (const words of [["ps"], ["run", "true"]]) {
		const { message } = errorIn(await cli.run(["--json", ...words], { env: { HOME: cli.file("file", ""), CHORE_HOME: undefined } }));
		assert.match(message, /a part of the path is not a directory/);
	}
});

test("the library refuses the home of another user with a ChoreError", asRoot, async () => {
	await using cli = new Cli();
	const home = `${cli.folder}/theirs`;
	mkdirSync(home);
	chownSync(home, NOBODY, NOBODY);
	const isRefusal = (error: unknown) => isChoreError(error) && error.code === "STATE_UNUSABLE" && error.hint !== undefined;
	await assert.rejects(openChore({ home: `${home}/chore` }), isRefusal);
	await assert.rejects(openChore({ home: "relative/chore" }), isRefusal);
});

const ALONE = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", "unshare", "-U", "--map-user=54321", "--map-group=54321"];
const noNamespace = spawnSync(ALONE[0] ?? "", [...ALONE.slice(1), "true"]).status !== 0;

test("in a user namespace with one user the folders of the machine's root are trusted", {
	...PATIENCE,
	skip: skipUnlessRoot || (noNamespace && "needs user namespaces"),
}, async () => {
	await using cli = new Cli();
	chmodSync(cli.folder, 0o755);
	const home = `${cli.folder}/theirs`;
	mkdirSync(home, { mode: 0o700 });
	chownSync(home, 54_321, 54_321);
	const outcome = await cli.run(["run", "--wait", "true"], { under: ALONE, env: { HOME: home, CHORE_HOME: undefined }, directory: "/" });
	assert.equal(outcome.status, 0, outcome.stderr);
});

test("folders above the state are made with the umask, never writable for others; the state itself is 0700", PATIENCE, async () => {
	for (const [umask, mode] of [
		["022", 0o755],
		["027", 0o750],
		["077", 0o700],
		["002", 0o755],
		["000", 0o755],
	] as const) {
		await using cli = new Cli();
		const outcome = await cli.shell(`umask ${umask}; chore run --wait true && chore ps -a`, { env: { CHORE_HOME: undefined } });
		assert.equal(outcome.status, 0, outcome.stderr);
		const modeOf = (path: string) => statSync(`${cli.folder}/home/${path}`).mode & 0o777;
		assert.deepEqual([".local", ".local/state", ".local/state/chore"].map(modeOf), [mode, mode, 0o700], umask);
	}
});

describe("folders above the state are checked like those above authorized_keys by sshd", () => {
	/** The error of opening a session below a folder; undefined if it is opened. */
	function refusalOf(path: string): { readonly message: string; readonly hint: string | undefined } | undefined {
		try {
			openSession(path, "default");
			return undefined;
		} catch (error) {
			assert.ok(isChoreError(error) && error.code === "STATE_UNUSABLE", String(error));
			return { message: error.message, hint: error.hint };
		}
	}

	for (const mode of [0o777, 0o757, 0o775, 0o722]) {
		test(`a folder of the mode ${mode.toString(8)} is refused by name, with the command that repairs it`, asRoot, async () => {
			await using cli = new Cli();
			const above = `${cli.folder}/above`;
			mkdirSync(`${above}/below`, { recursive: true });
			chownSync(above, 0, 12_345);
			makePrivateFolder(`${above}/below/state`);
			chmodSync(above, mode);
			const refusal = refusalOf(`${above}/below/state`);
			assert.ok(refusal?.message.includes(`${above} above it can be written by others (mode ${mode.toString(8)})`), refusal?.message);
			assert.ok(refusal?.hint?.includes(`chmod go-w '${above}'`), refusal?.hint);
			chmodSync(above, mode | 0o1000);
			assert.equal(refusalOf(`${above}/below/state`), undefined, "none can replace what is in a sticky one");
			chmodSync(above, 0o755);
			assert.equal(refusalOf(`${above}/below/state`), undefined);
		});
	}

	test("a folder is accepted if the only group that can write to it has no member but the user", asRoot, async () => {
		await using cli = new Cli();
		const above = `${cli.folder}/above`;
		mkdirSync(above);
		chmodSync(above, 0o775); // of the group root, which has no other member
		assert.equal(refusalOf(`${above}/state`), undefined);
	});

	test("links on the way are followed, and the folders that lead to their targets are checked", asRoot, async () => {
		await using cli = new Cli();
		for (const name of ["real", "open"]) mkdirSync(`${cli.folder}/${name}/below`, { recursive: true });
		symlinkSync("real/../real/./below", `${cli.folder}/link`);
		assert.equal(refusalOf(`${cli.folder}/link/state`), undefined);
		chmodSync(`${cli.folder}/open`, 0o777);
		symlinkSync(`${cli.folder}/open/below`, `${cli.folder}/elsewhere`);
		assert.match(refusalOf(`${cli.folder}/elsewhere/state`)?.message ?? "", /open above it can be written by others/);
		symlinkSync("circle", `${cli.folder}/circle`);
		assert.match(refusalOf(`${cli.folder}/circle/state`)?.message ?? "", /leads in circles/);
		lchownSync(`${cli.folder}/link`, NOBODY, NOBODY);
		assert.match(refusalOf(`${cli.folder}/link/state`)?.message ?? "", /link above it belongs to another user/);
	});

	test("each folder of a session must be a folder, and belong to the user", asRoot, async () => {
		await using cli = new Cli();
		await cli.begin("--", "true");
		for (const part of ["jobs", "names", "active", "trash"]) {
			chownSync(`${cli.state}/default/${part}`, NOBODY, NOBODY);
			assert.match(refusalOf(cli.state)?.message ?? "", new RegExp(`/${part} belongs to another user`));
			chownSync(`${cli.state}/default/${part}`, 0, 0);
		}
		assert.ok(existsSync(`${cli.state}/default/jobs`));
	});
});
