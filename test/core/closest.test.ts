/** Which name is suggested for an unknown one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { closest } from "../../platform/closest.ts";

test("a name that begins with the word or is similar to it is suggested, else none", () => {
	const names = ["MemoryMax", "MemoryMin", "CPUQuota", "Nice", "IOWeight"];
	for (const [word, name] of [
		["MemoryMaxx", "MemoryMax"],
		["memorymax", "MemoryMax"],
		["MemroyMax", "MemoryMax"],
		["CPUQuata", "CPUQuota"],
		["nice", "Nice"],
		["IOWeihgt", "IOWeight"],
		["IO", "IOWeight"],
		["memory", "MemoryMax"],
		["Bogus", undefined],
		["", undefined],
		["X", undefined],
	] as const) {
		assert.equal(closest(word, names), name, word);
	}
});
