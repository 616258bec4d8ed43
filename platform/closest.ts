/** The name that was probably meant by a word that is none, for every "did you mean". Pure. */
import { distance } from "fastest-levenshtein";

/**
 * The name that begins with the word, else the nearest one if it is near enough to be meant: whatever the case of its
 * letters, a third of the word's may be wrong.
 */
export function closest(word: string, names: readonly string[]): string | undefined {
	if (word === "") return undefined;
	const lower = word.toLowerCase();
	const [longer] = names.filter((name) => name.toLowerCase().startsWith(lower)).sort();
	if (longer !== undefined) return longer;
	const distances = names.map((name) => ({ name, steps: distance(lower, name.toLowerCase()) }));
	const [nearest] = distances.sort((one, other) => one.steps - other.steps);
	return nearest !== undefined && nearest.steps <= Math.ceil(word.length / 3) ? nearest.name : undefined;
}
