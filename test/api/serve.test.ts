/** `chore serve` as it is built: what it prints, how it ends, and what a killed one leaves to the next. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { get as httpGet, type IncomingMessage } from "node:http";
import { get as httpsGet } from "node:https";
import { type AddressInfo, createServer } from "node:net";
import { userInfo } from "node:os";
import { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import { CLI, Cli, PATIENCE, type Running } from "../support/cli.ts";
import { eventually } from "../support/eventually.ts";
import { get, http2On } from "./raw.ts";

const NO_ACTIVATE = existsSync("/usr/bin/systemd-socket-activate") ? false : "systemd-socket-activate is not installed";

class Home extends Cli {
	readonly socket = `${this.folder}/runtime-dir/chore/api.sock`;

	constructor() {
		super();
		mkdirSync(`${this.folder}/home/.config/chore/serve/clients`, { recursive: true, mode: 0o700 });
	}

	/** Starts the server, and waits until it listens. */
	async serve(...words: readonly string[]): Promise<Running> {
		const server = this.start(["serve", ...words]);
		await eventually("it listens", () => server.stderr().includes("chore serve listens on "));
		return server;
	}

	/** Makes the server's certificate. @returns its path */
	certificate(): string {
		const base = `${this.folder}/home/.config/chore/serve/server`;
		const words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost"];
		const files = ["-addext", "subjectAltName=DNS:localhost", "-keyout", `${base}.key`, "-out", `${base}.pem`];
		execFileSync("openssl", [...words, ...files], { stdio: "ignore" });
		return `${base}.pem`;
	}
}

async function ask(socketPath: string): Promise<number | undefined> {
	const [response] = (await once(httpGet({ socketPath, path: "/v1", agent: false }), "response")) as [IncomingMessage];
	response.resume();
	return response.statusCode;
}

async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	server.close();
	return port;
}

describe("chore serve", PATIENCE, () => {
	test("says where it listens and a line a request on stderr, and ends by TERM", async () => {
		await using home = new Home();
		const server = await home.serve();
		assert.equal(await ask(home.socket), 200);
		process.kill(server.pid, "SIGTERM");
		const { status, stdout, stderr } = await server.ended;
		assert.deepEqual([status, stdout], [0, ""]);
		const [first, second = ""] = stderr.split("\n");
		assert.equal(first, `chore serve listens on ${home.socket} as ${userInfo().username}`);
		assert.match(second, new RegExp(`^\\S+Z ${userInfo().username} GET /v1 200 \\d+$`));
		assert.equal(existsSync(home.socket), false);
	});

	test("leaves a socket that another answers, and takes over one that a killed server left", async () => {
		await using home = new Home();
		const killed = await home.serve();
		const second = await home.chore("serve");
		assert.deepEqual([second.status, second.stderr.split("\n")[0]], [1, `chore: another chore serve answers at ${home.socket}`]);
		assert.equal(await ask(home.socket), 200);
		process.kill(killed.pid, "SIGKILL");
		await killed.ended;
		assert.ok(existsSync(home.socket));
		await home.serve();
		assert.equal(await ask(home.socket), 200);
	});

	test("two servers at different sockets work beside each other", async () => {
		await using home = new Home();
		const [one, other] = [`${home.folder}/runtime-dir/one/s`, `${home.folder}/runtime-dir/other/s`];
		await Promise.all([home.serve("--socket", one), home.serve("--socket", other)]);
		assert.deepEqual(await Promise.all([one, other].map(ask)), [200, 200]);
	});

	test("answers one client on standard input and output, and ends with it", async () => {
		await using home = new Home();
		const server = home.start(["serve", "--stdio"], { input: null });
		const { stdin, stdout } = server.child;
		assert.ok(stdin && stdout);
		const session = http2On(() => Duplex.from({ readable: stdout, writable: stdin }));
		assert.equal((await get(session, "/v1")).status, 200);
		session.close();
		const { status, stderr } = await server.ended;
		assert.deepEqual([status, stderr], [0, ""]);
		assert.equal(existsSync(home.socket), false);
	});

	test("listens by TLS only with a certificate, and warns of an old Node", async () => {
		await using home = new Home();
		const without = await home.chore("serve", "--listen", "127.0.0.1:0");
		assert.equal(without.status, 2);
		assert.match(without.stderr, /server\.pem is missing\nhint: `chore cert init` makes/);
		assert.equal(existsSync(home.socket), false);
		home.certificate();
		const { stderr } = await home.serve("--listen", "127.0.0.1:0");
		assert.match(stderr(), /listens on \S+ and https:\/\/127\.0\.0\.1:\d+ as /);
		assert.equal(/warning: Node 20/.test(stderr()), process.version.startsWith("v20."));
	});

	test("takes over the sockets that systemd hands over, and tells them apart by name", { skip: NO_ACTIVATE }, async () => {
		await using home = new Home();
		const ca = execFileSync("cat", [home.certificate()]);
		const port = await freePort();
		const path = `${home.folder}/handed`;
		const server = home.spawn(["systemd-socket-activate", "-l", `127.0.0.1:${port}`, "-l", path, "--fdname=tls:unix", CLI, "serve"]);
		await eventually("it listens", () => server.stderr().split("Listening on").length === 3);
		assert.equal(await ask(path), 200);
		const [response] = (await once(httpsGet({ host: "127.0.0.1", port, servername: "localhost", ca, agent: false }), "response")) as [
			IncomingMessage,
		];
		assert.equal(response.statusCode, 403);
		await text(response);
		process.kill(server.pid, "SIGTERM");
		assert.equal((await server.ended).status, 0);
		assert.ok(existsSync(path));
	});

	test("answers by the unix socket, and turns others away, when systemd hands over both and its certificate is damaged", {
		skip: NO_ACTIVATE,
	}, async () => {
		await using home = new Home();
		writeFileSync(home.certificate(), "damaged");
		const port = await freePort();
		const path = `${home.folder}/handed`;
		const server = home.spawn(["systemd-socket-activate", "-l", `127.0.0.1:${port}`, "-l", path, "--fdname=tls:unix", CLI, "serve"]);
		await eventually("it listens", () => server.stderr().split("Listening on").length === 3);
		assert.equal(await ask(path), 200);
		const request = httpsGet({ host: "127.0.0.1", port, agent: false });
		await once(request, "error");
		assert.match(
			server.stderr(),
			/^other machines are turned away: .*server\.pem .*\nchore serve listens on the socket that was handed over as /m,
		);
		process.kill(server.pid, "SIGTERM");
		assert.equal((await server.ended).status, 0);
	});

	test("loses no request when it ends idle and is started again", async () => {
		await using home = new Home();
		// Holds the socket and starts the server again and again, as a service manager does. Accepts nothing: it stands still meanwhile.
		const holder = `
			const server = require("net").createServer().listen(process.argv[1], () => {
				const start = "LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=unix exec " + process.argv[2] + " serve --idle 0.005";
				for (;;) {
					const ended = require("child_process").spawnSync("sh", ["-c", start], { stdio: ["ignore", "ignore", "inherit", server._handle.fd] });
					if (ended.status !== 0) process.exit(1);
				}
			});`;
		const path = `${home.folder}/handed`;
		const running = home.spawn([process.execPath, "-e", holder, path, CLI]);
		const starts = () => running.stderr().split("listens on").length - 1;
		await eventually("it listens", () => starts() > 0);
		let asked = 0;
		for (; asked < 200 || starts() < 4; asked += 10)
			assert.deepEqual(new Set(await Promise.all(Array.from({ length: 10 }, () => ask(path)))), new Set([200]));
		assert.equal(running.child.exitCode, null);
	});

	test("--check says what is missing, and mends nothing", async () => {
		await using home = new Home();
		const { status, stdout } = await home.call("--json", "serve", "--check");
		const found = JSON.parse(stdout) as readonly { readonly what: string; readonly level: string }[];
		assert.equal(status, 0);
		assert.deepEqual(
			found.filter(({ what }) => what !== "node").map(({ what, level }) => [what, level]),
			[
				["socket", "ok"],
				["folder", "ok"],
				["settings", "ok"],
				["certificate", "note"],
			],
		);
		home.file("home/.config/chore/serve/config.toml", "color = 1");
		execFileSync("chmod", ["750", `${home.folder}/home/.config/chore/serve`]);
		const wrong = await home.call("serve", "--check");
		assert.equal(wrong.status, 1);
		assert.match(wrong.stdout, /^! folder +others can use \S+ \(mode 750\)\n +mend it: chmod 700 /m);
		assert.match(wrong.stdout, /^! settings +\S+config\.toml: "color" is no setting of the server\n/m);
	});

	test("--check tells who comes in from other machines, and who does not, and why", async () => {
		await using home = new Home();
		await home.call("cert", "new", "alice", "--role", "read", "--directory", home.folder);
		home.file("home/.config/chore/serve/clients/bob.toml", "role = 7");
		home.file("home/.config/chore/serve/clients/eve.toml", 'role = "run"');
		home.file("home/.config/chore/serve/revoked", "no fingerprint");
		const { status, stdout } = await home.call("serve", "--check");
		assert.equal(status, 1);
		assert.match(stdout, /^ {2}client +alice \(read\) comes in by a certificate until 20\d\d-\d\d-\d\d$/m);
		assert.match(stdout, /^- client +eve \(run\) has neither a certificate nor a password$/m);
		assert.match(stdout, /^! client +bob is not let in: .*bob\.toml/m);
		assert.match(stdout, /^! client +\S+revoked:1 is no fingerprint: no fingerprint$/m);
	});

	for (const [words, said] of [
		[["--listen", "8443"], /"8443" is no address with a port/],
		[["--listen", "a:99999"], /no address with a port/],
		[["--stdio", "--check"], /--check and --stdio exclude each other/],
		[["--stdio", "--listen", "a:1"], /serve --stdio takes no --listen/],
		[["--uninstall", "--socket", "/a"], /serve --uninstall takes no --socket/],
	] as const)
		test(`refuses ${words.join(" ")}`, async () => {
			await using home = new Home();
			const { status, stderr } = await home.call("serve", ...words);
			assert.equal(status, 2);
			assert.match(stderr, said);
		});

	test("--install says that there is no user manager", async () => {
		await using home = new Home();
		const { status, stderr } = await home.call("serve", "--install");
		assert.equal(status, 1, stderr);
		assert.match(stderr, /there is no user manager of systemd here|systemctl cannot be run/);
	});
});
