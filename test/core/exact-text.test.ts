import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, hasBytes, pathOf, textOf } from "../../src/core/exact-text.ts";
import { fc } from "../support/random.ts";

test("any bytes make a text that has them, also after JSON", () => {
	const bytes = fc.oneof(
		fc.uint8Array(),
		fc.string({ unit: "binary" }).map((text) => Buffer.from(text).subarray(0, -1)),
	);
	fc.assert(
		fc.property(bytes, (given) => {
			const text = textOf(given);
			assert.ok(hasBytes(text));
			assert.deepEqual(bytesOf(JSON.parse(JSON.stringify(text))), Buffer.from(given));
		}),
	);
});

test("bytes that are UTF-8 make the text that they are; others make one that is shown as Node shows it", () => {
	for (const text of ["", "é漢", "\ufffd", "a\u{1f600}b"]) assert.deepEqual([textOf(Buffer.from(text)), pathOf(text)], [text, text]);
	const bytes = Buffer.from("\u{1f600}\xe9\xf0\x9f\x98\xff", "latin1");
	assert.equal(textOf(Buffer.from("caf\xe9.txt", "latin1")), "caf\udce9.txt");
	assert.deepEqual(pathOf(textOf(bytes)), bytes);
	assert.equal(Buffer.from(textOf(Buffer.from([0xe9, 0x41]))).toString(), "\ufffdA");
});

test("half of a surrogate pair is no byte", () => {
	assert.deepEqual(["\ud83d", "\udc00", "\udd00", "a\ud83d\udce9"].map(hasBytes), [false, false, false, true]);
});
