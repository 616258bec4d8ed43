/** A message bus that exists and does not work: an error within a bounded time, and never silently another platform. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { describe, test } from "node:test";
import { assertNoBug, Cli, errorIn, PATIENCE } from "../support/cli.ts";
import { eventually } from "../support/eventually.ts";

const skip = process.platform !== "linux" && "systemd is for Linux";

/** A command line that finds a user manager whose bus calls this function with each connection. */
class FalseBus extends Cli {
	readonly #servers: Server[] = [];
	readonly #sockets = new Set<Socket>();
	/** How many connections the bus has had. */
	connections = 0;

	static async open(connected: (socket: Socket) => void): Promise<FalseBus> {
		const cli = new FalseBus();
		mkdirSync(`${cli.folder}/runtime/systemd`, { recursive: true, mode: 0o700 });
		for (const [path, act] of [
			[
				"bus",
				(socket: Socket) => {
					cli.connections++;
					connected(socket);
				},
			],
			["systemd/private", () => {}],
		] as const) {
			const server = createServer((socket) => {
				cli.#sockets.add(socket);
				socket.on("error", () => {});
				act(socket);
			});
			await new Promise<void>((listening) => server.listen(`${cli.folder}/runtime/${path}`, listening));
			cli.#servers.push(server);
		}
		return cli;
	}

	/** The environment in which systemd is detected. */
	get env(): Readonly<Record<string, string | undefined>> {
		return {
			CHORE_PLATFORM: undefined,
			XDG_RUNTIME_DIR: `${this.folder}/runtime`,
			DBUS_SESSION_BUS_ADDRESS: `unix:path=${this.folder}/runtime/bus`,
		};
	}

	override async [Symbol.asyncDispose](): Promise<void> {
		for (const socket of this.#sockets) socket.destroy();
		for (const server of this.#servers) server.close();
		await super[Symbol.asyncDispose]();
	}
}

describe("a bus", { concurrency: 4 }, () => {
	for (const [title, connected] of [
		["accepts and says nothing", () => {}],
		["closes the connection at once", (socket: Socket) => socket.destroy()],
		["speaks another language", (socket: Socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")],
		[
			"lets in and says nothing more",
			(socket: Socket) => socket.on("data", (data) => data.includes("AUTH") && socket.write("OK 0123456789abcdef0123456789abcdef\r\n")),
		],
	] as const) {
		test(`that ${title} is an error within a bounded time, and no other platform is used`, { ...PATIENCE, skip }, async () => {
			await using cli = await FalseBus.open(connected);
			const outcome = await cli.run(["--json", "run", "-n", "web", "sleep", "60"], { env: cli.env });
			assertNoBug(outcome);
			assert.deepEqual([outcome.status, outcome.stdout], [1, ""], outcome.stderr);
			const error = errorIn(outcome);
			assert.equal(error.code, "PLATFORM_UNAVAILABLE", outcome.stderr);
			assert.match(error.hint ?? "", /--platform posix|chore status/);
			assert.deepEqual(cli.processes(), [], "nothing was started");
		});
	}
});

test("while the bus hangs, jobs of other platforms are listed and stopped, and doctor reports it", {
	...PATIENCE,
	skip,
}, async () => {
	await using cli = await FalseBus.open(() => {});
	const { id } = await cli.begun("-n", "here", "sleep", "60");
	const how = { env: cli.env };
	const listed = await cli.run(["--json", "ps"], how);
	assert.deepEqual(
		JSON.parse(listed.stdout).map((job: { id: string; state: string }) => [job.id, job.state]),
		[[id, "running"]],
	);
	assert.equal((await cli.run(["stop", "here"], how)).status, 0);
	assert.equal((await cli.run(["run", "--platform", "posix", "--wait", "-c", "exit 3"], how)).status, 3);
	assert.equal(cli.connections, 0, "the bus was not asked");
	for (const session of ["default", "other"]) {
		const other = await cli.begin("--session", session, "-n", "there", "sleep", "60");
		const path = `${cli.jobFolder(other, session)}/runs/1/run.json`;
		const record = JSON.parse(readFileSync(path, "utf8"));
		writeFileSync(path, JSON.stringify({ ...record, handle: { platform: "systemd", version: 1, data: {} } }));
	}
	const doctor = await cli.run(["doctor"], how);
	assert.equal(cli.connections, 1, "the bus was waited for once");
	assertNoBug(doctor);
	assert.equal(doctor.status, 1);
	assert.match(doctor.stdout, /^needs attention\n {2}! the platform systemd is there, but does not answer: /m);
	assert.match(doctor.stdout, /^ {2}! in session other: an active job is on systemd, which cannot be asked: /m);
	assert.match(doctor.stdout, /^systemd: does not answer\n {2}why .*did not answer/m);
	assert.match(doctor.stdout, /^posix: available$/m);
});

test("a job whose start the bus never answered is unknown until the manager can be asked, and can be removed", {
	...PATIENCE,
	skip,
}, async () => {
	await using cli = await FalseBus.open((socket) => socket.destroy());
	const how = { env: cli.env };
	const outcome = await cli.run(["run", "-n", "web", "sleep", "60"], how);
	assert.match(outcome.stderr, /^chore: .*; whether job [0-9a-f-]{36} runs is not known\nhint: ask later: chore status [0-9a-f]{8}\n$/);
	const listed = await cli.run(["--json", "ps"], how);
	assertNoBug(listed);
	const [job] = JSON.parse(listed.stdout);
	assert.deepEqual([job.state, job.platform, job.result], ["unknown", "systemd", null]);
	assert.match(job.reason, /message bus/);
	for (const [words, status] of [
		[["stop", "web"], 1],
		[["rm", "web"], 1],
		[["wait", "web"], 125],
		[["run", "-n", "web", "true"], 5],
	] as const) {
		const refused = await cli.run(words, how);
		assertNoBug(refused);
		assert.equal(refused.status, status, `${words.join(" ")}: ${refused.stderr}`);
	}
	assert.deepEqual(readdirSync(`${cli.state}/default/active`), [job.id]);
	assert.equal((await cli.run(["rm", "-f", "web"], how)).status, 0);
	assert.deepEqual(await cli.list(), []);
});

test("a bus without a listener is an error, and no other platform is used", { ...PATIENCE, skip }, async () => {
	await using cli = await FalseBus.open(() => {});
	// A socket file that its server left behind.
	const line = `require("node:net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;
	await cli.shell(`rm runtime/bus; node -e '${line}' "$PWD/runtime/bus"`, { directory: cli.folder });
	await eventually("the socket is there", () => readdirSync(`${cli.folder}/runtime`).includes("bus"));
	const outcome = await cli.run(["--json", "run", "true"], { env: cli.env });
	assertNoBug(outcome);
	assert.deepEqual([outcome.status, errorIn(outcome).code], [1, "PLATFORM_UNAVAILABLE"]);
	assert.match(errorIn(outcome).message, /ECONNREFUSED/);
});

test("without a bus the next platform is used, and doctor gives the reason", { ...PATIENCE, skip }, async () => {
	await using cli = new Cli({ CHORE_PLATFORM: undefined, XDG_RUNTIME_DIR: undefined, DBUS_SESSION_BUS_ADDRESS: undefined });
	mkdirSync(`${cli.folder}/runtime`, { mode: 0o700 });
	const how = { env: { XDG_RUNTIME_DIR: `${cli.folder}/runtime` } };
	assert.equal(JSON.parse((await cli.run(["--json", "run", "true"], how)).stdout).platform, "posix");
	assert.match((await cli.run(["doctor"], how)).stdout, /^systemd: not available\n {2}why +there is no message bus/m);
	const asked = await cli.run(["--platform", "systemd", "run", "true"], how);
	assert.equal(asked.status, 1);
	assert.match(asked.stderr, /^chore: the platform systemd is not available here: .*\nhint: /);
});
