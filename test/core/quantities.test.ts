import assert from "node:assert/strict";
import { test } from "node:test";
import { readBytes, readSpan } from "../../platform/quantities.ts";

test("a duration is one number or several with units, and nothing else", () => {
	for (const [text, seconds] of [
		["90", 90],
		[" 90 ", 90],
		["1.5s", 1.5],
		["2min 10s", 130],
		["1h30m", 5400],
		["1 h 5", 3605],
		["1 2", 3],
		["250 ms", 0.25],
	] as const)
		assert.equal(readSpan(text), seconds * 1_000_000, JSON.stringify(text));
	for (const text of ["", " ", "s", "1x", "1.", ".5", "1.5.5", "1s!", "1s ", "-1", "1,5", "1e3"])
		assert.equal(readSpan(text), undefined, JSON.stringify(text));
	assert.equal(readSpan("2", 60), 120, "the unit of a number without one");
});

test("a long row of digits that is no quantity is refused without trying out each way to divide it", () => {
	const digits = "1".repeat(20_000);
	for (const text of [`${digits}!`, `${digits} !`, `${"1 ".repeat(10_000)}!`, `${"1s".repeat(10_000)}!`]) {
		assert.equal(readSpan(text), undefined);
		assert.equal(readBytes(text, 1024), undefined);
	}
});
