/** `chore cert` and `chore serve passwd`: what they write, print and refuse. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import type { ClientCertificate, NewClient, ServerCertificate } from "../../src/api/identity/keep.ts";
import { isPassword } from "../../src/api/identity/password.ts";
import { readSettings } from "../../src/api/identity/settings.ts";
import { Cli, errorIn, type HowToRun, type Outcome, PATIENCE } from "../support/cli.ts";
import { eventually } from "../support/eventually.ts";

class Certs extends Cli {
	readonly serve = `${this.folder}/home/.config/chore/serve`;

	/** An action that must go well. */
	async cert<T>(...words: readonly string[]): Promise<T> {
		const outcome = await this.call("--json", "cert", ...words);
		assert.deepEqual([outcome.status, outcome.stderr], [0, ""]);
		return JSON.parse(outcome.stdout) as T;
	}

	/** One that is refused. @returns the code and the message */
	async refused(...words: readonly string[]): Promise<string> {
		const outcome = await this.call("--json", "cert", ...words);
		assert.notEqual(outcome.status, 0, outcome.stdout);
		const { code, message } = errorIn(outcome);
		return `${code}: ${message}`;
	}

	ls(): Promise<readonly ClientCertificate[]> {
		return this.cert("ls");
	}
}

test("init makes what a server needs, private, and not twice", PATIENCE, async () => {
	await using cli = new Certs();
	const made = await cli.cert<ServerCertificate>("init", "--reached-by", "build.example.org");
	assert.deepEqual(made.hosts, ["build.example.org", "localhost", "127.0.0.1", "::1"]);
	const modes = [cli.serve, `${cli.serve}/clients`, made.certificate, made.key].map((path) => (statSync(path).mode & 0o777).toString(8));
	assert.deepEqual(modes, ["700", "700", "600", "600"]);
	assert.match(await cli.refused("init"), /^NAME_IN_USE: the server has a certificate already/);
	assert.notEqual((await cli.cert<ServerCertificate>("init", "--force")).fingerprint, made.fingerprint);
	assert.match(
		await cli.refused("init", "--force", "--reached-by", "build:8443"),
		/"build:8443" is neither the name of a host nor its address/,
	);
});

test("the program itself tells where the files of a new client are", PATIENCE, async () => {
	await using cli = new Certs();
	const { status, stdout, stderr } = await cli.chore("cert", "new", "alice");
	assert.equal(status, 0, stderr);
	assert.deepEqual(stdout.trim().split("\n"), [`${cli.directory}/alice.pem`, `${cli.directory}/alice.key`]);
	assert.match(stderr, /^alice is let in with these: role run, session alice, until \d{4}-\d\d-\d\d\.\nhint: /);
	assert.equal(statSync(`${cli.directory}/alice.key`).mode & 0o777, 0o600);
	assert.doesNotMatch(readFileSync(`${cli.serve}/clients/alice.pem`, "utf8"), /PRIVATE/, "the key is the client's alone");
	const table = await cli.call("cert", "ls");
	assert.match(
		table.stdout,
		/^NAME {3}ROLE {2}SESSIONS {2}ENDS {8}DAYS {2}FINGERPRINT\nalice {2}run {3}alice {5}\d{4}-\d\d-\d\d {2}399 {3}[0-9a-f]{64}\n$/,
	);
});

test("a client has the certificates, the role and the sessions that it was given; each goes alone, or all do", PATIENCE, async () => {
	await using cli = new Certs();
	const first = await cli.cert<NewClient>("new", "alice", "--role", "admin", "--sessions", "*, builds", "--directory", cli.folder);
	assert.deepEqual([first.role, first.sessions], ["admin", ["alice", "*", "builds"]]);
	const second = await cli.cert<NewClient>("new", "alice");
	assert.deepEqual(
		(await cli.ls()).map(({ role, fingerprint }) => [role, fingerprint]),
		[
			["admin", first.fingerprint],
			["admin", second.fingerprint],
		],
	);
	const other = await cli.cert<NewClient>("new", "bob");
	const colons = first.fingerprint?.toUpperCase().match(/../g)?.join(":") ?? "";
	await cli.cert("rm", "alice", "--only", colons);
	assert.deepEqual(
		(await cli.ls()).map(({ fingerprint }) => fingerprint),
		[second.fingerprint, other.fingerprint],
	);
	assert.match(await cli.refused("rm", "alice", "--only", colons), /no certificate of alice begins with/);
	await cli.cert("rm", "alice", "--only", second.fingerprint?.slice(0, 12) ?? "");
	assert.equal(existsSync(`${cli.serve}/clients/alice.toml`), false, "with the last certificate the client goes");
	assert.match(await cli.refused("rm", "alice"), /^INVALID_ARGUMENT: there is no client "alice"$/);
	await cli.cert("rm", "bob", "--revoke");
	assert.equal(readFileSync(`${cli.serve}/revoked`, "utf8"), `${other.fingerprint} # bob\n`);
	assert.match(await cli.refused("add", "bob", other.certificate), /is revoked$/);
	assert.deepEqual(await cli.ls(), []);
});

test("add takes a client's own certificate, and nothing else", PATIENCE, async () => {
	await using cli = new Certs();
	const { certificate, key, fingerprint } = await cli.cert<NewClient>("new", "alice");
	assert.match(await cli.refused("add", "bob", certificate), /^NAME_IN_USE: this certificate is that of alice already$/);
	await cli.cert("rm", "alice");
	const [added] = await cli.cert<readonly ClientCertificate[]>("add", "bob", certificate, "--role", "read");
	assert.deepEqual([added?.client, added?.role, added?.fingerprint], ["bob", "read", fingerprint]);
	assert.match(await cli.refused("add", "carol", key), /holds a private key, which must stay with its owner/);
	assert.match(await cli.refused("add", "carol", `${cli.folder}/nothing`), /cannot read the certificate/);
	const both = cli.file(
		"both.pem",
		(await cli.cert<NewClient>("new", "dave")) && readFileSync(`${cli.directory}/dave.pem`, "utf8").repeat(2),
	);
	assert.match(await cli.refused("add", "carol", both), /holds 2 certificates: whoever has the key of any of them would be let in/);
	const piped = await cli.run(["cert", "add", "carol", "-"], { input: "nothing" });
	assert.match(piped.stderr, /^chore: standard input holds no certificate in PEM\nhint: /);
});

for (const [words, message] of [
	[["new"], /cert new needs the name of a client/],
	[["add", "alice"], /cert add needs a file/],
	[["new", "../alice"], /"\.\.\/alice" cannot be the name of a client/],
	[["new", "libexec"], /"libexec" cannot be the name of a client/],
	[["new", "alice", "--sessions", "a/b"], /sessions must be a list of names of sessions/],
	[["new", "alice", "--role", "king"], /"king" is none of read, run, admin/],
	[["ls", "--revoke"], /cert ls takes no --revoke/],
	[["ls", "alice"], /cert ls takes no name/],
	[["rm", "alice", "file"], /cert rm takes no file/],
	[["rm", "../../etc"], /there is no client/],
] as const) {
	test(`cert ${words.join(" ")} is refused, and leaves nothing`, async () => {
		await using cli = new Certs();
		assert.match(await cli.refused(...words), message);
		assert.deepEqual(
			["alice.pem", "alice.key"].map((file) => existsSync(`${cli.directory}/${file}`)),
			[false, false],
		);
		assert.deepEqual(await cli.ls(), []);
	});
}

test("files of the client that are there already are kept", PATIENCE, async () => {
	await using cli = new Certs();
	writeFileSync(`${cli.directory}/alice.pem`, "mine");
	assert.match(await cli.refused("new", "alice"), /alice\.pem is there already$/);
	assert.equal(readFileSync(`${cli.directory}/alice.pem`, "utf8"), "mine");
	assert.equal(existsSync(`${cli.directory}/alice.key`), false);
});

test("a folder that others can use, or a link in it, is refused in words", PATIENCE, async () => {
	await using cli = new Certs();
	await cli.cert("new", "alice");
	symlinkSync(`${cli.directory}/alice.pem`, `${cli.serve}/clients/bob.pem`);
	const linked = await cli.call("cert", "ls");
	assert.equal(linked.status, 1);
	assert.match(linked.stderr, /^chore: bob is not let in: .*bob\.pem is a symbolic link\n$/);
	chmodSync(cli.serve, 0o755);
	const open = await cli.call("cert", "ls");
	assert.match(open.stderr, /^chore: nobody is let in: others can use .*serve \(mode 755\) \(chmod 700 '.*'\)\n$/);
	assert.match(await cli.refused("new", "carol"), /^CONFIG_INVALID: others can use/);
});

const PASSWD = [
	process.execPath,
	"-e",
	`import(${JSON.stringify(resolve("dist-test/src/cli/commands/serve-passwd.js"))}).then(({ passwdCommand }) => passwdCommand().parseAsync(process.argv.slice(1), { from: "user" }))`,
	"--",
];

function passwd(cli: Cli, words: readonly string[], how: HowToRun = {}): Promise<Outcome> {
	return cli.spawn([...PASSWD, ...words], how).ended;
}

test("a password is read from standard input, kept as a hash beside the other settings, and taken away", PATIENCE, async () => {
	await using cli = new Certs();
	await cli.cert("new", "alice", "--role", "read");
	const path = `${cli.serve}/clients/alice.toml`;
	writeFileSync(path, `# ours\n${readFileSync(path, "utf8")}max_jobs = 2 # few\n`);
	const set = await passwd(cli, ["alice"], { input: "correct horse\nmore" });
	assert.equal(set.status, 0, set.stderr);
	const text = readFileSync(path, "utf8");
	assert.doesNotMatch(text, /correct horse/);
	assert.match(text, /^# ours\n[\s\S]*max_jobs = 2 # few\n/);
	const { password = "", role, quota } = readSettings("alice", text, path);
	assert.deepEqual([await isPassword("correct horse", password), role, quota], [true, "read", { maxJobs: 2 }]);
	assert.equal((await cli.ls())[0]?.password, true);
	assert.match((await passwd(cli, ["alice"], { input: "short\n" })).stderr, /a password has 12 characters or more/);
	assert.equal((await passwd(cli, ["--remove", "alice"])).status, 0);
	assert.equal((await cli.ls())[0]?.password, false);
});

test("at a terminal the password is asked for twice, and never shown", PATIENCE, async () => {
	await using cli = new Certs();
	const line = [...PASSWD, "alice"].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
	const asked = cli.spawn(["script", "-qec", line, "/dev/null"], { input: null });
	await eventually("it asks", () => asked.stdout().includes("Password: "));
	asked.child.stdin?.write("correct horse\r");
	await eventually("it asks again", () => asked.stdout().includes("Again: "));
	asked.child.stdin?.end("correct horse\r");
	assert.equal((await asked.ended).status, 0, asked.stdout());
	assert.doesNotMatch(asked.stdout(), /horse/);
	const { password = "" } = readSettings("alice", readFileSync(`${cli.serve}/clients/alice.toml`, "utf8"), "it");
	assert.equal(await isPassword("correct horse", password), true);
});
