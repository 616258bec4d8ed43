/** gRPC by @grpc/grpc-js, gRPC-Web and Connect by fetch: calls, streams, errors, deadlines and bounds. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect } from "node:http2";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import * as grpc from "@grpc/grpc-js";
import { loadFileDescriptorSetFromBuffer, loadSync } from "@grpc/proto-loader";
import { ChoreError, type LogPiece } from "../../src/index.ts";
import { eventually } from "../support/eventually.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { type Home, makeHome } from "../support/home.ts";
import { ALICE, operations, serve, type TestServer } from "./grpc-server.ts";

/** What is used of a client that grpc-js makes of a proto file. */
type Client = grpc.Client & Record<string, (...words: unknown[]) => grpc.ClientReadableStream<Answer> & grpc.ClientUnaryCall>;
type Answer = Record<string, unknown>;

const OPTIONS = { keepCase: false, longs: Number, defaults: false, oneofs: true, includeDirs: ["proto"] };

function clientOf(definition: object, path: string, address: string): Client {
	let found: unknown = grpc.loadPackageDefinition(definition as ReturnType<typeof loadSync>);
	for (const name of path.split(".")) found = (found as Answer)[name];
	return new (found as typeof grpc.Client)(address, grpc.credentials.createInsecure()) as Client;
}

/** The answer to a call, with its metadata. */
function ask(client: Client, method: string, request: object, options: object = {}, metadata = new grpc.Metadata()): Promise<Answer> {
	return new Promise((resolve, reject) => {
		const call = (client[method] as Client[string]).call(client, request, metadata, options, (error: Error | null, answer: Answer) =>
			error === null ? resolve(answer) : reject(error),
		);
		call.on("metadata", () => {});
	});
}

/** The error of a call that fails. */
async function errorOf(asked: Promise<unknown>): Promise<grpc.ServiceError> {
	return asked.then(
		(answer) => assert.fail(`answered: ${JSON.stringify(answer)}`),
		(error) => error,
	);
}

/** A message of gRPC, or of a stream of Connect: a byte of flags, its length, and itself. */
function framed(message: Buffer): Buffer {
	const head = Buffer.alloc(5);
	head.writeUInt32BE(message.length, 1);
	return Buffer.concat([head, message]);
}

function post(server: TestServer, method: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
	return fetch(`${server.url}/chore.v1.Jobs/${method}`, {
		method: "POST",
		headers: { "content-type": "application/json", ...headers },
		body: typeof body === "object" && !(body instanceof Uint8Array) ? JSON.stringify(body) : (body as string),
	});
}

describe("gRPC", () => {
	let home: Home;
	let server: TestServer;
	let client: Client;
	before(async () => {
		home = await makeHome("fake", fakePlatform);
		server = await serve(home.chore);
		client = clientOf(loadSync("chore/v1/chore.proto", OPTIONS), "chore.v1.Jobs", server.address);
	});
	after(async () => {
		client?.close();
		await server?.[Symbol.asyncDispose]();
		await home?.[Symbol.asyncDispose]();
	});

	test("a job is run, waited for and read by grpc-js", async () => {
		const made = await ask(client, "run", { command: ["sh", "-c", "echo $GREETING; exit 3"], setEnvironment: { GREETING: "hé" } });
		const ended = await ask(client, "wait", { reference: made["id"] });
		assert.deepEqual([ended["state"], ended["exitCode"]], ["failed", 3]);
		const whole = await home.chore.get(String(made["id"]));
		assert.deepEqual([ended["command"], ended["createdAt"], ended["schema"]], [whole.command, whole.createdAt, 1]);
		assert.equal("signal" in ended, false, "what is null is not set");
		const pieces: Answer[] = [];
		for await (const { piece, ended } of client["logs"]?.({ reference: made["id"], follow: true }) ?? []) pieces.push(piece ?? ended);
		assert.deepEqual(
			pieces.map(({ bytes, state }) => String(bytes ?? state)),
			["hé\n", "failed"],
		);
	});

	test("an error has the status, the sentence, and its code and hint as a detail", async () => {
		const error = await errorOf(ask(client, "get", { reference: "nobody" }));
		const plain = await home.chore.get("nobody").catch((reason) => reason);
		assert.deepEqual([error.code, error.details], [grpc.status.NOT_FOUND, plain.message]);
		const [detail] = error.metadata.get("grpc-status-details-bin");
		assert.match(String(detail), /chore\.v1\.Problem.*JOB_NOT_FOUND/s);
	});

	test("the sentence of an error is whole to grpc-js, whatever its signs", async () => {
		const text = "a:b, c/d? 100% & é #\n";
		const error = await errorOf(ask(client, "get", { reference: text }));
		const plain = await home.chore.get(text).catch((reason) => reason);
		assert.equal(error.details, plain.message);
	});

	test("a session that is not the caller's is as if it were not there", async () => {
		const metadata = new grpc.Metadata();
		metadata.set("chore-session", "bob");
		const error = await errorOf(ask(client, "list", {}, {}, metadata));
		assert.deepEqual([error.code, error.details], [grpc.status.NOT_FOUND, "there is no session bob"]);
	});

	test("a wait ends with DEADLINE_EXCEEDED, and the job goes on", async () => {
		const made = await ask(client, "run", { command: ["sleep", "1000"] });
		const reference = made["id"];
		const error = await errorOf(ask(client, "wait", { reference }, { deadline: Date.now() + 300 }));
		assert.equal(error.code, grpc.status.DEADLINE_EXCEEDED);
		// This client leaves it to the server to say so.
		const late = await post(server, "Wait", { reference }, { "connect-timeout-ms": "50" });
		assert.deepEqual([late.status, ((await late.json()) as Answer)["code"]], [504, "deadline_exceeded"]);
		const frame = framed(Buffer.from(JSON.stringify({ reference, follow: true })));
		const headers = { "content-type": "application/connect+json", "connect-timeout-ms": "50" };
		assert.match(await (await post(server, "Logs", frame, headers)).text(), /deadline_exceeded/);
		assert.equal((await ask(client, "wait", { reference, timeoutMs: 1 }))["state"], "running");
		assert.equal((await ask(client, "stop", { reference, graceMs: 0 }))["state"], "stopped");
	});

	test("a deadline that is further away than a timer can be is none", async () => {
		const { id: reference } = await home.chore.run({ command: ["sleep", "1000"] });
		const web = await post(server, "Wait", { reference, timeoutMs: "50" }, { "connect-timeout-ms": "9999999999" });
		assert.equal(((await web.json()) as Answer)["state"], "running");
		const far = await ask(client, "wait", { reference, timeoutMs: 50 }, { deadline: Date.now() + 2 ** 40 });
		assert.equal(far["state"], "running");
		await home.chore.stop(reference, { graceMs: 0 });
	});

	test("output of 50 MB arrives as it is, also to a reader that pauses", async () => {
		const made = await ask(client, "run", { command: ["sh", "-c", "seq 1000000 7500000"] });
		await ask(client, "wait", { reference: made["id"] });
		const wanted = createHash("sha256");
		for await (const { bytes } of home.chore.logs(String(made["id"]))) wanted.update(bytes);
		const got = createHash("sha256");
		let length = 0;
		for await (const { piece } of client["logs"]?.({ reference: made["id"] }) ?? []) {
			const { bytes, offset } = piece as { bytes: Buffer; offset?: number };
			assert.equal(offset ?? 0, length);
			got.update(bytes);
			length += bytes.length;
			if (length % 7 === 0) await new Promise((resume) => setImmediate(resume));
		}
		assert.ok(length > 50e6);
		assert.equal(got.digest("hex"), wanted.digest("hex"));
	});

	test("health and reflection tell of the services", async () => {
		const health = clientOf(loadSync("grpc/health/v1/health.proto", OPTIONS), "grpc.health.v1.Health", server.address);
		assert.deepEqual((await ask(health, "check", { service: "chore.v1.Jobs" }))["status"], 1);
		assert.equal((await errorOf(ask(health, "check", { service: "other" }))).code, grpc.status.NOT_FOUND);
		for (const version of ["v1", "v1alpha"]) {
			const path = `grpc.reflection.${version}.ServerReflection`;
			const tool = clientOf(loadSync(`grpc/reflection/${version}/reflection.proto`, OPTIONS), path, server.address);
			const call = tool["serverReflectionInfo"]?.() as unknown as grpc.ClientDuplexStream<object, Answer>;
			const answers = call[Symbol.asyncIterator]();
			const question = async (one: object): Promise<Answer> => {
				call.write(one);
				return (await answers.next()).value as Answer;
			};
			const { listServicesResponse } = await question({ listServices: "" });
			const names = (listServicesResponse as { service: { name: string }[] }).service.map(({ name }) => name);
			assert.ok(names.includes("chore.v1.Jobs") && names.includes("grpc.health.v1.Health"), String(names));
			const { fileDescriptorResponse } = await question({ fileContainingSymbol: "chore.v1.Jobs.Run" });
			const [file = Buffer.of()] = (fileDescriptorResponse as { fileDescriptorProto: Buffer[] }).fileDescriptorProto;
			// A FileDescriptorSet is a message whose field 1 is each of the files.
			const length = Buffer.of(0x0a, (file.length & 127) | 128, ((file.length >> 7) & 127) | 128, file.length >> 14);
			const found = clientOf(loadFileDescriptorSetFromBuffer(Buffer.concat([length, file])), "chore.v1.Jobs", server.address);
			assert.ok(Array.isArray((await ask(found, "List", {}))["jobs"]));
			const { errorResponse } = await question({ fileContainingSymbol: "chore.v1.Nothing" });
			assert.equal((errorResponse as Answer)["errorCode"], grpc.status.NOT_FOUND);
			call.end();
			for (const one of [found, tool]) one.close();
		}
		health.close();
	});

	test("Connect answers JSON over HTTP/1.1, by GET where nothing is changed", async () => {
		const made = (await (await post(server, "Run", { command: ["true"], name: "web" })).json()) as Answer;
		assert.equal(made["name"], "web");
		const query = `connect=v1&encoding=json&message=${encodeURIComponent('{"reference":"web"}')}`;
		const got = await fetch(`${server.url}/chore.v1.Jobs/Get?${query}`);
		assert.equal(((await got.json()) as Answer)["id"], made["id"]);
		assert.equal((await fetch(`${server.url}/chore.v1.Jobs/Stop?${query}`)).status, 405);
		const info = await post(server, "Info", {});
		assert.equal(decodeURIComponent(info.headers.get("chore-warning") ?? ""), "zwölf Tage");
		assert.deepEqual(await info.json(), { schema: 1, version: "1", client: "alice", role: "run", session: "alice", sessions: ["alice"] });
		const wrong = await post(server, "Get", { reference: "nobody" });
		const { code, details } = (await wrong.json()) as { code: string; details: { debug: Answer }[] };
		assert.deepEqual([wrong.status, code, details[0]?.debug["code"]], [404, "not_found", "JOB_NOT_FOUND"]);
	});

	test("Connect answers JSON over HTTP/2", async () => {
		const session = connect(`http://${server.address}`);
		const stream = session.request({ ":method": "POST", ":path": "/chore.v1.Jobs/List", "content-type": "application/json" });
		stream.end('{"all":true}');
		let text = "";
		for await (const part of stream.setEncoding("utf8")) text += part;
		assert.ok(Array.isArray(JSON.parse(text).jobs));
		session.close();
		await once(session, "close");
	});

	test("gRPC-Web answers with messages and the status after them", async () => {
		const frame = framed(Buffer.from("\n\x03web"));
		const answer = await post(server, "Get", frame, { "content-type": "application/grpc-web+proto" });
		const bytes = Buffer.from(await answer.arrayBuffer());
		const length = bytes.readUInt32BE(1);
		assert.match(bytes.subarray(5, 5 + length).toString("latin1"), /web/);
		assert.match(bytes.subarray(5 + length + 5).toString(), /grpc-status: 0/);
	});

	test("a method that does not exist is unimplemented", async () => {
		const session = connect(`http://${server.address}`);
		const stream = session.request({ ":method": "POST", ":path": "/chore.v1.Jobs/Fly", "content-type": "application/grpc" });
		stream.write("a body that is not over");
		const [headers] = await once(stream, "response");
		assert.equal(headers["grpc-status"], "12");
		stream.resume();
		await eventually("the client is told to stop", () => stream.closed);
		assert.equal(stream.rstCode, 0);
		session.close();
		assert.equal((await post(server, "Fly", {})).status, 404);
		assert.equal((await errorOf(ask(client, "prune", {}))).code, grpc.status.UNIMPLEMENTED, "an operation that is not there");
	});

	test("what is too long, compressed, or not what its prefix says is refused", async () => {
		const command = ["x".repeat(2_000_000)];
		const long = await errorOf(ask(client, "run", { command }));
		assert.equal(long.code, grpc.status.RESOURCE_EXHAUSTED);
		const web = await post(server, "Run", { command });
		assert.deepEqual([web.status, ((await web.json()) as Answer)["code"]], [429, "resource_exhausted"]);
		const bomb = gzipSync(Buffer.alloc(50_000_000));
		const compressed = await post(server, "Run", bomb, { "content-encoding": "gzip" });
		assert.equal(((await compressed.json()) as Answer)["code"], "unimplemented");
		const liar = Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1]);
		const lied = Buffer.from(await (await post(server, "Get", liar, { "content-type": "application/grpc-web+proto" })).arrayBuffer());
		assert.match(lied.toString(), /grpc-status: 8/);
		assert.equal(((await (await post(server, "Run", { command: 7 })).json()) as Answer)["code"], "invalid_argument");
		const session = connect(`http://${server.address}`);
		const endless = session.request({ ":method": "POST", ":path": "/chore.v1.Jobs/Run", "content-type": "application/json" });
		endless.write(Buffer.alloc(2_000_000, " "));
		let text = "";
		for await (const part of endless.setEncoding("utf8")) text += part;
		await eventually("a client that goes on to send is told to stop", () => endless.closed);
		assert.deepEqual([JSON.parse(text).code, endless.rstCode], ["resource_exhausted", 0]);
		session.close();
		assert.ok(Array.isArray((await ask(client, "list", {}))["jobs"]), "the connection goes on");
	});

	test("after a body that is a little too long a connection of HTTP/1.1 goes on", async () => {
		const agent = new Agent({ keepAlive: true, maxSockets: 1 });
		const send = async (method: string, body: string): Promise<readonly [status: number | undefined, port: number | undefined]> => {
			const headers = { "content-type": "application/json" };
			const sent = request(`${server.url}/chore.v1.Jobs/${method}`, { method: "POST", agent, headers });
			sent.end(body);
			const [answer] = await once(sent, "response");
			const { localPort } = answer.socket;
			answer.resume();
			await once(answer, "end");
			return [answer.statusCode, localPort];
		};
		const [refused, port] = await send("Run", " ".repeat(1_500_000));
		assert.equal(refused, 429);
		assert.deepEqual(await send("List", "{}"), [200, port]);
		agent.destroy();
	});

	test("nothing of this is a fault of the server", () => assert.deepEqual(server.reported, []));
});

test("a call that the role does not allow is refused before it is made", async () => {
	await using server = await serve(undefined, {}, { ...ALICE, role: "read" });
	const answer = await post(server, "Run", { command: ["true"] });
	const { message } = (await answer.json()) as { message: string };
	assert.deepEqual([answer.status, message], [403, 'alice has the role read on this server, and "run" needs the role run']);
});

test("a fault of the server is reported, and told to nobody else", async () => {
	const act = async (): Promise<never> => {
		throw new TypeError("secret");
	};
	await using server = await serve(undefined, { list: { ...operations.list, act }, kill: { ...operations.stop, act } });
	const answer = await post(server, "List", {});
	const text = await answer.text();
	assert.deepEqual([answer.status, /secret/.test(text)], [500, false]);
	assert.match(String(server.reported), /TypeError: secret/);
	const checked = await post(server, "Kill", { reference: "web" });
	assert.equal(((await checked.json()) as Answer)["message"], 'wrong: {"reference":"web"}');
});

test("a reader that pauses and goes, by HTTP/1.1 or HTTP/2, ends what it read from", async () => {
	let begun = 0;
	let ended = 0;
	const stream = async function* (): AsyncGenerator<LogPiece, void, void> {
		begun++;
		try {
			for (let offset = 0; ; offset += 65_536) {
				yield { bytes: Buffer.alloc(65_536), offset, stream: "output" };
				await new Promise((resume) => setImmediate(resume));
			}
		} finally {
			ended++;
		}
	};
	await using server = await serve(undefined, { logs: { ...operations.logs, stream } });
	const frame = framed(Buffer.from("\n\x03web"));
	const headers = { ":method": "POST", ":path": "/chore.v1.Jobs/Logs", "content-type": "application/grpc" };
	const sessions = Array.from({ length: 5 }, () => connect(`http://${server.address}`));
	const streams = sessions.flatMap((session) => [session, session].map(() => session.request(headers)));
	for (const one of streams) {
		one.on("error", () => {});
		one.end(frame); // nothing is read
	}
	const leaving = new AbortController();
	const type = { "content-type": "application/connect+proto" };
	const url = `${server.url}/chore.v1.Jobs/Logs`;
	const answers = Array.from({ length: 5 }, () => fetch(url, { method: "POST", body: frame, headers: type, signal: leaving.signal }));
	await Promise.all([...answers, ...streams.map((one) => once(one, "response"))]);
	await eventually("15 are read from", () => begun, 15);
	for (const one of streams.slice(0, 4)) one.close();
	for (const session of sessions) session.destroy();
	leaving.abort();
	await eventually("all 15 have ended", () => ended, 15);
	assert.deepEqual(server.reported, []);
});

test("a reader that goes while nothing comes ends what it waits for", async () => {
	let ended = 0;
	const stream = async function* (_: unknown, { signal }: { signal: AbortSignal }): AsyncGenerator<LogPiece, void, void> {
		yield { bytes: Buffer.from("a"), offset: 0, stream: "output" };
		await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
		ended++;
	};
	await using server = await serve(undefined, { logs: { ...operations.logs, stream } });
	const client = clientOf(loadSync("chore/v1/chore.proto", OPTIONS), "chore.v1.Jobs", server.address);
	const call = client["logs"]?.({ reference: "web", follow: true });
	assert.ok(call);
	call.on("error", () => {});
	await once(call, "data");
	call.cancel();
	await eventually("it has ended", () => ended, 1);
	client.close();
	assert.deepEqual(server.reported, []);
});

test("for a client that goes before it is known who it is nothing is begun", async () => {
	const seen: string[] = [];
	const act = async (): Promise<void> => {
		seen.push("begun");
	};
	const before = async (response: NodeJS.EventEmitter): Promise<void> => {
		seen.push("asked");
		await once(response, "close");
		// A few turns later what was asked for would have begun.
		const turn = (left: number): void => {
			if (left === 0) seen.push("gone");
			else setImmediate(turn, left - 1);
		};
		turn(20);
	};
	await using server = await serve(undefined, { get: { ...operations.get, act } }, ALICE, before);
	const path = `/chore.v1.Jobs/Get?connect=v1&encoding=json&message=${encodeURIComponent("{}")}`;
	const session = connect(`http://${server.address}`);
	session.request({ ":path": path }).on("error", () => {});
	const leaving = new AbortController();
	const other = fetch(server.url + path, { signal: leaving.signal }).catch(() => {});
	await eventually("both have asked", () => seen.length, 2);
	session.destroy();
	leaving.abort();
	await other;
	await eventually("both have gone", () => seen.filter((what) => what === "gone").length, 2);
	assert.deepEqual(seen, ["asked", "asked", "gone", "gone"]);
	assert.deepEqual(server.reported, []);
});

test("an error amid a stream comes after what was read", async () => {
	const stream = async function* (): AsyncGenerator<LogPiece, void, void> {
		yield { bytes: Buffer.from("a"), offset: 0, stream: "output" };
		throw new ChoreError("JOB_UNREADABLE", "the record is \udcff broken");
	};
	await using server = await serve(undefined, { logs: { ...operations.logs, stream } });
	const client = clientOf(loadSync("chore/v1/chore.proto", OPTIONS), "chore.v1.Jobs", server.address);
	const seen: unknown[] = [];
	const read = async (): Promise<void> => {
		for await (const { piece } of client["logs"]?.({ reference: "web" }) ?? []) seen.push(String((piece as Answer)["bytes"]));
	};
	const error = await errorOf(read());
	assert.deepEqual([seen, error.code, error.details], [["a"], grpc.status.DATA_LOSS, "the record is \ufffd broken"]);
	client.close();
});
