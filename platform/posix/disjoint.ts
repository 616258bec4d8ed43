/** Makes rules of which no two hold at the same minute: cron starts each line by itself, two of them at once if both hold. Pure. */
import { listed, meet, type Rule } from "../calendar.ts";

const FIELDS = ["months", "days", "weekdays", "hours", "minutes"] as const;

/**
 * The same minutes as the rules. The rule with the most is left as it is; others lose what those before them have.
 *
 * @returns undefined if that makes more than `most` rules
 */
export function disjoint(rules: readonly Rule[], most: number): readonly Rule[] | undefined {
	const found: Rule[] = [];
	for (const rule of rules.toSorted((one, other) => size(other) - size(one))) {
		let left: readonly Rule[] = [rule];
		for (const other of found) {
			left = left.flatMap((piece) => without(piece, other));
			if (left.length > most) return undefined;
		}
		found.push(...left);
	}
	return found.length > most ? undefined : found;
}

function size(rule: Rule): number {
	return FIELDS.reduce((product, field) => product * listed(rule[field], field).length, 1);
}

/** Where only the first rule holds: a piece for each field, with what only the first has there, and what both have in the fields before. */
function without(rule: Rule, other: Rule): readonly Rule[] {
	const pieces: Rule[] = [];
	let common = rule;
	for (const field of FIELDS) {
		const both = meet(rule[field], other[field]);
		if (both === undefined) return [rule];
		const alone = listed(rule[field], field).filter((value) => !listed(both, field).includes(value));
		if (alone.length > 0) pieces.push({ ...common, [field]: alone });
		common = { ...common, [field]: both };
	}
	return pieces;
}
