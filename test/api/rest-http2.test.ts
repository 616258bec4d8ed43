/** The handler behind a server of node:http2, whose requests and responses only look like those of node:http. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, type OutgoingHttpHeaders } from "node:http2";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { connect as tlsConnect } from "node:tls";
import { ChoreError } from "../../src/index.ts";
import { PATIENCE } from "../support/cli.ts";
import { eventually, noProc } from "../support/eventually.ts";
import { jobsWithOutput, startServer } from "./server.ts";

function client(socket: string): ClientHttp2Session {
	return connect("http://localhost", { createConnection: () => createConnection(socket) });
}

async function ask(
	session: ClientHttp2Session,
	headers: OutgoingHttpHeaders,
	body?: string,
): Promise<{ readonly status: unknown; readonly headers: OutgoingHttpHeaders; readonly text: string }> {
	const stream = session.request(headers, { endStream: body === undefined });
	if (body !== undefined) stream.end(body);
	const [answer] = await once(stream, "response");
	return { status: answer[":status"], headers: answer, text: Buffer.concat(await stream.toArray()).toString() };
}

const RUN = { ":method": "POST", ":path": "/v1/jobs", "content-type": "application/json" };

test("requests and answers go over HTTP/2 as well", PATIENCE, async () => {
	await using server = await startServer({ http2: true });
	const session = client(server.socket);
	const made = await ask(session, RUN, JSON.stringify({ command: ["seq", "100000"], environment: { PATH: "/usr/bin:/bin" } }));
	const { id } = JSON.parse(made.text);
	assert.deepEqual([made.status, made.headers["location"]], [201, `/v1/jobs/${id}`]);
	assert.equal(JSON.parse((await ask(session, { ":path": `/v1/jobs/${id}/end` })).text).state, "succeeded");
	const range = await ask(session, { ":path": `/v1/jobs/${id}/output`, range: "bytes=-7" });
	assert.deepEqual([range.status, range.text], [206, "100000\n"]);
	const head = await ask(session, { ":method": "HEAD", ":path": `/v1/jobs/${id}/output` });
	assert.deepEqual([head.status, head.headers["content-length"], head.text], [200, "588895", ""]);
	assert.equal((await ask(session, { ":path": `/v1/jobs/${id}/output?follow` })).text.length, 588_895);
	assert.equal((await ask(session, { ":method": "POST", ":path": `/v1/jobs/${id}/stop` })).status, 200);
	assert.equal((await ask(session, { ":path": "/v1/jobs", "sec-fetch-site": "cross-site" })).status, 403);
	session.close();
});

test("over HTTP/2 a body that is too long is refused, and the connection goes on", PATIENCE, async () => {
	await using server = await startServer({ http2: true });
	const session = client(server.socket);
	for (const length of [{}, { "content-length": 2_000_000 }]) {
		const stream = session.request({ ...RUN, ...length });
		stream.on("error", () => {});
		stream.end("x".repeat(2_000_000));
		const [answer] = await once(stream, "response");
		assert.equal(answer[":status"], 413);
		let text = "";
		for await (const chunk of stream) text += chunk;
		assert.equal(JSON.parse(text).code, "TOO_LARGE");
		assert.equal(stream.rstCode, constants.NGHTTP2_NO_ERROR);
	}
	assert.equal((await ask(session, { ":path": "/v1/jobs" })).status, 200);
	session.close();
});

test("over HTTP/2 whoever is not let in is told why, and the connection is closed", PATIENCE, async () => {
	const identify = (): never => {
		throw new ChoreError("NOT_ALLOWED", "the certificate has ended");
	};
	await using server = await startServer({ http2: true, identify });
	const session = client(server.socket);
	const closed = once(session, "close");
	const answer = await ask(session, RUN, "{}");
	assert.deepEqual([answer.status, JSON.parse(answer.text).detail], [403, "the certificate has ended"]);
	await closed;
});

test("over HTTP/2 output that becomes shorter while it is read is not taken for all of it", PATIENCE, async () => {
	const jobs = jobsWithOutput(async function* ({ tailBytes }) {
		yield tailBytes === undefined
			? { bytes: Buffer.from("short"), offset: 0, stream: "output" }
			: { bytes: Buffer.from("x"), offset: 99, stream: "output" };
	});
	await using server = await startServer({ http2: true, jobs });
	const session = client(server.socket);
	await assert.rejects(ask(session, { ":path": "/v1/jobs/1/output" }), { code: "ERR_HTTP2_STREAM_ERROR" });
	session.close();
});

/** A key and a certificate of its own. */
function makePair(): { readonly key: Buffer; readonly cert: Buffer } {
	const folder = mkdtempSync(join(tmpdir(), "chore-tls-"));
	const [key, cert] = [`${folder}/key.pem`, `${folder}/cert.pem`];
	const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x"];
	execFileSync("openssl", ["req", ...kind, "-keyout", key, "-out", cert], { stdio: "ignore" });
	const pair = { key: readFileSync(key), cert: readFileSync(cert) };
	rmSync(folder, { recursive: true });
	return pair;
}

test("over TLS a request may be for any host, and a page of the server may ask", PATIENCE, async () => {
	await using server = await startServer({ http2: makePair() });
	const session = connect("https://jobs.example", {
		createConnection: () => tlsConnect({ path: server.socket, ALPNProtocols: ["h2"], rejectUnauthorized: false }),
	});
	assert.equal((await ask(session, { ":path": "/v1/jobs" })).status, 200);
	assert.equal((await ask(session, { ":path": "/v1/jobs", origin: "https://jobs.example" })).status, 200);
	assert.equal((await ask(session, { ":path": "/v1/jobs", origin: "https://evil.example" })).status, 403);
	session.close();
});

test("over HTTP/2 output arrives as it was written, also by TLS, at a client that does not read at first", PATIENCE, async () => {
	const pieces = 80;
	// Small ones are held together on the way, long ones are sent before the next.
	const lengthOf = (index: number): number => (index % 2 === 0 ? 1000 : 256 * 1024);
	const size = (pieces / 2) * (lengthOf(0) + lengthOf(1));
	let given = 0;
	const jobs = jobsWithOutput(async function* ({ tailBytes }) {
		if (tailBytes !== undefined) return yield { bytes: Buffer.from("x"), offset: size - 1, stream: "output" };
		const buffer = Buffer.alloc(lengthOf(1));
		for (given = 0; given < pieces; given++) yield { bytes: buffer.fill(given).subarray(0, lengthOf(given)), offset: 0, stream: "output" };
	});
	const wanted = createHash("sha256");
	for (let index = 0; index < pieces; index++) wanted.update(Buffer.alloc(lengthOf(index), index));
	const hash = wanted.digest("hex");
	for (const http2 of [true, makePair()]) {
		await using server = await startServer({ http2, jobs });
		const byTls = () => tlsConnect({ path: server.socket, ALPNProtocols: ["h2"], rejectUnauthorized: false });
		const session = http2 === true ? client(server.socket) : connect("https://localhost", { createConnection: byTls });
		const stream = session.request({ ":path": "/v1/jobs/1/output" });
		await once(stream, "response");
		await eventually("a part of it is sent", () => given > 0);
		assert.ok(given < pieces, "it waits for the client");
		assert.equal(
			createHash("sha256")
				.update(Buffer.concat(await stream.toArray()))
				.digest("hex"),
			hash,
		);
		session.close();
	}
});

test("over HTTP/2 followers that are cut leave nothing, whether they read or not", { ...PATIENCE, skip: noProc }, async () => {
	await using server = await startServer({ http2: true });
	const open = (): number => readdirSync("/proc/self/fd").length;
	const control = client(server.socket);
	const command = ["sh", "-c", "head -c 3000000 /dev/zero; exec sleep 600"];
	const made = JSON.parse((await ask(control, RUN, JSON.stringify({ command, environment: { PATH: "/usr/bin:/bin" } }))).text);
	await eventually("there is much output", () => statSync(made.output.paths[0]).size === 3_000_000);
	await ask(control, { ":path": `/v1/jobs/${made.id}/status` });
	const before = open();
	const paths = [`/v1/jobs/${made.id}/output?follow`, "/v1/events?follow&changes", `/v1/jobs/${made.id}/output?follow&tailBytes=1`];
	for (const end of ["reset", "cut"]) {
		const session = client(server.socket);
		session.on("error", () => {});
		const streams: ClientHttp2Stream[] = [];
		for (let count = 0; count < 15; count++) {
			const stream = session.request({ ":path": paths[count % 3] });
			stream.on("error", () => {});
			streams.push(stream);
			await once(stream, "response");
		}
		assert.ok(open() > before + 10);
		if (end === "reset") for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL);
		else session.destroy();
		await eventually(`all descriptors are closed after ${end}`, open, (seen) => seen <= before + (end === "reset" ? 2 : 0));
		session.destroy();
		await eventually("the connection is gone", open, (seen) => seen <= before);
	}
	await ask(control, { ...RUN, ":path": `/v1/jobs/${made.id}/stop` }, '{"graceMs":0}');
	control.close();
	assert.deepEqual(
		server.lines.filter((line) => /Error/.test(line)),
		[],
	);
});
