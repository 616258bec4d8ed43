/** Writes results to stdout and everything else to stderr. Colour and widths only where a person looks on. */
import { fstatSync, writeSync } from "node:fs";
import { isatty } from "node:tty";

/** Thrown when nobody reads stdout any more (`chore logs | head`): the end of the program, not an error. */
export class NobodyReads extends Error {
	override readonly name = "NobodyReads";
}

/** Thrown when standard output or standard error takes nothing more: a full disk, a terminal that is gone. */
export class OutputFailed extends Error {
	override readonly name = "OutputFailed";
}

/** What 128 + SIGPIPE says of every program in a pipeline. */
export const NOBODY_READS_STATUS = 141;

export class Output {
	/** Whether stdout is a terminal. */
	readonly isTerminal: boolean = isTerminal(1);
	readonly #colour: boolean;

	constructor(options: { readonly colour: boolean }) {
		this.#colour = options.colour && this.isTerminal && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
	}

	/** Columns of the terminal, or no bound. */
	get columns(): number {
		return this.isTerminal ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY;
	}

	/** Aligned columns that fit the terminal. */
	async table(rows: readonly (readonly Cell[])[]): Promise<void> {
		const measure = await measureFor(rows);
		for (const line of table(rows, this.columns, measure)) this.line(line);
	}

	/** One result line on stdout. */
	line(text: string): void {
		writeAll(1, Buffer.from(`${text}\n`));
	}

	/** Bytes as they are, to stdout or stderr. */
	bytes(bytes: Uint8Array, to: 1 | 2 = 1): void {
		writeAll(to, bytes);
	}

	/** One line for people on stderr. */
	note(text: string): void {
		writeAll(2, Buffer.from(`${text}\n`));
	}

	paint(colour: "red" | "green" | "yellow" | "dim" | "bold", text: string): string {
		const code = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 }[colour];
		return this.#colour ? `\u001b[${code}m${text}\u001b[0m` : text;
	}
}

/** Most output goes elsewhere, which a look at the descriptor shows sooner than the part of Node that knows terminals. */
function isTerminal(descriptor: number): boolean {
	try {
		return fstatSync(descriptor).isCharacterDevice() && isatty(descriptor);
	} catch {
		return false;
	}
}

/** A cell's text, and the colour it is painted in once it has its width. */
export interface Cell {
	readonly text: string;
	readonly paint?: (text: string) => string;
}

/** How many columns of a terminal a text takes. */
type Measure = (text: string) => number;

/** Lines of aligned columns that fit the width: the last column is cut first, then the first, then the last ones are left out. */
function table(rows: readonly (readonly Cell[])[], columns: number, measure: Measure): string[] {
	const natural: number[] = [];
	for (const row of rows) for (const [index, cell] of row.entries()) natural[index] = Math.max(natural[index] ?? 0, measure(cell.text));
	const widths = fit(natural, columns);
	return rows.map((row) =>
		widths
			.map((width, index) => {
				const { text, paint = (plain: string) => plain } = row[index] ?? { text: "" };
				const shown = cut(text, width, measure);
				const padding = index === widths.length - 1 ? "" : " ".repeat(width - measure(shown));
				return paint(shown) + padding;
			})
			.join("  ")
			.trimEnd(),
	);
}

/** Wide characters need tables that take longer to load than most commands to run: only where there are some. */
async function measureFor(rows: readonly (readonly Cell[])[]): Promise<Measure> {
	const plain = rows.every((row) => row.every(({ text }) => /^[\u0020-\u007e\u2026]*$/.test(text)));
	return plain ? (text) => text.length : (await import("./width.ts")).width;
}

const LEAST_WIDTH = 8;

/** The widths of the columns, or of the first of them where not all can be shown. */
function fit(natural: readonly number[], columns: number): readonly number[] {
	const { widths, excess, narrow } = narrowing(natural, columns);
	narrow(widths.length - 1);
	narrow(0);
	return excess() <= 0 ? widths : fitFirst(natural.slice(0, -1), columns);
}

/** Without the last columns the first has its room again. */
function fitFirst(natural: readonly number[], columns: number): readonly number[] {
	const { widths, excess, narrow } = narrowing(natural, columns);
	narrow(0);
	const widest = (): number => widths.indexOf(Math.max(...widths));
	for (let most = widest(); excess() > 0 && (widths[most] ?? 0) > LEAST_WIDTH; most = widest()) narrow(most);
	return excess() <= 0 || widths.length <= 1 ? widths : fitFirst(natural.slice(0, -1), columns);
}

function narrowing(natural: readonly number[], columns: number) {
	const widths = [...natural];
	const excess = (): number => widths.reduce((sum, width) => sum + width + 2, -2) - columns;
	const narrow = (index: number): void => {
		widths[index] = Math.max(Math.min(widths[index] ?? 0, LEAST_WIDTH), (widths[index] ?? 0) - Math.max(0, excess()));
	};
	return { widths, excess, narrow };
}

function cut(text: string, width: number, measure: Measure): string {
	if (measure(text) <= width) return text;
	let kept = "";
	let used = 0;
	for (const { segment } of new Intl.Segmenter().segment(text)) {
		used += measure(segment);
		if (used > width - 1) break;
		kept += segment;
	}
	return `${kept}…`;
}

function writeAll(to: 1 | 2, bytes: Uint8Array): void {
	for (let written = 0; written < bytes.length; ) {
		try {
			written += writeSync(to, bytes, written);
		} catch (error) {
			const code = error instanceof Error && "code" in error ? error.code : undefined;
			if (code === "EPIPE") throw new NobodyReads();
			// Somebody made the pipe or terminal non-blocking: wait until there is room.
			if (code !== "EAGAIN")
				throw new OutputFailed(`cannot write to standard ${to === 1 ? "output" : "error"}: ${reasonOf(error)}`, { cause: error });
			Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
		}
	}
}

/** "no space left on device (ENOSPC)", of Node's "ENOSPC: no space left on device, write". */
function reasonOf(error: unknown): string {
	const text = error instanceof Error ? error.message : String(error);
	return text.replace(/^([A-Z0-9]+): (.*), write$/, "$2 ($1)");
}
