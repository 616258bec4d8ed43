/** The name that was probably meant. */

/** The nearest of these names if it is near enough to be meant, whatever the case of its letters. */
export function closest(word: string, names: readonly string[]): string | undefined {
	const distances = names.map((name) => ({ name, distance: distance(word.toLowerCase(), name.toLowerCase()) }));
	const [nearest] = distances.sort((one, other) => one.distance - other.distance);
	return nearest !== undefined && nearest.distance <= Math.max(1, Math.floor(word.length / 3)) ? nearest.name : undefined;
}

/** How many letters have to be put in, left out or changed (Levenshtein), row by row of the table. */
function distance(from: string, to: string): number {
	let row = Array.from({ length: to.length + 1 }, (_, index) => index);
	for (const [index, letter] of [...from].entries()) {
		const next = [index + 1];
		for (let column = 1; column <= to.length; column++) {
			const changed = (row[column - 1] ?? 0) + (letter === to[column - 1] ? 0 : 1);
			next.push(Math.min(changed, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
		}
		row = next;
	}
	return row[to.length] ?? 0;
}
