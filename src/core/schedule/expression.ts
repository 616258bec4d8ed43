/** An expression that a user wrote, and the error that says at which place it is wrong. */
import { ChoreError } from "../../../platform/errors.ts";

/** The longest calendar that makes sense names each year of two centuries. */
const LONGEST = 1500;
/** How many characters an error message repeats before and after the place. */
const AROUND = 30;

/** A part of an expression, and where it begins, counted from 0. */
export interface Part {
	readonly text: string;
	readonly at: number;
}

export class Expression {
	readonly #what: string;
	readonly #text: string;
	readonly #example: string;

	/**
	 * @param what the user calls it: "calendar"
	 * @param example a right one, for the hint
	 * @throws ChoreError INVALID_ARGUMENT if it is empty, too long, or holds control characters
	 */
	constructor(what: string, text: string, example: string) {
		this.#what = what;
		this.#text = text;
		this.#example = example;
		const control = text.search(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
		if (control >= 0) throw this.fault(control, "a control character");
		if (text.length > LONGEST) throw this.fault(LONGEST, `it has more than ${LONGEST} characters`);
		if (text.trim() === "") throw this.fault(0, "it is empty");
	}

	/** The words between blanks, at least one. */
	words(): readonly [Part, ...Part[]] {
		const words = [...this.#text.matchAll(/\S+/g)].map(({ 0: text, index: at }) => ({ text, at }));
		const [first = { text: "", at: 0 }, ...rest] = words;
		return [first, ...rest];
	}

	/** @param at the place in the text. @param hint instead of the example */
	fault(at: number, wrong: string, hint: string = `for example: ${this.#example}`): ChoreError {
		const [from, to] = [Math.max(at - AROUND, 0), at + AROUND];
		const excerpt = `${from > 0 ? "…" : ""}${this.#text.slice(from, to)}${to < this.#text.length ? "…" : ""}`;
		const message = `the ${this.#what} ${JSON.stringify(excerpt)} is wrong at character ${at + 1}: ${wrong}`;
		return new ChoreError("INVALID_ARGUMENT", message, { hint });
	}
}

/** The parts between separators of one character. A separator at an end, or two in a row, leave an empty part. */
export function split(part: Part, separator: string | RegExp): readonly Part[] {
	let at = part.at;
	return part.text.split(separator).map((text) => {
		const one = { text, at };
		at += text.length + 1;
		return one;
	});
}
