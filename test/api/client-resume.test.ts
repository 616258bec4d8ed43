/** What the client makes of bytes that come in any parts, and how it goes on after a cut: without a server. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Frame, readFrames } from "../../src/client/frames.ts";
import { readLines } from "../../src/client/lines.ts";
import { requestOf, wired } from "../../src/client/request.ts";
import { ResumedEvents } from "../../src/client/resumed-events.ts";
import { ResumedOutput } from "../../src/client/resumed-output.ts";
import type { LedgerEvent, LogOptions, LogPiece, StreamName } from "../../src/index.ts";

async function* inParts(bytes: Buffer, size: number): AsyncGenerator<Buffer, void, void> {
	for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
	const got: T[] = [];
	for await (const value of values) got.push(value);
	return got;
}

function frame(kind: number, offset: number, text: string): Buffer {
	const head = Buffer.alloc(13);
	head.writeUInt8(kind, 0);
	head.writeUInt32BE(Buffer.byteLength(text), 1);
	head.writeBigUInt64BE(BigInt(offset), 5);
	return Buffer.concat([head, Buffer.from(text)]);
}

/** What of the frames came, each stream joined from its first offset on. */
function joined(frames: readonly Frame[]): Readonly<Record<string, unknown>> {
	const texts: Record<string, string> = {};
	let ended: unknown = "cut";
	for (const one of frames) {
		if ("ended" in one) ended = one.ended;
		else if ("failed" in one) ended = one;
		else texts[one.stream] = `${texts[one.stream] ?? `${one.offset}:`}${Buffer.from(one.bytes)}`;
	}
	return { ...texts, ended };
}

describe("frames", () => {
	const output = [
		frame(0, 5_000_000_000, "abcdef"),
		frame(1, 0, ""),
		frame(2, 7, "xyz"),
		frame(9, 0, "of later"),
		frame(0, 5_000_000_006, "g"),
	];

	test("are read whatever the parts in which they come", async () => {
		const bytes = Buffer.concat([...output, frame(255, 0, '{"id":"x"}')]);
		for (let size = 1; size <= bytes.length; size++)
			assert.deepEqual(joined(await all(readFrames(inParts(bytes, size)))), {
				output: "5000000000:abcdefg",
				stdout: "0:",
				stderr: "7:xyz",
				ended: { id: "x" },
			});
	});

	test("without the last one are a cut, and an empty last one is an end", async () => {
		assert.equal(joined(await all(readFrames(inParts(Buffer.concat(output), 4))))["ended"], "cut");
		assert.equal(joined(await all(readFrames(inParts(frame(255, 0, '{"id":"x"}').subarray(0, -1), 4))))["ended"], "cut");
		assert.equal(joined(await all(readFrames(inParts(frame(255, 0, ""), 4))))["ended"], null);
		assert.deepEqual(joined(await all(readFrames(inParts(frame(254, 0, '{"code":"JOB_UNKNOWN"}'), 4))))["ended"], {
			failed: { code: "JOB_UNKNOWN" },
		});
	});
});

test("lines are read whatever the parts in which they come, and one that was cut is left out", async () => {
	const bytes = Buffer.from('{"é":1}\n\n{"漢":2}\n{"cut"');
	for (let size = 1; size <= bytes.length; size++) assert.deepEqual(await all(readLines(inParts(bytes, size))), ['{"é":1}', '{"漢":2}']);
});

describe("output after a cut", () => {
	const piece = (offset: number, text: string, stream: StreamName = "output"): LogPiece => ({ bytes: Buffer.from(text), offset, stream });
	const given = (one: LogPiece | undefined): string => (one === undefined ? "nothing" : `${one.offset}:${Buffer.from(one.bytes)}`);

	/** @returns what is asked for after these pieces */
	function askedAfter(wanted: LogOptions, ...pieces: readonly LogPiece[]): LogOptions {
		const resumed = new ResumedOutput(wanted);
		for (const one of pieces) resumed.rest(one);
		resumed.resume();
		return resumed.options;
	}

	test("is asked for from where it ended", () => {
		assert.deepEqual(askedAfter({ lines: 2, follow: true }), { lines: 2, follow: true });
		assert.deepEqual(askedAfter({ lines: 2, follow: true }, piece(10, "abc")), { follow: true, fromByte: 13 });
		assert.deepEqual(askedAfter({ lines: 0, follow: true }, piece(10, "")), { follow: true, fromByte: 10 });
		assert.deepEqual(askedAfter({ lines: 0 }, piece(10, "", "stdout"), piece(7, "", "stderr"), piece(7, "a", "stderr")), { fromByte: 8 });
		assert.deepEqual(askedAfter({ stream: "stderr" }, piece(3, "abc", "stderr")), { stream: "stderr", fromByte: 6 });
		assert.deepEqual(askedAfter({}, piece(0, "abc", "stdout"), piece(0, "a", "stderr")), { fromByte: 1 });
		assert.deepEqual(askedAfter({ fromByte: 4 }, piece(4, "abc", "stdout")), { fromByte: 4 });
	});

	test("is given once, also where the server begins earlier", () => {
		const resumed = new ResumedOutput({});
		resumed.rest(piece(0, "abcdef", "stdout"));
		resumed.rest(piece(0, "ab", "stderr"));
		resumed.resume();
		assert.equal(given(resumed.rest(piece(2, "cde", "stdout"))), "nothing");
		assert.equal(given(resumed.rest(piece(2, "c", "stderr"))), "2:c");
		assert.equal(given(resumed.rest(piece(5, "fgh", "stdout"))), "6:gh");
		assert.equal(given(resumed.rest(piece(8, "i", "stdout"))), "8:i");
	});

	test("of a file that was emptied meanwhile is given from its beginning", () => {
		const resumed = new ResumedOutput({});
		resumed.rest(piece(0, "abcdef"));
		resumed.resume();
		assert.equal(given(resumed.rest(piece(0, "new"))), "0:new");
	});
});

test("events after a cut are asked for from a little before the last one, and given once", () => {
	const event = (at: string, id: string): LedgerEvent => ({ at, id, run: 1, event: "exited" }) as LedgerEvent;
	const resumed = new ResumedEvents("now");
	resumed.begin("Tue, 01 Dec 2026 10:00:00 GMT");
	assert.deepEqual(resumed.since, new Date("2026-12-01T10:00:00Z"));
	const one = event("2026-12-01T10:00:00.500Z", "a");
	assert.equal(resumed.isNew(one), true);
	assert.deepEqual(resumed.since, new Date("2026-12-01T10:00:00Z")); // never before it began
	assert.equal(resumed.isNew(event("2026-12-01T10:01:00.000Z", "b")), true);
	assert.deepEqual(resumed.since, new Date("2026-12-01T10:00:59Z"));
	assert.deepEqual([resumed.isNew(one), resumed.isNew(event(one.at, "c"))], [false, true]);
});

describe("a request", () => {
	test("has each field of its input in the path, the query or the body", () => {
		const of = (...[name, input]: Parameters<typeof requestOf>): readonly unknown[] => {
			const { headers, body } = requestOf(name, input);
			return [headers[":method"], headers[":path"], body?.toString()];
		};
		assert.deepEqual(of("get", { reference: "a b/c" }), ["GET", "/v1/jobs/a%20b%2Fc", undefined]);
		assert.deepEqual(of("get", { reference: ".." }), ["GET", "/v1/jobs/%2E%2E", undefined]);
		assert.deepEqual(of("list", { states: ["failed", "lost"], all: undefined, limit: 3 }), [
			"GET",
			"/v1/jobs?state=failed&state=lost&limit=3",
			undefined,
		]);
		assert.deepEqual(of("stop", { reference: "web", graceMs: 0 }), ["POST", "/v1/jobs/web/stop", '{"graceMs":0}']);
		assert.deepEqual(of("pause", { reference: "web" }), ["POST", "/v1/jobs/web/pause", "{}"]);
		assert.deepEqual(of("send", { reference: "web", end: true }), ["POST", "/v1/jobs/web/input?end=true", undefined]);
		assert.deepEqual(of("remove", { reference: "web", force: true }), ["DELETE", "/v1/jobs/web?force=true", undefined]);
		assert.deepEqual(of("changeTrigger", { reference: "web", trigger: "t2", cron: ["* * * * *"] }), [
			"PUT",
			"/v1/jobs/web/triggers/t2",
			'{"cron":["* * * * *"]}',
		]);
	});

	test("has moments and bytes as they are in JSON, and no functions and signals", () => {
		const options = {
			schedule: { at: new Date(0), zone: undefined },
			data: Buffer.from([255, 0]),
			environment: { A: "\udcff" },
			signal: AbortSignal.abort(),
			onWarning: () => {},
		};
		assert.deepEqual(wired(options), {
			schedule: { at: "1970-01-01T00:00:00.000Z" },
			data: { base64: "/wA=" },
			environment: { A: "\udcff" },
		});
	});
});
