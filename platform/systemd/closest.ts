/** The name that was probably meant. */
import { distance } from "fastest-levenshtein";

/** The nearest of these names if it is near enough to be meant, whatever the case of its letters. */
export function closest(word: string, names: readonly string[]): string | undefined {
	const distances = names.map((name) => ({ name, steps: distance(word.toLowerCase(), name.toLowerCase()) }));
	const [nearest] = distances.sort((one, other) => one.steps - other.steps);
	return nearest !== undefined && nearest.steps <= Math.max(1, Math.floor(word.length / 3)) ? nearest.name : undefined;
}
