/** The number of rounds of a test that looks for rare failures: `few` in `npm test`, more in `npm run soak` (scripts/soak.mjs). */
export function rounds(few: number): number {
	return Number(process.env["CHORE_TEST_ROUNDS"] ?? few);
}
