/** The doors of the server: who is answered by which protocol, and that nobody can use them up. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync } from "node:fs";
import { Agent, get as httpGet, type IncomingMessage, request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { get as httpsGet } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { Duplex, PassThrough, type Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { after, describe, test } from "node:test";
import { type ConnectionOptions, connect as connectTls, type TlsOptions } from "node:tls";
import { promisify } from "node:util";
import { takeActivated } from "../../src/api/doors/activated.ts";
import { type AnyRequest, Connections, type Handler } from "../../src/api/doors/connections.ts";
import { openStdioDoor } from "../../src/api/doors/stdio.ts";
import { openTlsDoor } from "../../src/api/doors/tls.ts";
import { openUnixDoor } from "../../src/api/doors/unix.ts";
import { makeCertificate } from "../../src/api/identity/certificate.ts";
import { tlsOptions } from "../../src/api/identity/tls.ts";
import { DEFAULT_LIMITS, type Limits } from "../../src/api/limits.ts";
import { createHandler } from "../../src/api/server.ts";
import type { Jobs } from "../../src/index.ts";
import { eventually, HANGS_MS } from "../support/eventually.ts";
import { END_STREAM, framesOf, get, headers, http2On, OPENING, PREFACE, Raw, reset, TYPES } from "./raw.ts";
import { ADMIN } from "./server.ts";

const PATIENCE = { timeout: HANGS_MS };
const folder = mkdtempSync(`${realpathSync(tmpdir())}/chore-doors-`);
after(() => rmSync(folder, { recursive: true, force: true }));

/** Answers with the protocol; `/hold` only when `release` is called. */
const held: (() => void)[] = [];
const answer: Handler = (request, response) => {
	const end = () => (response as unknown as { end(text: string): void }).end(`HTTP/${request.httpVersion}`);
	if (request.url === "/hold") held.push(end);
	else if (request.url !== "/body" && request.method !== "POST") end();
};

/** What a test opens ends with it. */
interface Opened extends AsyncDisposable {
	readonly connections: Connections;
	close(): Promise<void>;
}

let count = 0;

async function unixDoor(some: Partial<Limits> = {}, handler: Handler = answer): Promise<Opened & { readonly path: string }> {
	const limits = { ...DEFAULT_LIMITS, stopMs: 0, ...some };
	const connections = new Connections(limits);
	const path = `${folder}/${++count}/api.sock`;
	const door = await openUnixDoor({ path }, { handler, connections, limits });
	const close = () => {
		door.close();
		return connections.close();
	};
	return { path, connections, close, [Symbol.asyncDispose]: close };
}

/** Those of a server whose certificate was made for these tests. */
const TLS: TlsOptions = tlsOptions({
	...makeCertificate({
		name: "localhost",
		usage: "server",
		hosts: ["localhost"],
		from: new Date(Date.now() - 60_000),
		until: new Date(Date.now() + 3_600_000),
	}),
	authority: undefined,
	revocations: undefined,
	validTo: new Date(),
});

/** @param identify tells who it is; undefined is refused */
async function tlsDoor(
	some: Partial<Limits> = {},
	identify: (request: AnyRequest) => string | undefined = () => "alice",
): Promise<Opened & { readonly port: number; readonly options: ConnectionOptions }> {
	const limits = { ...DEFAULT_LIMITS, stopMs: 0, ...some };
	const connections = new Connections(limits);
	const handler: Handler = (request, response) => {
		try {
			const client = identify(request);
			if (client === undefined) response.statusCode = 403;
			else connections.letIn(request, client);
		} catch {
			response.statusCode = 429;
		}
		answer(request, response);
	};
	const door = await openTlsDoor({ host: "127.0.0.1", port: 0 }, TLS, { handler, connections, limits });
	const close = () => {
		door.close();
		return connections.close();
	};
	const options = { host: "127.0.0.1", port: door.port, servername: "localhost", ca: TLS.cert as string };
	return { port: door.port, options, connections, close, [Symbol.asyncDispose]: close };
}

/** A request of HTTP/1.1 by the unix socket. */
async function http1(path: string, agent?: Agent): Promise<string> {
	const [response] = (await once(httpGet({ socketPath: path, ...(agent && { agent }) }), "response")) as [IncomingMessage];
	return text(response);
}

describe("the unix socket", PATIENCE, () => {
	test("is the user's alone, in a folder of the user alone", async () => {
		await using door = await unixDoor();
		assert.equal(statSync(door.path).mode & 0o777, 0o600);
		assert.equal(statSync(dirname(door.path)).mode & 0o777, 0o700);
	});

	test("is not opened in a folder that others can use, nor at a path too long", async () => {
		mkdirSync(`${folder}/open`);
		chmodSync(`${folder}/open`, 0o755);
		const surroundings = { handler: answer, connections: new Connections(DEFAULT_LIMITS), limits: DEFAULT_LIMITS };
		await assert.rejects(openUnixDoor({ path: `${folder}/open/api.sock` }, surroundings), /others can use it \(mode 755\)/);
		await assert.rejects(openUnixDoor({ path: `${folder}/${"a".repeat(100)}` }, surroundings), /too long/);
	});

	test("answers HTTP/1.1 and HTTP/2, to node and to curl", async () => {
		await using door = await unixDoor();
		const session = http2On(() => connect(door.path));
		assert.deepEqual([await http1(door.path), (await get(session)).body], ["HTTP/1.1", "HTTP/2.0"]);
		session.destroy();
		for (const words of [[], ["--http2-prior-knowledge"]]) {
			const { stdout } = await promisify(execFile)("curl", ["-sS", ...words, "--unix-socket", door.path, "http://localhost/"]);
			assert.equal(stdout, words.length === 0 ? "HTTP/1.1" : "HTTP/2.0");
		}
	});

	test("tells the protocol when the first bytes come one by one", async () => {
		await using door = await unixDoor();
		for (const [sent, wanted] of [
			["GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", /HTTP\/1\.1 200 OK/],
			["PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", /HTTP\/1\.1 200 OK/],
		] as const) {
			const raw = new Raw(door.path);
			for (const byte of sent) await new Promise((sent) => raw.socket.write(byte, sent));
			assert.match((await raw.untilClosed()).toString(), wanted);
		}
		const raw = new Raw(door.path);
		for (const byte of OPENING) await new Promise((sent) => raw.socket.write(Buffer.from([byte]), sent));
		raw.socket.write(headers(1));
		await eventually("HTTP/2 answers", () => framesOf(raw.bytes).some(({ type, stream }) => type === TYPES.headers && stream === 1));
		raw.socket.destroy();
	});

	const SHORT = { headerMs: 50, requestMs: 50, keepAliveMs: 50, checkMs: 10, firstStreamMs: 50, bodyMs: 50, noStreamMs: 50 };
	for (const [what, sent] of [
		["that says nothing", []],
		["that sends half a header", ["GET / HTTP/1.1\r\nHos"]],
		["whose body of HTTP/1.1 never ends", ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"]],
		["that asks nothing more by HTTP/1.1", ["GET / HTTP/1.1\r\nHost: a\r\n\r\n"]],
		["that sends two bytes of HTTP/2", ["PR"]],
		["that sends half of what HTTP/2 begins with", [PREFACE.subarray(0, 12)]],
		["that asks nothing by HTTP/2", [OPENING]],
		["that asks nothing more by HTTP/2", [OPENING, headers(1)]],
		["that sends no HTTP", ["\0\0\0\0"]],
	] as const)
		test(`closes a connection ${what}`, async () => {
			await using door = await unixDoor(SHORT);
			await new Raw(door.path).untilClosed(...sent);
			await eventually("none is counted", () => door.connections.count, 0);
		});

	test("ends a request of HTTP/2 whose body never ends, and lets others go on", async () => {
		await using door = await unixDoor({ bodyMs: 50 });
		const session = http2On(() => connect(door.path));
		const stuck = session.request({ ":method": "POST", ":path": "/" });
		stuck.on("error", () => {});
		stuck.write("abc");
		const long = get(session, "/hold");
		await new Promise((resolve) => stuck.once("close", resolve));
		assert.equal(stuck.rstCode, 11); // ENHANCE_YOUR_CALM
		(await eventually("it is held", () => held.pop()))();
		assert.equal((await long).status, 200);
		session.destroy();
	});

	for (const protocol of ["HTTP/1.1", "HTTP/2"])
		test(`input may take as long as the job reads it, and ends if nothing comes, by ${protocol}`, async () => {
			const taken: string[] = [];
			let go = (): void => {};
			const jobs = {
				get: async () => ({ id: "1" }),
				async send(_: string, bytes: Uint8Array) {
					taken.push(Buffer.from(bytes).toString());
					if (bytes.length > 0) await new Promise<void>((resolve) => (go = resolve));
				},
			} as unknown as Jobs;
			const handler = createHandler({ sessions: { session: () => jobs }, identify: () => ADMIN, log: () => {} });
			await using door = await unixDoor({ requestMs: 50, bodyMs: 50, checkMs: 10 }, handler);
			const input = (): { readonly body: Writable; readonly ended: Promise<number> } => {
				const path = "/v1/jobs/1/input";
				const type = { "content-type": "application/octet-stream" };
				if (protocol === "HTTP/1.1") {
					const body = request({ socketPath: door.path, method: "POST", path, headers: { ...type, "transfer-encoding": "chunked" } });
					body.on("error", () => {});
					body.flushHeaders();
					return {
						body,
						ended: new Promise((resolve) => body.once("close", () => resolve(0)).once("response", (one) => resolve(one.statusCode ?? 0))),
					};
				}
				const body = http2On(() => connect(door.path)).request({ ":method": "POST", ":path": path, ...type });
				body.on("error", () => {});
				return {
					body,
					ended: new Promise((resolve) => body.once("close", () => resolve(0)).once("response", (head) => resolve(head[":status"] ?? 0))),
				};
			};
			const slow = input();
			for (const [index, piece] of ["a", "b"].entries()) {
				slow.body.write(piece);
				await eventually("it is taken", () => taken.length, index + 1);
				// Longer than the limit: another that is silent is ended meanwhile.
				assert.equal(await input().ended.then((status) => status === 0 || status === 408), true);
				go();
			}
			slow.body.end();
			assert.equal(await slow.ended, 200);
			assert.deepEqual(taken, ["a", "b", ""]);
			const silent = input();
			silent.body.write("c");
			await eventually("it is taken", () => taken.length, 4);
			go();
			assert.equal(await silent.ended.then((status) => status === 0 || status === 408), true);
		});

	test("closes a connection of HTTP/2 that answers no PING, and keeps one that does", async () => {
		await using door = await unixDoor({ pingMs: 20, pongMs: 20_000 });
		const session = http2On(() => connect(door.path));
		const long = get(session, "/hold");
		for (let pings = 0; pings < 3; pings++) await once(session, "ping");
		(await eventually("it is held", () => held.pop()))();
		assert.equal((await long).status, 200);
		session.destroy();
		await using strict = await unixDoor({ pingMs: 20, pongMs: 20 });
		await new Raw(strict.path).untilClosed(OPENING, headers(1, 0));
	});

	test("opens 32 streams of a connection at a time", async () => {
		await using door = await unixDoor();
		const raw = new Raw(door.path);
		raw.socket.write(Buffer.concat([OPENING, ...Array.from({ length: 60 }, (_, index) => headers(2 * index + 1, 0))]));
		const refused = () => framesOf(raw.bytes).filter(({ type, payload }) => type === TYPES.reset && payload[3] === 7).length;
		await eventually("28 are refused", refused, 28);
		raw.socket.destroy();
	});

	test("refuses headers of more than 16 kB", async () => {
		await using door = await unixDoor();
		const much = "a".repeat(20_000);
		const raw = new Raw(door.path);
		assert.match((await raw.untilClosed(`GET / HTTP/1.1\r\nX: ${much}\r\n\r\n`)).toString(), /^HTTP\/1\.1 431 /);
		const session = http2On(() => connect(door.path));
		await get(session); // the bound holds once the client has agreed to it; until then 64 kB
		const stream = session.request({ ":path": "/", x: much });
		stream.on("error", () => {});
		await new Promise((resolve) => stream.once("close", resolve));
		assert.notEqual(stream.rstCode, 0);
		session.destroy();
	});

	test("closes a connection that opens and resets thousands of streams, and answers others", async () => {
		await using door = await unixDoor({ noStreamMs: 50 });
		const storm = Array.from({ length: 5000 }, (_, index) => Buffer.concat([headers(2 * index + 1, END_STREAM), reset(2 * index + 1)]));
		const came = await new Raw(door.path).untilClosed(OPENING, ...storm);
		assert.ok(framesOf(came).some(({ type }) => type === TYPES.goAway));
		assert.equal(await http1(door.path), "HTTP/1.1");
	});

	test("takes so many connections and no more, until one is over", async () => {
		await using door = await unixDoor({ connections: 2 });
		const [first] = [new Raw(door.path), new Raw(door.path)];
		await eventually("both are there", () => door.connections.count, 2);
		await new Raw(door.path).untilClosed();
		first.socket.destroy();
		await eventually("one is over", () => door.connections.count, 1);
		assert.equal(await http1(door.path), "HTTP/1.1");
	});

	test("lets requests end when it closes, and takes no more", async () => {
		const door = await unixDoor({ stopMs: 2 ** 30 });
		const session = http2On(() => connect(door.path));
		const agent = new Agent({ keepAlive: true });
		const answers = [http1(door.path, agent), get(session, "/hold").then(({ body }) => body)];
		const slow = httpGet({ socketPath: door.path, path: "/hold", agent });
		await eventually("two are held", () => held.length, 2);
		const closed = door.close();
		await assert.rejects(http1(door.path), { code: "ENOENT" });
		for (const end of held.splice(0)) end();
		const [response] = (await once(slow, "response")) as [IncomingMessage];
		assert.deepEqual(
			[response.headers.connection, await text(response), ...(await Promise.all(answers))],
			["close", "HTTP/1.1", "HTTP/1.1", "HTTP/2.0"],
		);
		await closed;
		agent.destroy();
	});

	test("cuts requests that do not end in time when it closes", async () => {
		const door = await unixDoor({ stopMs: 20 });
		const raw = new Raw(door.path);
		raw.socket.write("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
		await eventually("it is held", () => held.pop());
		await door.close();
		await raw.closed;
	});
});

describe("the TLS port", PATIENCE, () => {
	test("answers by the protocol that the client chooses", async () => {
		await using door = await tlsDoor();
		const session = connectHttp2("https://localhost", { createConnection: () => connectTls({ ...door.options, ALPNProtocols: ["h2"] }) });
		const [response] = (await once(httpsGet({ ...door.options, agent: false }), "response")) as [IncomingMessage];
		assert.deepEqual([(await get(session)).body, await text(response)], ["HTTP/2.0", "HTTP/1.1"]);
		session.destroy();
	});

	for (const [what, options, fails] of [
		["TLS 1.2", { maxVersion: "TLSv1.2" }, true],
		["another suite", { ciphers: "TLS_AES_128_CCM_SHA256", minVersion: "TLSv1.3" }, true],
		["one of the suites", { ciphers: "TLS_CHACHA20_POLY1305_SHA256" }, false],
	] as const)
		test(`${fails ? "refuses" : "takes"} ${what}`, async () => {
			await using door = await tlsDoor();
			const socket = connectTls({ ...door.options, ...options });
			const outcome = await Promise.race([
				once(socket, "secureConnect").then(() => socket.getProtocol()),
				once(socket, "error").then(([error]) => error),
			]).catch((error) => error);
			socket.destroy();
			if (fails) assert.ok(outcome instanceof Error);
			else assert.equal(outcome, "TLSv1.3");
		});

	/** The first bytes of a real handshake. */
	const half = async (port: number): Promise<Raw> => {
		const raw = new Raw(port);
		const hello = new PassThrough();
		const socket = connectTls({ socket: Duplex.from({ readable: new PassThrough(), writable: hello }) });
		socket.on("error", () => {});
		const [bytes] = (await once(hello, "data")) as [Buffer];
		socket.destroy();
		raw.socket.write(bytes.subarray(0, 40));
		return raw;
	};

	test("closes a connection that speaks no TLS, or only half of a handshake", async () => {
		await using door = await tlsDoor({ handshakeMs: 50 });
		await new Raw(door.port).untilClosed("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
		await new Raw(door.port).untilClosed();
		await (await half(door.port)).closed;
		await eventually("none is counted", () => door.connections.count, 0);
	});

	const SHORT = { headerMs: 50, requestMs: 50, keepAliveMs: 50, checkMs: 10, firstStreamMs: 50, noStreamMs: 50 };
	for (const [what, protocol, sent] of [
		["that says nothing after the handshake", "http/1.1", []],
		["that sends half a header", "http/1.1", ["GET / HTTP/1.1\r\nHos"]],
		["that asks nothing more by HTTP/1.1", "http/1.1", ["GET / HTTP/1.1\r\nHost: a\r\n\r\n"]],
		["that says nothing by HTTP/2", "h2", []],
		["that sends half of what HTTP/2 begins with", "h2", [PREFACE.subarray(0, 12)]],
		["that asks nothing more by HTTP/2", "h2", [OPENING, headers(1)]],
	] as const)
		test(`closes a connection ${what}`, async () => {
			await using door = await tlsDoor(SHORT);
			const socket = connectTls({ ...door.options, ALPNProtocols: [protocol] });
			socket.on("error", () => {});
			socket.resume();
			const closed = new Promise((resolve) => socket.once("close", resolve));
			for (const part of sent) socket.write(part);
			await closed;
			await eventually("none is counted", () => door.connections.count, 0);
		});

	for (const protocol of ["http/1.1", "h2"])
		test(`gives one answer to a client that is refused, and closes, by ${protocol}`, async () => {
			await using door = await tlsDoor({}, () => undefined);
			const socket = connectTls({ ...door.options, ALPNProtocols: [protocol] });
			const closed = new Promise((resolve) => socket.once("close", resolve));
			if (protocol === "h2") {
				const session = connectHttp2("https://localhost", { createConnection: () => socket });
				session.on("error", () => {});
				assert.equal((await get(session)).status, 403);
			} else {
				const came = text(socket);
				socket.write("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"); // the rest is not waited for
				assert.equal((await came).split("HTTP/1.1 403").length - 1, 1);
			}
			await closed;
		});

	test("gives up the oldest of those that have not been let in, and keeps those that have", async () => {
		await using door = await tlsDoor({ connectionsNotLetIn: 2 });
		const session = connectHttp2("https://localhost", { createConnection: () => connectTls({ ...door.options, ALPNProtocols: ["h2"] }) });
		await get(session);
		const silent = [new Raw(door.port), new Raw(door.port)];
		await eventually("all are there", () => door.connections.count, 3);
		silent.push(new Raw(door.port));
		await silent[0]?.closed;
		assert.equal((await get(session)).status, 200);
		assert.equal(door.connections.count, 3);
		session.destroy();
		for (const { socket } of silent) socket.destroy();
	});

	test("takes so many connections of a client, and those of others beside", async () => {
		let client = "alice";
		await using door = await tlsDoor({ connectionsOfClient: 2 }, () => client);
		const ask = () => {
			const session = connectHttp2("https://localhost", { createConnection: () => connectTls({ ...door.options, ALPNProtocols: ["h2"] }) });
			session.on("error", () => {});
			return { session, status: get(session).then(({ status }) => status) };
		};
		const asked = [ask(), ask()];
		assert.deepEqual(await Promise.all(asked.map(({ status }) => status)), [200, 200]);
		asked.push(ask());
		assert.equal(await asked[2]?.status, 429);
		client = "bob";
		asked.push(ask());
		assert.equal(await asked[3]?.status, 200);
		for (const { session } of asked) session.destroy();
	});
});

describe("standard input and output", PATIENCE, () => {
	test("are one connection of HTTP/2, which ends with the input", async () => {
		const [stdin, stdout] = [new PassThrough(), new PassThrough()];
		const connections = new Connections(DEFAULT_LIMITS);
		openStdioDoor({ stdin, stdout }, { handler: answer, connections, limits: DEFAULT_LIMITS });
		const session = http2On(() => Duplex.from({ readable: stdout, writable: stdin }));
		assert.equal((await get(session)).body, "HTTP/2.0");
		assert.equal(connections.count, 1);
		session.close();
		await eventually("it is over", () => connections.count, 0);
	});
});

describe("sockets that are handed over", () => {
	test("are told by their names, and leave nothing in the environment", () => {
		const environment = { LISTEN_PID: "7", LISTEN_FDS: "2", LISTEN_FDNAMES: "tls:unix", A: "1" };
		assert.deepEqual(takeActivated(environment, 7), [
			{ kind: "tls", fd: 3 },
			{ kind: "unix", fd: 4 },
		]);
		assert.deepEqual(environment, { A: "1" });
	});

	test("are not taken when they are for another process, and refused by any other name", () => {
		const environment = { LISTEN_PID: "8", LISTEN_FDS: "1", LISTEN_FDNAMES: "unix" };
		assert.deepEqual([takeActivated(environment, 7), takeActivated({}, 7), environment], [[], [], {}]);
		assert.throws(() => takeActivated({ LISTEN_PID: "7", LISTEN_FDS: "1", LISTEN_FDNAMES: "unknown" }, 7), /"unknown" .* neither/);
		assert.throws(() => takeActivated({ LISTEN_PID: "7", LISTEN_FDS: "1" }, 7), { code: "INVALID_ARGUMENT" });
	});
});
