/** Finds the name that was probably meant by a misspelt word, for every "did you mean". Pure. */
import { distance } from "fastest-levenshtein";

/**
 * The first name in the alphabet that begins with the word, else the nearest name if no more than a third of the word's
 * letters differ, else undefined. Upper and lower case count as equal.
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
