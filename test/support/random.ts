/** Numbers that look random and can be had again from their seed (mulberry32): each from 0 to one less than the bound. */
export function randomFrom(seed: number): (below: number) => number {
	let state = seed;
	return (below) => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
	};
}

/** The seed of this run of the tests: CHORE_TEST_SEED repeats one that was printed. */
export function seedOfTests(): number {
	return Number(process.env["CHORE_TEST_SEED"] ?? Date.now() % 1e9);
}
