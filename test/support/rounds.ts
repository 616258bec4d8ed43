/**
 * How often something is tried that could be tried for ever: so often in `npm test`, and as often as CHORE_TEST_ROUNDS says
 * in `npm run soak`, see scripts/soak.mjs.
 */
export function rounds(few: number): number {
	return Number(process.env["CHORE_TEST_ROUNDS"] ?? few);
}
