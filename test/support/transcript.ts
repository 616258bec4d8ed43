/** Transcripts of a shell in documents: what they show is what happens. */

/** A command, and what is printed when it is run. */
export interface Step {
	readonly command: string;
	readonly output: string;
}

/**
 * The commands in the blocks of the kind `console`, in their order, each with the lines up to the next one. A command that
 * goes on in the next line has `> ` before that.
 */
export function stepsIn(markdown: string): readonly Step[] {
	const blocks = [...markdown.matchAll(/^```console\n(.*?)^```$/gms)].map(([, block]) => block ?? "");
	return blocks.flatMap((block) => block.split(/^\$ /m).slice(1)).map(stepOf);
}

function stepOf(text: string): Step {
	const [first = "", ...rest] = text.trimEnd().split("\n");
	const end = rest.findIndex((line) => !line.startsWith("> "));
	const more = end < 0 ? rest : rest.slice(0, end);
	return {
		command: [first, ...more.map((line) => line.slice(2))].join("\n"),
		output: rest.slice(more.length).join("\n"),
	};
}

/** Stands before the output of each command. */
const MARK = "\u001e";

/** One script for sh that runs all of them, with a mark before what each one prints. Each sees the exit status of the one before. */
export function scriptOf(steps: readonly Step[]): string {
	const mark = `mark() { set -- "$?"; printf '${MARK}'; return "$1"; }`;
	return ["exec 2>&1", mark, ...steps.flatMap(({ command }) => ["mark", command])].join("\n");
}

/** What each command of the script printed. */
export function outputsIn(printed: string): readonly string[] {
	return printed
		.split(MARK)
		.slice(1)
		.map((output) => output.trimEnd());
}

/**
 * The text without what differs from day to day: ids become ID1, ID2 in the order in which they appear, and pids, dates and
 * spans of time become words. The columns of a table are as wide as such words, so blanks are not counted.
 */
export function withoutChance(text: string): string {
	const ids: string[] = [];
	/** A job is known by the last eight characters of its id. */
	const numbered = (id: string) => {
		const tail = id.slice(-8);
		if (!ids.includes(tail)) ids.push(tail);
		return `${id.length > 8 ? "ID" : "TAIL"}${ids.indexOf(tail) + 1}`;
	};
	return text
		.replace(/\b(?:[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{8})\b/g, numbered)
		.replace(/\b\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d)?/g, "DATE")
		.replace(/(?:less than )?\b[\d.]+ (?:ms|s|min|h|d)\b(?: \d+ (?:s|min|h)\b)?/g, "SPAN")
		.replace(/\bpid \d+/g, "pid PID")
		.replace(/^( {4})\d+ /gm, "$1PID ")
		.replace(/^( {2}used) .*$/gm, "$1")
		.replace(/\b(up|boot|cpu|pid)=\S+/g, "$1=")
		.replace(/ {2,}/g, "  ")
		.replace(/ +$/gm, "");
}

/** Whether something was printed as it is shown; a line `…` stands for any lines. */
export function isAsShown(printed: string, shown: string): boolean {
	const parts = shown.split(/\n?^…$\n?/m).map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
	return new RegExp(`^${parts.join("[^]*")}$`).test(printed);
}
