/** Logs as text: the same whatever pieces they come in. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { LogText } from "../../extension/logs/log-text.ts";
import { fc } from "../support/random.ts";

/** @param cuts where the bytes are cut into pieces */
function decode(codes: "kept" | "removed", bytes: Uint8Array, cuts: readonly number[] = []): string {
	const text = new LogText(codes);
	const borders = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((one, other) => one - other), bytes.length];
	let all = "";
	for (let index = 1; index < borders.length; index++) all += text.push(bytes.slice(borders[index - 1], borders[index]));
	return all + text.end();
}

const cuts = fc.array(fc.nat(), { maxLength: 8 });

describe("the text of a log", () => {
	test("is that of the whole, wherever it is cut, invalid bytes included", () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 60 }), cuts, (bytes, cuts) => {
				assert.equal(decode("kept", bytes, cuts), new TextDecoder().decode(bytes));
			}),
		);
		assert.equal(decode("kept", Buffer.from([0x61, 0xff, 0xe6, 0xbc]), [1, 2, 3]), "a\ufffd\ufffd");
	});

	test("has no colours, titles or links of a terminal, wherever they are cut", () => {
		const piece = fc.constantFrom("a", "é", "漢", "\n", "[", "m", "\u001b[31m", "\u001b[0;1;38;5;9m", "\u001b[2K", "\u001b]0;title\u0007");
		fc.assert(
			fc.property(fc.array(piece, { maxLength: 20 }), cuts, (pieces, cuts) => {
				const text = pieces.join("");
				assert.equal(decode("removed", Buffer.from(text), cuts), stripVTControlCharacters(text));
			}),
		);
		const link = "\u001b]8;;https://example.org\u001b\\here\u001b]8;;\u001b\\";
		assert.equal(decode("removed", Buffer.from(link), [3, 9, 27]), "here");
	});

	test("ends a line once at a carriage return and newline, wherever they are cut", () => {
		for (let cut = 0; cut < 8; cut++) assert.equal(decode("removed", Buffer.from("a\r\nb\r\nc"), [cut]), "a\nb\nc");
	});

	test("holds of a progress bar the last state, not each of them", () => {
		const bar = [...Array(101).keys()].map((percent) => `${percent} %`);
		assert.equal(decode("removed", Buffer.from(`begin\n\r${bar.join("\r")}\nend\n`)), "begin\n100 %\nend\n");
		assert.equal(decode("removed", Buffer.from(`${bar.join("\r")}\r`)), "100 %");
		assert.equal(decode("removed", Buffer.from(`${bar.map((state) => `\r\u001b[K\u001b[32m${state}`).join("")}\r\n`)), "100 %\n");
		// In pieces, what is shown of the line cannot be taken back.
		fc.assert(
			fc.property(cuts, (cuts) => {
				const text = decode("removed", Buffer.from(`begin\n${bar.join("\r")}\nend\n`), cuts);
				assert.match(text, /^begin\n(0( %?)?\n)?100 %\nend\n$/);
			}),
		);
	});

	test("gives the present state of a progress bar on request", () => {
		const text = new LogText("removed");
		assert.deepEqual([text.push(Buffer.from("\r1 %\r2 %")), text.hasProgress, text.progress(), text.hasProgress], ["", true, "2 %", false]);
		assert.deepEqual([text.push(Buffer.from("\r3 %\r")), text.progress(), text.progress()], ["", "\n3 %", ""]);
		assert.deepEqual([text.push(Buffer.from("4 %\n5")), text.hasProgress], ["\n4 %\n5", false]);
	});

	test("shows a long line although a carriage return stands before it", () => {
		const text = new LogText("removed");
		assert.equal(text.push(Buffer.from(`\r${"x".repeat(10_000)}`)), "x".repeat(10_000));
		assert.equal(text.push(Buffer.from("y\n")), "y\n");
	});

	test("does not wait for the end of a sequence that never comes", () => {
		const text = new LogText("removed");
		assert.equal(text.push(Buffer.from("a\u001b]")), "a");
		assert.ok(text.push(Buffer.from("x".repeat(10_000))).includes("x".repeat(10_000)));
		assert.equal(decode("removed", Buffer.from("end\u001b[3")), "end");
	});
});
