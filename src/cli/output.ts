/** Writes results to stdout and everything else to stderr. Uses colours and the width of the terminal only on a terminal. */
import { fstatSync, writeSync } from "node:fs";
import { isatty } from "node:tty";

/** Thrown when the reader of stdout has closed it (`chore logs | head`). Ends the program without a message. */
export class NobodyReads extends Error {
	override readonly name = "NobodyReads";
}

/** Thrown when writing to stdout or stderr fails: a full disk, a terminal that was closed. */
export class OutputFailed extends Error {
	override readonly name = "OutputFailed";
}

/** 128 + SIGPIPE, as for every program in a pipeline. */
export const NOBODY_READS_STATUS = 141;

export class Output {
	/** Whether stdout is a terminal. */
	readonly isTerminal: boolean = isTerminal(1);
	readonly #colour: boolean;

	constructor(options: { readonly colour: boolean }) {
		this.#colour = options.colour && this.isTerminal && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
	}

	/** The width of the terminal in columns; Infinity if stdout is not one. */
	get columns(): number {
		return this.isTerminal ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY;
	}

	/** Whether standard output, or standard error, is a terminal. */
	isTerminalAt(to: 1 | 2): boolean {
		return to === 1 ? this.isTerminal : isTerminal(2);
	}

	/** Prints aligned columns that fit the terminal. */
	async table(rows: readonly (readonly Cell[])[]): Promise<void> {
		const measure = await measureFor(rows);
		for (const line of table(rows, this.columns, measure)) this.line(line);
	}

	/** Prints one line on stdout. */
	line(text: string): void {
		writeAll(1, Buffer.from(`${text}\n`));
	}

	/** Writes bytes as they are to stdout or stderr. */
	bytes(bytes: Uint8Array, to: 1 | 2 = 1): void {
		writeAll(to, bytes);
	}

	/** Prints one line for people on stderr. */
	note(text: string): void {
		writeAll(2, Buffer.from(`${text}\n`));
	}

	/** A cell that stands back: a heading, an id. */
	dim(text: string): Cell {
		return { text, paint: (plain) => this.paint("dim", plain) };
	}

	paint(colour: "red" | "green" | "yellow" | "dim" | "bold", text: string): string {
		const code = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 }[colour];
		return this.#colour ? `\u001b[${code}m${text}\u001b[0m` : text;
	}
}

/** Whether a descriptor is a terminal. fstat(2) first: node:tty takes long to load and is rarely needed. */
function isTerminal(descriptor: number): boolean {
	try {
		return fstatSync(descriptor).isCharacterDevice() && isatty(descriptor);
	} catch {
		return false;
	}
}

/** The text of a cell, and a function that colours it after it was cut to its width. */
export interface Cell {
	readonly text: string;
	readonly paint?: (text: string) => string;
}

/** The width of a text in columns of the terminal. */
type Measure = (text: string) => number;

/** Lines of aligned columns. If they do not fit, cuts the last column, then the first, then leaves out the last columns. */
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

/** Chooses how to measure. Other characters than ASCII need string-width, which takes long to load. */
async function measureFor(rows: readonly (readonly Cell[])[]): Promise<Measure> {
	const plain = rows.every((row) => row.every(({ text }) => /^[\u0020-\u007e\u2026]*$/.test(text)));
	return plain ? (text) => text.length : (await import("./width.ts")).width;
}

const LEAST_WIDTH = 8;

/** The widths of the columns that are shown. */
function fit(natural: readonly number[], columns: number): readonly number[] {
	const { widths, excess, narrow } = narrowing(natural, columns);
	narrow(widths.length - 1);
	narrow(0);
	return excess() <= 0 ? widths : fitFirst(natural.slice(0, -1), columns);
}

/** The widths without the last columns. The first column is not cut before that is necessary again. */
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
			// Another process made the pipe or terminal non-blocking: try again after 5 ms.
			if (code !== "EAGAIN")
				throw new OutputFailed(`cannot write to standard ${to === 1 ? "output" : "error"}: ${reasonOf(error)}`, { cause: error });
			Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
		}
	}
}

/** "no space left on device (ENOSPC)", from Node's "ENOSPC: no space left on device, write". */
function reasonOf(error: unknown): string {
	const text = error instanceof Error ? error.message : String(error);
	return text.replace(/^([A-Z0-9]+): (.*), write$/, "$2 ($1)");
}
