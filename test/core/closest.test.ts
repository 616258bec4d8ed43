/** What is suggested for a word that is none of the names that there are. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { closest } from "../../platform/closest.ts";

test("the name that was probably meant is found, and none where none is near", () => {
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
