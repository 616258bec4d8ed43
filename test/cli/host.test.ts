/** `chore --host`: the same commands on the jobs of another machine, by the real program; and `chore host`, which names machines. */
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { type Chore, type Job, openChore } from "../../src/index.ts";
import { StandIn } from "../api/stand-in.ts";
import { assertNoBug, Cli, errorIn, type Outcome, PATIENCE } from "../support/cli.ts";
import { eventually } from "../support/eventually.ts";

/** The other machine: a state folder of its own, and a server of its jobs. */
class There implements AsyncDisposable {
	readonly cli = new Cli();
	readonly #chore: Promise<Chore> = openChore({ home: this.cli.state, platform: "posix" });
	readonly url = `unix:${this.cli.folder}/api.sock`;
	#server: StandIn | undefined;

	async start(): Promise<StandIn> {
		this.#server = new StandIn(await this.#chore);
		await this.#server.listen(this.url.slice("unix:".length));
		return this.#server;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.#server?.close();
		await this.cli[Symbol.asyncDispose]();
		await (await this.#chore).close();
	}
}

describe("chore --host", PATIENCE, () => {
	const there = new There();
	const here = new Cli();
	let server: StandIn;
	before(async () => {
		server = await there.start();
	});
	after(async () => {
		await here[Symbol.asyncDispose]();
		await there[Symbol.asyncDispose]();
	});
	const far = (...words: readonly string[]): Promise<Outcome> => here.chore("--host", there.url, ...words);

	test("run starts a job there, without the directory and the variables of here", async () => {
		const { status, stdout, stderr } = await here.run(
			["--host", there.url, "run", "-n", "made", "-E", "MINE", "--", "sh", "-c", "pwd; env"],
			{
				env: { MINE: "of here", OTHER: "of here" },
			},
		);
		assert.equal(status, 0, stderr);
		assert.equal(stderr, `made runs on posix; follow it with: chore --host ${there.url} logs -f made\n`);
		assert.equal((await there.cli.job("made")).id, stdout.trim());
		assert.deepEqual(await here.list(), []);
		const shown = await far("logs", "-f", "made");
		assert.deepEqual([shown.status, shown.stdout.includes("MINE=of here"), shown.stdout.includes("OTHER=")], [0, true, false]);
		assert.match(shown.stdout, /^\/\n/);
	});

	test("run --follow, --wait and wait give the job's code, and --json its record", async () => {
		const followed = await far("run", "-f", "-q", "-c", "echo out; exit 7");
		assert.deepEqual([followed.status, followed.stdout], [7, "out\n"]);
		const waited = await far("--json", "run", "--wait", "-n", "nine", "-c", "exit 9");
		assert.deepEqual([waited.status, (JSON.parse(waited.stdout) as Job).exitCode], [9, 9]);
		assert.equal((await far("wait", "nine")).status, 9);
		assert.equal((await far("wait", "gone")).status, 125);
		assert.equal((await far("run", "--wait", "--", "no-such-program-x")).status, 127);
	});

	test("run --pipe sends stdin, and keeps stdout and stderr apart", async () => {
		const input = Buffer.alloc(300_000, "0123456789\n");
		const words = ["--host", there.url, "run", "-P", "-q", "-c", "cat; echo bad >&2; exit 4"];
		const { status, bytes, stderr } = await here.run(words, { input });
		assert.deepEqual([status, bytes.equals(input), stderr], [4, true, "bad\n"]);
	});

	test("the tables and lines are those of here", async () => {
		const { id } = JSON.parse((await far("--json", "run", "-n", "seen", "-c", "echo hello; sleep 600")).stdout) as Job;
		await eventually("it has written", async () => (await far("logs", "seen")).stdout === "hello\n");
		const [mine, its] = [await far("ps", "-q"), await there.cli.chore("ps", "-q")];
		assert.equal(mine.stdout, its.stdout);
		assert.match((await far("status", "seen")).stdout, /^seen .* running/);
		assert.equal((await far("stop", "seen", "--grace", "0")).status, 0);
		assert.equal((await far("status", "seen")).status, 3);
		assert.match((await far("history", "seen")).stdout, /stopped/);
		assert.match((await far("events")).stdout, new RegExp(`seen \\(${id.slice(-8)}\\) created`));
		assert.equal((await far("status", "nothing")).status, 4);
		assert.equal((await far("rm", "seen")).status, 0);
	});

	test("Ctrl-C ends logs -f with 130, and the job goes on", async () => {
		assert.equal((await far("run", "-q", "-n", "long", "-c", "echo begun; sleep 600")).status, 0);
		const following = here.start(["--host", there.url, "logs", "-f", "long"]);
		await eventually("it follows", () => following.stdout() === "begun\n");
		following.child.kill("SIGINT");
		const { status, stderr } = await following.ended;
		assert.deepEqual([status, stderr], [130, `\nchore: long goes on; follow it with: chore --host ${there.url} logs -f long\n`]);
		assert.equal((await there.cli.job("long")).state, "running");
	});

	test("CHORE_HOST names the machine, and --session is sent", async () => {
		const how = { env: { CHORE_HOST: there.url } };
		assert.equal((await here.run(["--session", "night", "ps", "-q"], how)).status, 0);
		assert.equal(server.asked.at(-1)?.headers["chore-session"], "night");
		assert.equal((await here.run(["completion", "bash"], how)).status, 0);
		assert.equal((await here.run(["host", "ls"], how)).status, 0);
	});

	test("chore doctor examines that machine", async () => {
		const { stdout } = await far("--json", "doctor", "--no-test");
		const report = JSON.parse(stdout) as { locations: readonly { name: string; path: string }[] };
		assert.equal(report.locations.find(({ name }) => name === "state")?.path, there.cli.state);
	});

	test("completion offers the jobs of that machine", async () => {
		const { stdout } = await far("__complete", "--", "--host", there.url, "stop", "lo");
		assert.equal(stdout, "");
		const offered = await here.chore("__complete", "--", "--host", there.url, "stop", "lo");
		assert.match(offered.stdout, /^\nlong\tactive$/m);
	});

	test("what belongs to the machine or the process that asks is refused, each with a sentence", async () => {
		const refused: readonly (readonly string[])[] = [
			["run", "-d", "--", "true"],
			["run", "--stdin", "/etc/passwd", "--", "true"],
			["run", "--slice-inherit", "--", "true"],
			["run", "--system", "--", "true"],
			["--platform", "posix", "ps"],
			["request", "--data", "@/etc/passwd", "http://localhost"],
			["set", "--refresh-environment", "long"],
			["listen", "ls"],
			["tick"],
			["schedule", "import"],
			["doctor", "--linger"],
			["completion", "bash"],
			["host", "ls"],
		];
		for (const words of refused) {
			const outcome = await here.call("--host", there.url, ...words);
			assert.deepEqual([outcome.status, outcome.stdout], [2, ""], words.join(" "));
			assert.match(outcome.stderr, /^chore: .*another machine.*\nhint: /, words.join(" "));
		}
	});

	test("a server that is not there is told as an error of its own", async () => {
		const plain = await here.chore("--host", "unix:/nowhere/api.sock", "--json", "ps");
		assert.deepEqual([plain.status, errorIn(plain).code], [1, "SERVER_UNREACHABLE"]);
		assert.equal((await here.chore("--host", "unix:/nowhere/api.sock", "run", "--wait", "true")).status, 125);
		assertNoBug(plain);
	});

	test("by ssh the commands are the same", async () => {
		const entry = new URL("../api/stand-in-stdio.js", import.meta.url).pathname;
		const program = 'while [ "$1" != -- ]; do shift; done; shift 2';
		writeFileSync(`${here.folder}/bin/ssh`, `#!/bin/sh\n${program}\nPATH='${here.folder}/far':$PATH exec sh -c "$*"\n`, { mode: 0o755 });
		const { mkdirSync } = await import("node:fs");
		mkdirSync(`${here.folder}/far`);
		const line = `#!/bin/sh\n[ "$*" = 'serve --stdio' ] && exec '${process.execPath}' '${entry}' '${there.cli.state}'\n`;
		writeFileSync(`${here.folder}/far/chore`, line, { mode: 0o755 });
		const followed = await here.chore("-q", "--host", "me@far", "run", "-f", "-n", "by-ssh", "-c", "echo out; exit 5");
		assert.deepEqual([followed.status, followed.stdout, followed.stderr], [5, "out\n", ""]);
		assert.equal((await here.run(["run", "-q", "-H", "ssh://far", "--wait", "-c", "exit 6"])).status, 6);
	});
});

describe("chore host", PATIENCE, () => {
	test("add keeps a machine under a name, ls lists it, and rm forgets it", async () => {
		await using there = new There();
		await using here = new Cli();
		await there.start();
		const added = await here.chore("host", "add", "build", there.url);
		assert.deepEqual([added.status, added.stderr], [0, "build is added; try it: chore --host build ps\n"]);
		assert.equal((await here.chore("host", "add", "gone", "unix:/nowhere/api.sock")).status, 0);
		const folder = `${here.folder}/home/.config/chore/hosts/build`;
		assert.deepEqual([statSync(folder).mode & 0o777, statSync(`${folder}/url`).mode & 0o777], [0o700, 0o600]);
		assert.equal((await here.chore("--host", "build", "run", "-q", "--wait", "true")).status, 0);
		assert.equal((await here.call("host", "ls", "-q")).stdout, "build\ngone\n");
		const checked = await here.chore("--json", "host", "ls", "--check");
		const lines = JSON.parse(checked.stdout) as readonly { name: string; answers: boolean }[];
		assert.deepEqual([checked.status, ...lines.map(({ name, answers }) => [name, answers])], [1, ["build", true], ["gone", false]]);
		const shown = await here.call("host", "ls", "--check");
		assert.match(shown.stdout, /^NAME {3}URL +STATE\nbuild {2}unix:\S+ +answers\ngone {3}unix:\/nowhere\/api\.sock +does not\n$/);
		assert.equal(shown.stderr, "chore: gone: there is no socket at unix:/nowhere/api.sock\n");
		assert.match((await here.call("__complete", "--", "--host", "bu")).stdout, /^\nbuild\tunix:/);
		assert.match((await here.call("host", "add", "build", there.url)).stderr, /there is a host "build" already/);
		assert.equal((await here.call("host", "rm", "build")).status, 0);
		const { status, stderr } = await here.call("--host", "build", "ps");
		assert.deepEqual([status, stderr], [2, 'chore: there is no host "build": known are gone\nhint: chore host add build URL\n']);
	});

	test("add keeps certificates and the key for the user alone, and says what the other side runs", async () => {
		await using here = new Cli();
		const [cert, key, ca] = ["cert", "key", "ca"].map((name) => here.file(`${name}.pem`, `${name}\n`, 0o644));
		const url = "https://alice@build.example:8443";
		const files = ["--cert", cert ?? "", "--key", key ?? "", "--cacert", ca ?? ""];
		const { status, stderr } = await here.call("host", "add", "build", url, ...files);
		const folder = `${here.folder}/home/.config/chore/hosts/build`;
		assert.deepEqual(
			[status, readFileSync(`${folder}/url`, "utf8"), readFileSync(`${folder}/server.pem`, "utf8")],
			[0, `${url}\n`, "ca\n"],
		);
		assert.equal(stderr, "build is added; try it: chore --host build ps\n");
		assert.deepEqual([readFileSync(`${folder}/client.key`, "utf8"), statSync(`${folder}/client.key`).mode & 0o777], ["key\n", 0o600]);
		const made = await here.call("host", "add", "other", "https://other.example:8443");
		const certificate = `${here.folder}/home/.config/chore/hosts/other/client.pem`;
		assert.match(
			made.stderr,
			new RegExp(`^other is added; your certificate for it is ${certificate}\nhint: .* chore cert add \\S+ client.pem\n$`),
		);
	});

	test("what cannot be a host is refused", async () => {
		await using here = new Cli();
		for (const words of [
			["add"],
			["add", "a"],
			["add", "../a", "unix:/a"],
			["add", "a", "http://plain"],
			["add", "a", "https://h", "--cert", "x"],
			["ls", "a", "unix:/a"],
			["rm", "nobody"],
			["rm", "a", "--check"],
		])
			assert.equal((await here.call("host", ...words)).status, 2, words.join(" "));
		assert.equal((await here.call("host", "ls", "-q")).stdout, "");
	});
});
