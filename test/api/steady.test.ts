/** A server that is asked all kinds of things for long stays as it is: neither its memory nor its descriptors become more. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { type ClientHttp2Session, connect } from "node:http2";
import { createConnection } from "node:net";
import { test } from "node:test";
import { Cli, PATIENCE } from "../support/cli.ts";
import { eventually, noProc } from "../support/eventually.ts";
import { rounds } from "../support/rounds.ts";

/** What V8 and malloc(3) hold more or less from time to time. */
const WAVES_KILOBYTES = 24 * 1024;

const WIDTH = 8;

/** What is asked, again and again: the status that is expected, and the request. A job is made by every hundredth. */
const ASKED: readonly (readonly [status: number, method: string, path: string, body?: string])[] = [
	[200, "GET", "/v1/jobs"],
	[200, "GET", "/v1/jobs?all&limit=20"],
	[200, "GET", "/v1/jobs/model"],
	[200, "GET", "/v1/jobs/model/status?lines=5"],
	[200, "GET", "/v1/jobs/model/output"],
	[200, "GET", "/v1/jobs/model/output?follow"],
	[200, "GET", "/v1/history?limit=20"],
	[404, "GET", "/v1/jobs/nothing"],
	[400, "POST", "/v1/jobs", '{"command":1}'],
	[200, "GET", "/v1"],
];

test("memory and descriptors of a server stay as they are", { ...PATIENCE, timeout: 7_200_000, skip: noProc }, async (context) => {
	await using cli = new Cli();
	const socket = `${cli.folder}/serve/s`;
	const server = cli.start(["serve", "--socket", socket]);
	await eventually("it listens", () => server.stderr().includes("chore serve listens on "));
	await using connection = http2On(socket);
	const { id: loud } = await post(connection, { command: ["seq", "20000"], name: "model" });
	const { id: silent } = await post(connection, { command: ["sleep", "100000"], name: "silent" });
	await ask(connection, "GET", `/v1/jobs/${loud}/end`);

	const count = rounds(200);
	let begun = 0;
	let jobs = 0;
	const one = async (index: number): Promise<void> => {
		const [status, method, path, body] = ASKED[index % ASKED.length] ?? assert.fail();
		if (index % 100 === 99) {
			const { id } = await post(connection, { command: ["true"] });
			await ask(connection, "GET", `/v1/jobs/${id}/end`);
			await ask(connection, "DELETE", `/v1/jobs/${id}`);
			jobs++;
		} else if (index % 50 === 49) await cutFollow(connection, silent);
		// By turns on the connection that stays, and on one of their own.
		else if (index % 3 === 0) assert.equal(await askAlone(socket, method, path, body), status, path);
		else assert.equal((await ask(connection, method, path, body)).status, status, path);
	};
	const kilobytes: number[] = [];
	const descriptors: number[] = [];
	const open = (): number => readdirSync(`/proc/${server.pid}/fd`).length;
	for (let quarter = 1; quarter <= 4; quarter++) {
		const line = async (): Promise<void> => {
			while (begun < (count * quarter) / 4) await one(begun++);
		};
		await Promise.all(Array.from({ length: WIDTH }, line));
		const least = Math.min(...descriptors);
		if (quarter > 1) await eventually("what was opened is closed", open, (seen) => seen <= least);
		descriptors.push(open());
		kilobytes.push(Number(/^VmRSS:\s+([0-9]+) kB/m.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))?.[1]));
	}
	context.diagnostic(`${count} requests, ${jobs} jobs; RSS in kB after each quarter: ${kilobytes.join(", ")}`);
	const [, second = 0, , last = 0] = kilobytes;
	assert.ok(last - second < WAVES_KILOBYTES, `the server grew in its second half: ${kilobytes.join(", ")}`);
	await ask(connection, "POST", `/v1/jobs/${silent}/stop`, '{"graceMs":0}');
});

function http2On(socket: string): ClientHttp2Session & AsyncDisposable {
	const session = connect("http://localhost", { createConnection: () => createConnection(socket) });
	return Object.assign(session, { [Symbol.asyncDispose]: async () => session.destroy() });
}

interface Answer {
	readonly status: number;
	readonly text: string;
}

async function ask(session: ClientHttp2Session, method: string, path: string, body?: string): Promise<Answer> {
	const stream = session.request(headersOf(method, path, body), { endStream: body === undefined });
	if (body !== undefined) stream.end(body);
	let status = 0;
	stream.once("response", (headers) => {
		status = Number(headers[":status"]);
	});
	let text = "";
	for await (const piece of stream.setEncoding("utf8")) text += piece;
	return { status, text };
}

async function post(session: ClientHttp2Session, job: object): Promise<{ readonly id: string }> {
	const { status, text } = await ask(session, "POST", "/v1/jobs", JSON.stringify({ environment: { PATH: "/usr/bin:/bin" }, ...job }));
	assert.equal(status, 201, text);
	return JSON.parse(text);
}

/** Follows a job that writes nothing, and goes once the answer has begun. */
function cutFollow(session: ClientHttp2Session, id: string): Promise<void> {
	const stream = session.request({ ":path": `/v1/jobs/${id}/output?follow` });
	return new Promise((resolve, reject) => {
		stream.once("response", () => stream.close());
		stream.once("error", reject).once("close", resolve);
	});
}

/** A request of HTTP/1.1 on a connection of its own. */
function askAlone(socketPath: string, method: string, path: string, body?: string): Promise<number | undefined> {
	const { ":method": _, ":path": __, ...headers } = headersOf(method, path, body);
	return new Promise((resolve, reject) => {
		const asking = request({ socketPath, method, path, headers, agent: new Agent({ keepAlive: false }) }, (answer) => {
			answer.resume().once("end", () => resolve(answer.statusCode));
		});
		asking.once("error", reject).end(body);
	});
}

function headersOf(method: string, path: string, body: string | undefined): Readonly<Record<string, string>> {
	return { ":method": method, ":path": path, ...(body === undefined ? {} : { "content-type": "application/json" }) };
}
