/** What messages say in JSON, and back. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createFileRegistry, fromBinary, fromJson, type JsonValue, toBinary, toJson } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { messageOf, plainOf } from "../../src/api/grpc/convert.ts";
import { DESCRIPTORS } from "../../src/api/grpc/descriptors.ts";
import { isChoreError } from "../../src/index.ts";

const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, Buffer.from(DESCRIPTORS, "base64")));

function descOf(name: string) {
	const desc = registry.getMessage(`chore.v1.${name}`);
	assert.ok(desc !== undefined, name);
	return desc;
}

/** What a client's message says, sent as bytes. */
function read(name: string, json: JsonValue): unknown {
	const desc = descOf(name);
	return plainOf(reflect(desc, fromBinary(desc, toBinary(desc, fromJson(desc, json)))));
}

/** The message that says this, as a client shows it. */
function written(name: string, plain: unknown): JsonValue {
	const desc = descOf(name);
	return toJson(desc, fromBinary(desc, toBinary(desc, messageOf(desc, plain).message)));
}

describe("a request", () => {
	const cases: readonly (readonly [name: string, json: JsonValue, plain: unknown])[] = [
		["InfoRequest", {}, {}],
		["GetRequest", {}, { reference: "" }],
		["ListRequest", { states: ["failed"], all: false }, { states: ["failed"], all: false }],
		["RunRequest", { command: ["a", "", "é漢"] }, { command: ["a", "", "é漢"] }],
		["RunRequest", { stdin: { kind: "fifo" } }, { stdin: "fifo" }],
		["RunRequest", { stdin: { file: "/etc/motd" } }, { stdin: { file: "/etc/motd" } }],
		["RunRequest", { stdin: {} }, {}],
		["RunRequest", { data: { text: "" } }, { data: "" }],
		["RunRequest", { data: { base64: "/wAB" } }, { data: { base64: "/wAB" } }],
		["RunRequest", { headers: { A: { words: ["1", "2"] } } }, { headers: { A: ["1", "2"] } }],
		["RunRequest", { timeoutMs: "9007199254740991", cpus: 0.5 }, { timeoutMs: 9007199254740991, cpus: 0.5 }],
		["RunRequest", { schedule: { at: "2030-01-01T00:00:00Z" } }, { schedule: { at: "2030-01-01T00:00:00Z" } }],
		[
			"RunRequest",
			{ schedule: { occasions: [{ after: "boot", delayMs: "5" }] } },
			{ schedule: { occasions: [{ after: "boot", delayMs: 5 }] } },
		],
		["EventsAfterRequest", { cursor: "a", from: "1:0" }, { cursor: "a", from: "1:0" }],
		["SetRequest", { reference: "a", clear: ["timeout_ms", "environment"] }, { reference: "a", timeoutMs: null, environment: {} }],
		["SetRequest", { reference: "a", restart: { max: "3" } }, { reference: "a", restart: { max: 3 } }],
	];
	for (const [name, json, plain] of cases) {
		test(`${name} ${JSON.stringify(json)} says ${JSON.stringify(plain)}`, () => assert.deepEqual(read(name, json), plain));
	}

	test("bytes to be sent are bytes", () => {
		const { bytes } = read("SendRequest", { reference: "a", bytes: "/wA=" }) as { bytes: Uint8Array };
		assert.deepEqual([...bytes], [255, 0]);
	});

	test("a variable may have any name", () => {
		const environment = JSON.parse('{"__proto__":"x","constructor":"y"}');
		const plain = read("RunRequest", { environment }) as { environment: object };
		assert.deepEqual(Object.entries(plain.environment), Object.entries(environment));
	});

	for (const [name, json] of [
		["RunRequest", { timeoutMs: "9007199254740993" }],
		["SetRequest", { clear: ["clear"] }],
		["SetRequest", { clear: ["timeoutMs"] }],
	] as const) {
		test(`${name} ${JSON.stringify(json)} is refused`, () => {
			assert.throws(
				() => read(name, json as JsonValue),
				(error) => isChoreError(error) && error.code === "INVALID_ARGUMENT",
			);
		});
	}
});

describe("an answer", () => {
	const event = { at: "2030-01-01T00:00:00Z", event: "exited", id: "1", run: 1, name: "a", exitCode: 0, signal: null };
	const { signal: _, ...exited } = event;
	const cases: readonly (readonly [name: string, plain: unknown, json: JsonValue])[] = [
		["SendResponse", {}, {}],
		["UpcomingResponse", ["2030-01-01T00:00:00Z"], { moments: ["2030-01-01T00:00:00Z"] }],
		["ListResponse", [], {}],
		[
			"LogsResponse",
			{ bytes: Buffer.from([255]), offset: 7, stream: "output" },
			{ piece: { bytes: "/w==", offset: "7", stream: "output" } },
		],
		["LogsResponse", { ended: { id: "1", exitCode: 0, pid: null } }, { ended: { id: "1", exitCode: 0 } }],
		["EventsResponse", event, { event: exited }],
		["EventsResponse", { changed: { id: "1" } }, { changed: { id: "1" } }],
		["EventBatch", { events: [{ event: "gap", from: "1:0", to: "2:0" }] }, { events: [{ event: "gap", from: "1:0", to: "2:0" }] }],
		["Capabilities", { native: { unit: [], slice: ["a"] } }, { native: { unit: {}, slice: { words: ["a"] } } }],
		["Attempt", { attempt: 1, cpuTimeMs: 1.5 }, { attempt: 1, cpuTimeMs: "2" }],
		["Job", { command: ["a\udcff"], state: "of a later version", later: 1 }, { command: ["a\ufffd"], state: "of a later version" }],
	];
	for (const [name, plain, json] of cases) {
		test(`${JSON.stringify(plain)} is ${name} ${JSON.stringify(json)}`, () => assert.deepEqual(written(name, plain), json));
	}
});
