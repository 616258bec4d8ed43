/**
 * Reads the last lines of an output, as a terminal would show them, for `status`. Never reads more than SEARCHED_BYTES and a
 * piece of each line, however long the file and its lines are.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { READ_FILE } from "../../../platform/settled-read.ts";
import { isAbsence, refuse, sizeIfFile } from "../disk/files.ts";
import { searchNewlines } from "./pieces.ts";

/** The most characters of a line that are shown. */
const LINE_LENGTH = 2000;

/** How much of the end of the file is searched for lines. */
const SEARCHED_BYTES = 64 * 1024 * 1024;

/** How much of the end of a line is searched for its last carriage return. */
const LINE_BYTES = 64 * 1024;

/** The bytes of one line, without its newline. */
interface Span {
	/** Undefined when the line begins before the searched part of the file. */
	readonly start: number | undefined;
	readonly end: number;
}

/** The last `count` lines of a file, decoded as UTF-8; none if there is no file. @throws ChoreError if it cannot be read */
export async function lastLines(path: string, count: number): Promise<readonly string[]> {
	let file: number | undefined;
	try {
		file = openSync(path, READ_FILE);
		const lines: string[] = [];
		for (const span of await lastSpans(file, count)) lines.push(visible(file, span));
		return lines;
	} catch (error) {
		if (isAbsence(error)) return [];
		return refuse(path, error);
	} finally {
		if (file !== undefined) closeSync(file);
	}
}

/** Where the last lines are, first to last. Looks for newlines from the end backwards. */
async function lastSpans(file: number, count: number): Promise<readonly Span[]> {
	const size = sizeIfFile(file);
	const spans: Span[] = [];
	let end = size;
	const isEnough = (offset: number): boolean => {
		if (offset !== size - 1) spans.unshift({ start: offset + 1, end }); // the newline at the end of the file begins no line
		end = offset;
		return spans.length === count;
	};
	const searched = await searchNewlines(file, size, isEnough, SEARCHED_BYTES);
	if (size > 0 && spans.length !== count) spans.unshift({ start: searched > 0 ? undefined : 0, end });
	return spans;
}

/**
 * What a terminal finally shows of a line: the text after the last carriage return, with which a progress bar begins anew.
 * Of a longer text the first LINE_LENGTH characters, or the last ones when its beginning was not found.
 */
function visible(file: number, { start, end }: Span): string {
	const from = Math.max(start ?? 0, end - LINE_BYTES);
	const tail = read(file, from, end).toString("utf8").replace(/\r+$/, "");
	const drawn = tail.lastIndexOf("\r") + 1;
	if (drawn > 0 || from === start) return firstOf(tail.slice(drawn));
	if (start === undefined) return tail.slice(-LINE_LENGTH).replace(/^[\udc00-\udfff]/, "");
	return firstOf(read(file, start, start + LINE_BYTES).toString("utf8"));
}

/** The first LINE_LENGTH characters, or one less where that would cut a pair of surrogates in two. */
function firstOf(text: string): string {
	return text.slice(0, LINE_LENGTH).replace(/[\ud800-\udbff]$/, "");
}

/** The bytes from one offset to another; fewer if the file has become shorter. */
function read(file: number, from: number, to: number): Buffer {
	const bytes = Buffer.allocUnsafe(Math.max(0, to - from));
	return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, from));
}
