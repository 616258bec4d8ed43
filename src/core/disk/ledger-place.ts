/**
 * Places in a ledger, from which a reader that comes back later goes on. The current file has the number that it will get when it
 * is renamed, so a place stays true; and the place after a line is known only once the line is whole.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { READ_FILE } from "../../../platform/settled-read.ts";
import { isAbsence, refuse, sizeIfFile, sizeOf } from "./files.ts";
import { oldLedger, oldNumbers } from "./ledger-files.ts";
import type { Session } from "./session.ts";

/** A byte in the file of this number. */
export interface LedgerPlace {
	readonly file: number;
	readonly byte: number;
}

/** "3:1024" */
export function placeText({ file, byte }: LedgerPlace): string {
	return `${file}:${byte}`;
}

/** @returns undefined for a text that is no place */
export function parsePlace(text: string): LedgerPlace | undefined {
	const [, file, byte] = /^([1-9][0-9]{0,14}):(0|[1-9][0-9]{0,14})$/.exec(text) ?? [];
	return file === undefined ? undefined : { file: Number(file), byte: Number(byte) };
}

/** One line of a ledger. */
export interface PlacedLine {
	readonly text: string;
	/** Where the next one begins. */
	readonly next: LedgerPlace;
}

/** A file of a ledger, open for reading. */
interface NumberedFile {
	readonly number: number;
	readonly descriptor: number;
	readonly size: number;
}

const PIECE_BYTES = 256 * 1024;

/** A ledger as it is at one moment: what is written or renamed afterwards does not change it. */
export class LedgerView implements Disposable {
	/** Oldest first. */
	readonly #files: readonly NumberedFile[];
	readonly first: LedgerPlace;
	readonly end: LedgerPlace;

	constructor(session: Session) {
		this.#files = openFiles(session);
		this.first = { file: this.#files[0]?.number ?? 1, byte: 0 };
		const { number, size } = this.#files.at(-1) ?? { number: 1, size: 0 };
		this.end = { file: number, byte: size };
	}

	/** Whether a reader that stands there has missed nothing: the file is kept and no shorter, or it was an empty one. */
	has({ file, byte }: LedgerPlace): boolean {
		const size = this.#files.find(({ number }) => number === file)?.size ?? Number.POSITIVE_INFINITY;
		return file >= this.first.file && file <= this.end.file && byte <= size;
	}

	/** The whole lines from a place on. Of an older file also what stands after its last newline: nobody completes it. */
	*lines(from: LedgerPlace): Generator<PlacedLine, void, void> {
		const buffer = Buffer.allocUnsafe(PIECE_BYTES);
		for (const file of this.#files) {
			if (file.number < from.file) continue;
			const isLast = file === this.#files.at(-1);
			let byte = file.number === from.file ? from.byte : 0;
			let rest = Buffer.alloc(0);
			for (let read = byte; read < file.size; ) {
				const length = readSync(file.descriptor, buffer, 0, Math.min(buffer.length, file.size - read), read);
				if (length === 0) break;
				read += length;
				rest = Buffer.concat([rest, buffer.subarray(0, length)]);
				for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
					byte += end + 1;
					yield { text: rest.toString("utf8", 0, end), next: { file: file.number, byte } };
					rest = rest.subarray(end + 1);
				}
			}
			if (!isLast && rest.length > 0) yield { text: rest.toString("utf8"), next: { file: file.number, byte: byte + rest.length } };
		}
	}

	[Symbol.dispose](): void {
		for (const { descriptor } of this.#files) closeSync(descriptor);
	}
}

function openFiles(session: Session): readonly NumberedFile[] {
	// The current file first: if it is renamed meanwhile, it is found among the older ones, by its inode.
	const current = openReading(session.ledger);
	const identity = current === undefined ? "" : identityOf(current);
	const files: NumberedFile[] = [];
	const numbers = oldNumbers(session);
	for (const number of numbers) {
		// An empty one is the place that a writer has taken for the current file.
		const descriptor = sizeOf(oldLedger(session, number)) === 0 ? undefined : openReading(oldLedger(session, number));
		if (descriptor !== undefined) files.push({ number, descriptor, size: fstatSync(descriptor).size });
	}
	if (current === undefined) return files;
	if (files.some(({ descriptor }) => identityOf(descriptor) === identity)) {
		closeSync(current);
		return files;
	}
	const top = numbers.at(-1) ?? 0;
	// In doubt the lower number: a reader that comes back reads some lines again, rather than none of them.
	const number = files.some((file) => file.number === top) || top === 0 ? top + 1 : top;
	return [...files, { number, descriptor: current, size: fstatSync(current).size }];
}

function identityOf(descriptor: number): string {
	const { dev, ino } = fstatSync(descriptor);
	return `${dev}:${ino}`;
}

function openReading(path: string): number | undefined {
	let descriptor: number | undefined;
	try {
		descriptor = openSync(path, READ_FILE);
		sizeIfFile(descriptor);
		return descriptor;
	} catch (error) {
		if (descriptor !== undefined) closeSync(descriptor);
		if (isAbsence(error)) return undefined;
		return refuse(path, error);
	}
}
