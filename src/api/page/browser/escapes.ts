/** What a line of output shows at a terminal: without escape sequences, but with their colours. Pure. */

/** A part of a line that looks the same throughout. */
export interface Part {
	readonly text: string;
	/** Names of colours, "bold", "dim". */
	readonly look: string;
}

/** Sequences that begin with ESC (ECMA-48), and control characters except tab. */
const SEQUENCE =
	// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
	/\x1b\[([0-?]*)[ -/]*([@-~])|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-Z\\`-~]?|[\0-\x08\x0a-\x1f\x7f-\x9f]/g;

const COLOURS = ["dim", "red", "green", "yellow", "blue", "magenta", "cyan", ""];

/** @param line without its end. What a carriage return has written over is left out */
export function shownParts(line: string): Part[] {
	const last = line.replace(/\r+$/, "").split("\r").at(-1) ?? "";
	const parts: Part[] = [];
	let [colour, weight, at] = ["", "", 0];
	const add = (text: string) => {
		if (text !== "") parts.push({ text, look: `${colour} ${weight}`.trim() });
	};
	for (const { 0: all, 1: codes, 2: kind, index } of last.matchAll(SEQUENCE)) {
		add(last.slice(at, index));
		at = index + all.length;
		if (kind !== "m") continue;
		const numbers = (codes ?? "").split(";").map(Number);
		// 38 and 48 take the numbers behind them: colours of larger tables, which are not shown.
		const few = numbers.findIndex((code) => code === 38 || code === 48);
		for (const code of few < 0 ? numbers : numbers.slice(0, few)) {
			if (code === 0) [colour, weight] = ["", ""];
			else if (code === 1) weight = "bold";
			else if (code === 2) weight = "dim";
			else if (code === 22) weight = "";
			else if (code === 39) colour = "";
			else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) colour = COLOURS[code % 10] ?? "";
		}
	}
	add(last.slice(at));
	return parts;
}
