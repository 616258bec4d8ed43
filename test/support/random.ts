/** Random choices of tests, which a seed repeats. */
import { type TestContext, type TestOptions, test } from "node:test";
import fc from "fast-check";

/** Pseudo-random numbers from a seed (mulberry32): each from 0 to one less than the bound. */
export function randomFrom(seed: number): (below: number) => number {
	let state = seed;
	return (below) => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
	};
}

/** In CI: what fails at a commit shall fail there again. */
const FIXED_SEED = 20_260_101;

/** By name. CHORE_TEST_SEED repeats a seed that was printed; else CI has the fixed one beside another each time. */
const SEEDS: readonly (readonly [name: string, seed: number])[] = (() => {
	const given = process.env["CHORE_TEST_SEED"];
	if (given !== undefined) return [["a given seed", Number(given)]];
	const byClock = ["a seed of the clock", Date.now() % 1e9] as const;
	return process.env["CI"] === undefined ? [byClock] : [["the fixed seed", FIXED_SEED], byClock];
})();

// It prints the seed of a failure by itself.
const [first] = SEEDS;
if (first !== undefined && first[0] !== "a seed of the clock") fc.configureGlobal({ seed: first[1] });

/** The tests by properties, with the seed where one is set. */
export { fc };

/** Declares a test that chooses at random, once for each seed. The last line of its failure tells how to have that again. */
export function testBySeed(title: string, options: TestOptions, body: (seed: number, context: TestContext) => Promise<void>): void {
	for (const [name, seed] of SEEDS) {
		test(`${title}, by ${name}`, options, async (context) => {
			context.diagnostic(`CHORE_TEST_SEED=${seed}`);
			try {
				await body(seed, context);
			} catch (error) {
				if (error instanceof Error) error.stack = `${error.stack}\nCHORE_TEST_SEED=${seed}`;
				throw error;
			}
		});
	}
}
