/** `chore listen`, and the examples of chore(7), by which databases and a chat are given what happens. */
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { text as otlp } from "../../src/core/start/otlp.sh.ts";
import { Cli, PATIENCE } from "../support/cli.ts";
import { above, eventually } from "../support/eventually.ts";
import { serve } from "../support/web.ts";

test("a listener is added, listed, tried out and removed", PATIENCE, async () => {
	await using cli = new Cli();
	const got = `${cli.folder}/got`;
	const add = ["listen", "add", "sink", "--state", "failed", "--job", "ba*", "--", "sh", "-c", `cat >>'${got}'; [ ! -e '${got}-bad' ]`];
	const added = await cli.call(...add);
	assert.deepEqual([added.status, added.stderr], [0, "sink listens; what its command prints: chore logs sink\n"]);
	assert.equal((await cli.call(...add)).status, 5, "there is one of that name");
	assert.equal((await cli.call("listen", "add", "other", "--", "no-such-program")).status, 127);
	await cli.chore("run", "--wait", "-n", "bad", "sh", "-c", "exit 3");
	await cli.chore("run", "--wait", "-n", "good", "true");
	const text = await eventually("it was told", () => existsSync(got) && readFileSync(got, "utf8"));
	assert.deepEqual(
		text
			.trimEnd()
			.split("\n")
			.map((line) => [JSON.parse(line).name, JSON.parse(line).exitCode]),
		[["bad", 3]],
	);
	await eventually("it has it", async () => JSON.parse((await cli.call("--json", "listen", "ls")).stdout)[0].behind, 0);
	assert.match((await cli.call("listen", "ls")).stdout, /\nsink +0 +exited,lost,skipped,missed failed ba\* +sh -c/);
	await eventually(
		"it waits for events",
		async () => (await cli.call("status", "sink")).stdout,
		(text) => /^sink \([0-9a-f]{8}\) is scheduled, next: when there are events\n +command +sh -c/.test(text),
	);
	assert.equal((await cli.call("listen", "test", "sink")).status, 0);
	writeFileSync(`${got}-bad`, "");
	assert.equal((await cli.call("listen", "test", "sink")).status, 1);
	assert.match(readFileSync(got, "utf8"), /"reason":"chore listen test"/);
	for (const wrong of [["add"], ["rm"], ["ls", "sink", "x"], ["rm", "sink", "--job", "x"], ["add", "x", "--on", "never", "--", "true"]])
		assert.equal((await cli.call("listen", ...wrong)).status, 2, wrong.join(" "));
	assert.equal((await cli.call("listen", "rm", "sink")).status, 0);
	assert.equal((await cli.call("listen", "rm", "sink")).status, 4);
	assert.equal((await cli.call("listen", "ls")).stdout, "");
	assert.equal(existsSync(`${cli.state}/default/listeners/sink`), false);
});

/** The command lines of the section, by the name of the listener. */
function example(name: string): string {
	const [, section = ""] = /^\.Ss Events for others\n(.*?)^\.S[sh]/ms.exec(readFileSync("man/chore.7", "utf8")) ?? [];
	const blocks = [...section.matchAll(/^\.Bd -literal[^\n]*\n(.*?)^\.Ed/gms)].map(([, block = ""]) => block.replaceAll("\\e", "\\"));
	const found = blocks.find((block) => block.startsWith(`chore listen add ${name} `));
	assert.ok(found !== undefined, name);
	return found;
}

/** Two jobs, of which one fails, with something to be quoted in their events. */
async function runTwo(cli: Cli): Promise<void> {
	await cli.chore("run", "--wait", "-n", "good", "true", "it's \"\\ 漢");
	await cli.chore("run", "--wait", "-n", "bad", "sh", "-c", "exit 3");
}

const noSqlite = spawnSync("sqlite3", ["-version"]).status !== 0 && "sqlite3 is not installed";

test("the example of chore(7) for SQLite gives it each run once", { ...PATIENCE, skip: noSqlite }, async () => {
	await using cli = new Cli();
	assert.equal((await cli.shell(example("sqlite"))).status, 0);
	await runTwo(cli);
	const database = `${cli.folder}/home/jobs.db`;
	const query = "SELECT name, state, event->>'exitCode' FROM run ORDER BY name";
	const rows = (): string => spawnSync("sqlite3", [database, query], { encoding: "utf8" }).stdout;
	await eventually("both are there", rows, "bad|failed|3\ngood|succeeded|0\n");
	await cli.chore("events", "--cursor", "sqlite", "--commit-to", "1:0");
	await cli.chore("run", "--wait", "-n", "more", "true");
	await eventually("all were given again, with one more", rows, "bad|failed|3\ngood|succeeded|0\nmore|succeeded|0\n");
});

const noCurl = spawnSync("curl", ["--version"]).status !== 0 && "curl is not installed";

test("the example of chore(7) for a chat tells which jobs failed", { ...PATIENCE, skip: noCurl }, async () => {
	await using cli = new Cli();
	await using web = await serve((_, response) => response.end("ok"));
	assert.equal((await cli.shell(example("chat").replace("https://chat.example", web.url))).status, 0);
	await runTwo(cli);
	await eventually("it was told", () => web.asked.length, above(0));
	assert.deepEqual([web.asked[0]?.path, web.asked[0]?.body.toString()], ["/jobs", "bad failed\n"]);
});

test("--otlp gives each event to a server of OpenTelemetry, as a log", { ...PATIENCE, skip: noCurl }, async () => {
	await using cli = new Cli();
	await using web = await serve((_, response) => response.end("{}"));
	assert.equal((await cli.call("listen", "add", "otel", "--otlp", `${web.url}/v1/logs`)).status, 0);
	await cli.chore("run", "--wait", "-n", "bad", "sh", "-c", "exit 3");
	await eventually("it was told", () => web.asked.length, above(0));
	const [{ resource, scopeLogs }] = JSON.parse(web.asked[0]?.body.toString() ?? "").resourceLogs;
	assert.deepEqual(resource.attributes, [{ key: "service.name", value: { stringValue: "chore" } }]);
	const [{ severityText, body, attributes }, ...more] = scopeLogs[0].logRecords;
	const values = Object.fromEntries(attributes.map(({ key, value }: { key: string; value: object }) => [key, Object.values(value)[0]]));
	const { id, endedAt } = await cli.job("bad");
	assert.deepEqual([severityText, body.stringValue, values["chore.id"], values["chore.exitCode"]], ["ERROR", "exited", id, "3"]);
	assert.deepEqual([values["chore.endedAt"], more.length, web.asked[0]?.headers["content-type"]], [endedAt, 0, "application/json"]);
	for (const wrong of ["ftp://x/", "https://user:word@x/", "x"])
		assert.equal((await cli.call("listen", "add", "x", "--otlp", wrong)).status, 2, wrong);
});

for (const awk of ["awk", "busybox awk"]) {
	test(`what a server of OpenTelemetry refuses is not taken, and what it takes is in its form, with ${awk}`, {
		...PATIENCE,
		skip: noCurl,
	}, async () => {
		await using cli = new Cli();
		await using web = await serve((_, response, nth) => {
			response.statusCode = nth === 1 ? 503 : 200;
			response.end();
		});
		writeFileSync(`${cli.folder}/otlp`, otlp);
		writeFileSync(`${cli.folder}/bin/awk`, `#!/bin/sh\nexec /usr/bin/${awk} "$@"\n`, { mode: 0o755 });
		const times = ["1999-12-31T23:59:59.999Z", "2024-02-29T12:00:00.050Z", "2026-12-24T18:00:01.000Z"];
		const reason = 'it said "no" \\ and ","state":"failed"';
		const events = times.map((at, run) => ({ at, event: "exited", id: "x", run, state: "succeeded", signal: null, reason }));
		const input = events.map((event) => `${JSON.stringify(event)}\n`).join("");
		const send = () => cli.spawn(["/bin/sh", `${cli.folder}/otlp`, web.url], { input }).ended;
		assert.deepEqual([(await send()).status, (await send()).status], [22, 0]);
		const { logRecords } = JSON.parse(web.asked[1]?.body.toString() ?? "").resourceLogs[0].scopeLogs[0];
		type LogRecord = { timeUnixNano: string; severityText: string; attributes: { key: string; value: object }[] };
		assert.deepEqual(
			logRecords.map(({ timeUnixNano, severityText }: LogRecord) => [timeUnixNano, severityText]),
			times.map((at) => [`${Date.parse(at)}000000`, "INFO"]),
		);
		assert.deepEqual(logRecords[2].attributes.slice(-1), [{ key: "chore.reason", value: { stringValue: reason } }]);
	});
}

const POSTGRES = existsSync("/usr/lib/postgresql")
	? readdirSync("/usr/lib/postgresql")
			.map((version) => `/usr/lib/postgresql/${version}/bin`)
			.at(-1)
	: undefined;
const noPostgres = (POSTGRES === undefined || !existsSync(`${POSTGRES}/initdb`)) && "PostgreSQL is not installed";

test("the example of chore(7) for PostgreSQL gives it each run once", { ...PATIENCE, skip: noPostgres }, async () => {
	await using cli = new Cli();
	const folder = mkdtempSync(`${tmpdir()}/chore-pg-`);
	// It refuses to run as root.
	const nobody = process.geteuid?.() === 0 ? 65534 : undefined;
	const who = nobody === undefined ? {} : { uid: nobody, gid: nobody };
	if (nobody !== undefined) chownSync(folder, nobody, nobody);
	const how = { cwd: folder, stdio: "ignore", env: { PATH: process.env["PATH"], LC_ALL: "C" }, ...who } as const;
	execFileSync(`${POSTGRES}/initdb`, ["-D", `${folder}/data`, "-N", "-A", "trust", "-U", "jobs", "--no-locale", "-E", "UTF8"], how);
	const server = spawn(`${POSTGRES}/postgres`, ["-D", `${folder}/data`, "-k", folder, "-c", "listen_addresses=", "-F"], how);
	const over = new Promise((resolve) => server.once("exit", resolve));
	try {
		const services = `${cli.folder}/services`;
		writeFileSync(services, `[jobs]\nhost=${folder}\nuser=jobs\ndbname=postgres\n`);
		const env = { PGSERVICEFILE: services };
		const ask = (query: string): string =>
			spawnSync("psql", ["-XAtd", "service=jobs", "-c", query], { encoding: "utf8", env: { ...process.env, ...env } }).stdout;
		await eventually("it answers", () => ask("SELECT 1"), "1\n");
		assert.equal((await cli.shell(example("pg"), { env })).status, 0);
		await runTwo(cli);
		const rows = (): string => ask("SELECT name, state, event->>'exitCode' FROM run ORDER BY name");
		await eventually("both are there", rows, "bad|failed|3\ngood|succeeded|0\n");
	} finally {
		server.kill("SIGINT");
		await over;
		rmSync(folder, { recursive: true });
	}
});
