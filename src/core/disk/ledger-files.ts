/**
 * The files of a ledger: `ledger.jsonl`, to which is appended, and beside it older ones, `ledger.<n>.jsonl`, of which the
 * highest is the latest. Whoever finds the first one full renames it: nobody keeps it open from one line to the next.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, renameSync, rmSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { errnoOf } from "../../../platform/errors.ts";
import { appendLine, isAbsence, readNames, readTail, refuse, sizeOf } from "./files.ts";
import type { Session } from "./session.ts";

/** A file of this length is full. */
const FULL_BYTES = 16 * 1024 * 1024;

/** So many full ones are kept: with the current one some 300,000 events. */
const OLD_FILES = 4;

/** A rename takes no longer. */
const RENAME_MS = 10_000;

const PIECE_BYTES = 256 * 1024;

/** No line is longer (ledger.ts): with less than that missing, a tail of the ledger is as long as was asked for. */
const SLACK_BYTES = 4096;

/** Writes one line. @throws ChoreError STATE_FULL, STATE_UNUSABLE */
export function appendToLedger(session: Session, line: string): void {
	if (appendLine(session.ledger, line) >= FULL_BYTES) rotate(session);
}

/** The last whole lines, of so many bytes at most. */
export function readLedgerTail(session: Session, bytes: number): string {
	// The current file first: what is renamed before the others are looked for is found there as well.
	let text = readTail(session.ledger, bytes);
	let missing = bytes - Buffer.byteLength(text);
	if (missing <= SLACK_BYTES) return text;
	for (const number of oldNumbers(session).reverse()) {
		const older = readTail(oldLedger(session, number), missing);
		text = `${older}\n${text}`;
		missing -= Buffer.byteLength(older);
		if (missing <= SLACK_BYTES) break;
	}
	return text;
}

interface OpenFile {
	readonly path: string;
	readonly descriptor: number;
	/** Device and inode: a renamed file is the same. */
	readonly identity: string;
	readonly decoder: StringDecoder;
	position: number;
	/** Where it ended when it was last looked at. */
	end: number;
	/** What was read after the last newline. */
	rest: string;
}

/** Reads a ledger in the order written, and then what is added to it, across any number of renames. */
export class LedgerReader implements Disposable {
	readonly #session: Session;
	/** Oldest first. Each stays open for as long as it is there: whoever opened it before it was renamed may still write to it. */
	#files: OpenFile[] = [];

	constructor(session: Session) {
		this.#session = session;
	}

	/** The lines that are there at this moment and were not given before, some at a time. */
	*read(): Generator<readonly string[], void, void> {
		const present = this.#look();
		const buffer = Buffer.allocUnsafe(PIECE_BYTES);
		for (const file of this.#files) {
			while (file.position < file.end) {
				const wanted = Math.min(buffer.length, file.end - file.position);
				const length = readPiece(file, buffer, wanted);
				if (length === 0) break;
				file.position += length;
				const lines = (file.rest + file.decoder.write(buffer.subarray(0, length))).split("\n");
				file.rest = lines.pop() ?? "";
				yield lines;
			}
		}
		for (const file of this.#files) if (!present.has(file.identity)) closeSync(file.descriptor);
		this.#files = this.#files.filter(({ identity }) => present.has(identity));
	}

	/** What stands behind the last newline of a file: a writer may have died there. */
	unfinished(): readonly string[] {
		return this.#files.map(({ rest }) => rest).filter((rest) => rest !== "");
	}

	[Symbol.dispose](): void {
		for (const { descriptor } of this.#files) closeSync(descriptor);
		this.#files = [];
	}

	/** Finds files that are new, and where each one ends. @returns the identities of those that are there */
	#look(): ReadonlySet<string> {
		// The current file first: if it is renamed meanwhile, it is found twice rather than never.
		const current = openReading(this.#session.ledger);
		const old = oldNumbers(this.#session).map((number) => openReading(oldLedger(this.#session, number)));
		const present = new Set<string>();
		for (const found of [...old, current]) {
			if (found === undefined) continue;
			present.add(found.identity);
			if (this.#files.some(({ identity }) => identity === found.identity)) closeSync(found.descriptor);
			else this.#files.push(found);
		}
		// The latest first: whoever has written to it wrote to an older one before.
		for (const file of [...this.#files].reverse()) {
			file.end = fstatSync(file.descriptor).size;
			if (file.end < file.position) Object.assign(file, { position: 0, rest: "" }); // somebody emptied it
		}
		return present;
	}
}

/** Makes room for the next line. It may fail: the line after that tries again. */
function rotate(session: Session): void {
	const last = oldNumbers(session).at(-1) ?? 0;
	if (last > 0 && isBeingMade(oldLedger(session, last))) return;
	const place = oldLedger(session, last + 1);
	try {
		// Of several that find the file full at once, one gets the number: rename(2) would replace what another put there.
		closeSync(openSync(place, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600));
		if (sizeOf(session.ledger) >= FULL_BYTES) renameSync(session.ledger, place);
		else rmSync(place); // another was faster
		for (const old of oldNumbers(session).slice(0, -OLD_FILES)) rmSync(oldLedger(session, old), { force: true });
	} catch (error) {
		if (errnoOf(error) === undefined) throw error;
	}
}

/** Whether somebody has just taken the number, and is about to rename. Whoever died at that point is not waited for. */
function isBeingMade(path: string): boolean {
	const found = lstatSync(path, { throwIfNoEntry: false });
	return found?.size === 0 && Math.abs(Date.now() - found.mtimeMs) < RENAME_MS;
}

/** The numbers of the full files, the latest last. */
function oldNumbers(session: Session): number[] {
	return readNames(session.folder)
		.map((name) => Number(/^ledger\.([1-9][0-9]{0,14})\.jsonl$/.exec(name)?.[1]))
		.filter((number) => number > 0)
		.sort((one, other) => one - other);
}

function oldLedger(session: Session, number: number): string {
	return session.ledger.replace(/jsonl$/, `${number}.jsonl`);
}

function openReading(path: string): OpenFile | undefined {
	let descriptor: number;
	try {
		descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
	} catch (error) {
		if (isAbsence(error)) return undefined;
		return refuse(path, error);
	}
	const { dev, ino, size } = fstatSync(descriptor);
	return { path, descriptor, identity: `${dev}:${ino}`, decoder: new StringDecoder("utf8"), position: 0, end: size, rest: "" };
}

function readPiece({ path, descriptor, position }: OpenFile, buffer: Buffer, length: number): number {
	try {
		return readSync(descriptor, buffer, 0, length, position);
	} catch (error) {
		return refuse(path, error);
	}
}
