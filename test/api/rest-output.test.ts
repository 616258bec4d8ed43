/** Output over REST: whole, in ranges, followed and in frames; to clients that are slow, and to clients that go. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import type { Jobs } from "../../src/index.ts";
import { PATIENCE } from "../support/cli.ts";
import { above, eventually, noProc } from "../support/eventually.ts";
import { jobsWithOutput, type Server, startServer } from "./server.ts";

const FRAMES = { Accept: "application/vnd.chore.output" };

/** Runs a line of shell to its end, or until it has been started. */
async function sh(server: Server, line: string, more: object = {}): Promise<string> {
	const body = { command: ["sh", "-c", line], environment: { PATH: "/usr/bin:/bin" }, ...more };
	return (await server.ask("POST", "/v1/jobs", { body })).json.id;
}

async function ended(server: Server, id: string): Promise<string> {
	await server.ask("GET", `/v1/jobs/${id}/end`);
	return id;
}

interface Frame {
	readonly kind: number;
	readonly offset: number;
	readonly bytes: Buffer;
	readonly text: string;
}

function framesIn(bytes: Buffer): readonly Frame[] {
	const frames: Frame[] = [];
	for (let at = 0; at < bytes.length; ) {
		const end = at + 13 + bytes.readUInt32BE(at + 1);
		const inner = bytes.subarray(at + 13, end);
		frames.push({
			kind: bytes.readUInt8(at),
			offset: Number(bytes.readBigUInt64BE(at + 5)),
			bytes: inner,
			get text() {
				return inner.toString();
			},
		});
		at = end;
	}
	return frames;
}

test("output is given whole, in part, by lines and in ranges", PATIENCE, async () => {
	await using server = await startServer();
	const id = await ended(server, await sh(server, "echo one; echo two; echo three"));
	const path = `/v1/jobs/${id}/output`;
	for (const [query, range, status, text, contentRange] of [
		["", undefined, 200, "one\ntwo\nthree\n", undefined],
		["?lines=1", undefined, 200, "three\n", undefined],
		["?tailBytes=3", undefined, 200, "ee\n", undefined],
		["?fromByte=8", undefined, 200, "three\n", undefined],
		["?fromByte=99", undefined, 200, "", undefined],
		["?follow&fromByte=8", undefined, 200, "three\n", undefined],
		["", "bytes=4-", 206, "two\nthree\n", "bytes 4-13/14"],
		["", "bytes=4-6", 206, "two", "bytes 4-6/14"],
		["", "bytes=4-99", 206, "two\nthree\n", "bytes 4-13/14"],
		["", "bytes=-3", 206, "ee\n", "bytes 11-13/14"],
		["", "bytes=-99", 206, "one\ntwo\nthree\n", "bytes 0-13/14"],
		["", "bytes=6-4", 200, "one\ntwo\nthree\n", undefined],
		["", "bytes=0-1,3-4", 200, "one\ntwo\nthree\n", undefined],
		["", "lines=1-2", 200, "one\ntwo\nthree\n", undefined],
		["?lines=1", "bytes=1-", 200, "three\n", undefined],
	] as const) {
		const answer = await server.ask("GET", path + query, { headers: range === undefined ? {} : { Range: range } });
		assert.deepEqual([answer.status, answer.text, answer.headers["content-range"]], [status, text, contentRange], `${query} ${range}`);
		assert.equal(answer.headers["content-type"], "application/octet-stream");
	}
	for (const range of ["bytes=14-", "bytes=-0", "bytes=20-30"]) {
		const answer = await server.ask("GET", path, { headers: { Range: range } });
		assert.deepEqual([answer.status, answer.headers["content-range"], answer.json.status], [416, "bytes */14", 416], range);
	}
	const head = await server.ask("HEAD", path);
	assert.deepEqual([head.headers["content-length"], head.headers["accept-ranges"], head.text], ["14", "bytes", ""]);
	assert.deepEqual((await server.ask("GET", `${path}?run=7`)).json.detail, `job ${id.slice(-8)} has no run 7 that can be read`);
	assert.equal((await server.ask("GET", `${path}?stream=stdout`)).json.code, "NO_OUTPUT");
	const empty = await ended(server, await sh(server, ":"));
	assert.deepEqual((await server.ask("GET", `/v1/jobs/${empty}/output`)).headers["content-length"], "0");
});

test("streams that are apart are given one at a time, or in frames", PATIENCE, async () => {
	await using server = await startServer();
	const id = await ended(server, await sh(server, "echo out; echo wrong >&2", { output: "split" }));
	const path = `/v1/jobs/${id}/output`;
	assert.equal((await server.ask("GET", `${path}?stream=stderr`)).text, "wrong\n");
	assert.equal((await server.ask("GET", `${path}?stream=stderr`, { headers: { Range: "bytes=2-" } })).text, "ong\n");
	const { bytes } = await server.ask("GET", path, { headers: FRAMES });
	assert.deepEqual(
		framesIn(bytes)
			.map(({ kind, offset, text }) => [kind, offset, text] as const)
			.sort(([one], [other]) => one - other),
		[
			[1, 0, ""],
			[1, 0, "out\n"],
			[2, 0, ""],
			[2, 0, "wrong\n"],
			[255, 0, ""],
		],
	);
});

test("a follow in frames ends with the job as it ended", PATIENCE, async () => {
	await using server = await startServer();
	const id = await sh(server, "echo one; read word; echo $word; exit 3", { stdin: "fifo" });
	const response = await server.open("GET", `/v1/jobs/${id}/output?follow`, { headers: FRAMES });
	const all = response.toArray();
	await server.ask("POST", `/v1/jobs/${id}/input`, { body: "two\n", headers: { "Content-Type": "application/octet-stream" } });
	const frames = framesIn(Buffer.concat(await all));
	const last = frames.at(-1);
	assert.deepEqual([last?.kind, JSON.parse(last?.text ?? "").exitCode, JSON.parse(last?.text ?? "").id], [255, 3, id]);
	assert.equal(
		frames
			.slice(0, -1)
			.map(({ text }) => text)
			.join(""),
		"one\ntwo\n",
	);
	assert.deepEqual(
		frames
			.slice(0, -1)
			.map(({ kind }) => kind)
			.filter((kind) => kind !== 0),
		[],
	);
});

test("curl goes on with a file that it has a part of", PATIENCE, async () => {
	await using server = await startServer();
	const id = await ended(server, await sh(server, "seq 100000"));
	const url = `http://localhost/v1/jobs/${id}/output`;
	const file = `${server.socket}.file`;
	await server.curl("-o", file, url);
	const whole = readFileSync(file);
	writeFileSync(file, whole.subarray(0, 123_456));
	await server.curl("-C", "-", "-o", file, url);
	assert.ok(readFileSync(file).equals(whole));
	assert.equal(
		createHash("sha256").update(whole).digest("hex"),
		createHash("sha256")
			.update(Array.from({ length: 100_000 }, (_, index) => `${index + 1}\n`).join(""))
			.digest("hex"),
	);
});

test("50 MB arrive as they were written at a client that does not read at first", PATIENCE, async () => {
	const size = 50_000_000;
	let asked = 0;
	const jobs = jobsWithOutput(async function* ({ tailBytes, fromByte = 0 }) {
		const buffer = Buffer.alloc(64 * 1024);
		for (let [offset, turn] = [tailBytes === undefined ? fromByte : size - tailBytes, 0]; offset < size; turn++) {
			asked++;
			// Small ones are held together on the way.
			const length = Math.min(turn % 2 === 0 ? 1000 : buffer.length, size - offset);
			buffer.fill(turn % 251);
			yield { bytes: buffer.subarray(0, length), offset, stream: "output" };
			offset += length;
		}
	});
	await using server = await startServer({ jobs });
	for (const headers of [{}, FRAMES]) {
		asked = 0;
		const expected = createHash("sha256");
		for await (const { bytes } of jobs.logs("1", {})) expected.update(bytes);
		const all = asked;
		asked = 0;
		const response = await server.open("GET", "/v1/jobs/1/output", { headers });
		await eventually("the server has sent what there is room for", () => asked > 2);
		assert.ok(asked < all, "it waits for the client");
		const bytes = Buffer.concat(await response.toArray());
		const seen = createHash("sha256");
		if (headers === FRAMES) for (const { kind, bytes: inner } of framesIn(bytes)) seen.update(kind === 0 ? inner : "");
		else assert.equal(seen.update(bytes) && response.headers["content-length"], String(size));
		assert.equal(seen.digest("hex"), expected.digest("hex"));
	}
});

test("output that becomes shorter while it is read is not taken for all of it", PATIENCE, async () => {
	const jobs = jobsWithOutput(async function* ({ tailBytes }) {
		if (tailBytes === undefined) yield { bytes: Buffer.from("short"), offset: 0, stream: "output" };
		else yield { bytes: Buffer.from("x"), offset: 99, stream: "output" };
	});
	await using server = await startServer({ jobs });
	const response = await server.open("GET", "/v1/jobs/1/output");
	await assert.rejects(response.toArray(), { code: "ECONNRESET" });
	assert.match(server.lines.join("\n"), /95 bytes shorter/);
});

test("an error on the way is the last frame, and cuts what has no frames", PATIENCE, async () => {
	const jobs = jobsWithOutput(async function* ({ tailBytes }) {
		if (tailBytes !== undefined) return;
		yield { bytes: Buffer.from("part"), offset: 0, stream: "output" };
		throw new Error("a bug");
	});
	await using server = await startServer({ jobs });
	const framed = framesIn((await server.ask("GET", "/v1/jobs/1/output?follow", { headers: FRAMES })).bytes);
	assert.deepEqual([framed[0]?.text, framed[1]?.kind, JSON.parse(framed[1]?.text ?? "").status], ["part", 254, 500]);
	const response = await server.open("GET", "/v1/jobs/1/output?follow");
	await assert.rejects(response.toArray(), { code: "ECONNRESET" });
	const failing = { ...jobs, list: async () => Promise.reject(new Error("a secret")) } as unknown as Jobs;
	await using other = await startServer({ jobs: failing });
	const { status, text } = await other.ask("GET", "/v1/jobs");
	assert.equal(status, 500);
	assert.doesNotMatch(text, /secret|\.js/);
	assert.match(other.lines.join("\n"), /Error: a secret\n {4}at /);
});

test("followers that are cut leave nothing, whether they read or not", { ...PATIENCE, skip: noProc }, async () => {
	await using server = await startServer();
	const open = (): number => readdirSync("/proc/self/fd").length;
	const loud = await sh(
		server,
		"while :; do echo 0123456789012345678901234567890123456789012345678901234567890123456789; done & sleep 0.3; kill $!; exec sleep 600",
	);
	const silent = await sh(server, "exec sleep 600");
	const path = (await server.ask("GET", `/v1/jobs/${loud}`)).json.output.paths[0];
	await eventually("there is much output", () => statSync(path).size > 1_000_000);
	await server.ask("GET", `/v1/jobs/${silent}/status`);
	const before = open();
	const cut = async (headers: object, to: string): Promise<void> => {
		const responses: IncomingMessage[] = [];
		for (let count = 0; count < 10; count++) responses.push(await server.open("GET", to, { headers: { ...headers } }));
		assert.ok(open() > before + 10);
		// Half of them have begun to read.
		for (const response of responses.slice(0, 5)) response.once("data", () => response.pause());
		for (const response of responses) response.destroy();
		await eventually("all descriptors are closed", open, (seen) => seen <= before);
	};
	await cut({}, `/v1/jobs/${loud}/output?follow`);
	await cut(FRAMES, `/v1/jobs/${silent}/output?follow`);
	await cut({}, "/v1/events?follow&changes");
	const waiting = connect(server.socket);
	waiting.write(`GET /v1/jobs/${silent}/end HTTP/1.1\r\nHost: localhost\r\n\r\n`);
	await eventually("the end is waited for", open, above(before + 1));
	waiting.destroy();
	await eventually("the wait is over", () => server.lines.some((line) => line.includes("/end 499 ")));
	assert.deepEqual(
		server.lines.filter((line) => /Error/.test(line)),
		[],
	);
	for (const id of [loud, silent]) await server.ask("POST", `/v1/jobs/${id}/stop`, { body: { graceMs: 0 } });
});
