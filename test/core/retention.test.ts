import assert from "node:assert/strict";
import { test } from "node:test";
import { beyond, type Ended, EVERYTHING, type Retention, retention } from "../../src/core/forget/retention.ts";
import { fc } from "../support/random.ts";

const NOW = 1_000_000;

/** Jobs by the age of their ends: "a" ended last. */
function jobs(...ended: readonly (readonly [ageMs: number, bytes: number])[]): Ended[] {
	return ended.map(([ageMs, bytes], index) => ({ id: "abcdefgh"[index] ?? "", endedAtMs: NOW - ageMs, bytes }));
}

function going(ended: readonly Ended[], keep: Partial<Retention>): string {
	const all = { jobs: ended.length, bytes: ended.reduce((sum, { bytes }) => sum + bytes, 0) };
	return beyond(ended, all, { ...EVERYTHING, ...keep }, NOW)
		.map(({ id }) => id)
		.join("");
}

test("jobs beyond a limit go, those that ended first, and no more", () => {
	const four = jobs([10, 5], [20, 5], [30, 0], [40, 5]);
	assert.equal(going(four, {}), "");
	assert.equal(going(four, { ageMs: 41 }), "");
	assert.equal(going(four, { ageMs: 30 }), "dc", "who ended exactly so long ago, too");
	assert.equal(going(four, { ageMs: 0 }), "dcba");
	assert.equal(going(four, { jobs: 4 }), "");
	assert.equal(going(four, { jobs: 3 }), "d");
	assert.equal(going(four, { jobs: 0 }), "dcba");
	assert.equal(going(four, { bytes: 15 }), "");
	assert.equal(going(four, { bytes: 14 }), "d");
	assert.equal(going(four, { bytes: 9 }), "dcb");
	assert.equal(going(four, { bytes: 0 }), "dcba");
	assert.equal(going(four, { bytes: 14, ageMs: 30, jobs: 1 }), "dcb");
	assert.equal(going([...four].reverse(), { jobs: 2 }), "dc");
	assert.equal(going([], { jobs: 0, bytes: 0, ageMs: 0 }), "");
});

test("a job that ended in the future counts as the youngest", () => {
	const odd = jobs([-1000, 5], [10, 5]);
	assert.equal(going(odd, { ageMs: 0 }), "b");
	assert.equal(going(odd, { jobs: 1 }), "b");
});

test("only jobs that go because of their age need that age", () => {
	const ages = beyond(jobs([10, 1], [20, 1], [30, 1]), { jobs: 3, bytes: 3 }, { ...EVERYTHING, jobs: 2, ageMs: 15 }, NOW);
	assert.deepEqual(
		ages.map(({ id, leastAgeMs }) => [id, leastAgeMs]),
		[
			["c", 0],
			["b", 15],
		],
	);
});

test("the jobs that stay are within the limits", () => {
	const ended = fc.array(fc.tuple(fc.integer({ min: -50, max: 100 }), fc.nat(20)), { maxLength: 8 });
	const bounds = fc.record({ ageMs: fc.nat(100), jobs: fc.nat(8), bytes: fc.nat(100) });
	fc.assert(
		fc.property(ended, bounds, (some, keep) => {
			const all = jobs(...some);
			const gone = new Set(going(all, keep));
			const rest = all.filter(({ id }) => !gone.has(id));
			const oldestKept = Math.min(...rest.map(({ endedAtMs }) => endedAtMs));
			assert.ok(rest.length <= keep.jobs);
			assert.ok(rest.reduce((sum, { bytes }) => sum + bytes, 0) <= keep.bytes || rest.length === 0);
			assert.ok(all.every(({ id, endedAtMs }) => !gone.has(id) || endedAtMs <= oldestKept));
		}),
	);
});

test("the limits are 30 days, 10,000 jobs and 10 GiB or those of the options; negative ones are refused", () => {
	assert.deepEqual(retention({}), { ageMs: 30 * 86_400_000, jobs: 10_000, bytes: 10 * 2 ** 30 });
	assert.deepEqual(retention({ keepDays: 0, keepJobs: 0, keepBytes: 0 }), { ageMs: 0, jobs: 0, bytes: 0 });
	for (const wrong of [{ keepDays: -1 }, { keepJobs: Number.NaN }, { keepBytes: -0.5 }])
		assert.throws(() => retention(wrong), { code: "INVALID_ARGUMENT", message: /must be 0 or more/ });
});
