/**
 * The files of a ledger. Lines are appended to `ledger.jsonl`; a writer that finds it full renames it to `ledger.<n>.jsonl`
 * with the next number. Writers never keep the file open from one line to the next.
 */
import { closeSync, constants, fstatSync, openSync, readSync, renameSync, rmSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { errnoOf } from "../../../platform/errors.ts";
import { READ_FILE } from "../../../platform/settled-read.ts";
import { appendLine, isAbsence, readNames, readTail, refuse, sizeIfFile, sizeOf } from "./files.ts";
import { entryAt } from "./private-folder.ts";
import type { Session } from "./session.ts";

/** From this length on a file is full. */
const FULL_BYTES = 16 * 1024 * 1024;

/** The number of full files that are kept: with the current one about 300,000 events. */
const OLD_FILES = 4;

/** A writer that has taken a number but not renamed after this time has died. */
const RENAME_MS = 10_000;

const PIECE_BYTES = 256 * 1024;

/** Shared by all readers: there may be hundreds in one process, and none keeps it from one portion to the next. */
const buffer = Buffer.allocUnsafeSlow(PIECE_BYTES);

/** More than the longest line (ledger.ts). A tail that is shorter by less than this is complete. */
const SLACK_BYTES = 4096;

/** Appends one line. @throws ChoreError STATE_FULL, STATE_UNUSABLE */
export function appendToLedger(session: Session, line: string): void {
	if (appendLine(session.ledger, line) >= FULL_BYTES) rotate(session);
}

/** The last whole lines of the ledger, together about `bytes` long at most. */
export function readLedgerTail(session: Session, bytes: number): string {
	// The current file first: if it is renamed meanwhile, it is found once more and no line is missed.
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
	/** Device and inode, which a rename does not change. */
	readonly identity: string;
	readonly decoder: StringDecoder;
	position: number;
	/** Its length at the last look. */
	end: number;
	/** The text read after the last newline. */
	rest: string;
}

/** Reads a ledger in the order of writing. Each call of `read` gives the lines added since, however often files were renamed. */
export class LedgerReader implements Disposable {
	readonly #session: Session;
	/** Oldest first. A renamed file stays open until it is deleted: a writer that opened it before may still write to it. */
	#files: OpenFile[] = [];

	/** @param from "end": leaves out the lines that are there already, without reading them */
	constructor(session: Session, from: "beginning" | "end" = "beginning") {
		this.#session = session;
		if (from === "beginning") return;
		this.#look();
		for (const file of this.#files) file.position = file.end;
	}

	/** The lines that were not read before, in portions. */
	*read(): Generator<readonly string[], void, void> {
		const present = this.#look();
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

	/** The texts after the last newline of each file: incomplete lines of writers that died, or are at work. */
	unfinished(): readonly string[] {
		return this.#files.map(({ rest }) => rest).filter((rest) => rest !== "");
	}

	[Symbol.dispose](): void {
		for (const { descriptor } of this.#files) closeSync(descriptor);
		this.#files = [];
	}

	/** Opens new files and notes the length of each. @returns the identities of the files that exist */
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
		// The length of the latest first. Then no line of an older file that was written before one of these is missed.
		for (const file of [...this.#files].reverse()) {
			file.end = fstatSync(file.descriptor).size;
			if (file.end < file.position) Object.assign(file, { position: 0, rest: "" }); // it was truncated
		}
		return present;
	}
}

/** Renames the full file. Ignores system errors: the next writer tries again. */
function rotate(session: Session): void {
	const last = oldNumbers(session).at(-1) ?? 0;
	if (last > 0 && isBeingMade(oldLedger(session, last))) return;
	const place = oldLedger(session, last + 1);
	try {
		// Several writers may find the file full at once. O_EXCL gives the number to one: rename(2) would overwrite another's file.
		closeSync(openSync(place, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600));
		if (sizeOf(session.ledger) >= FULL_BYTES) renameSync(session.ledger, place);
		else rmSync(place); // another writer has renamed it already
		for (const old of oldNumbers(session).slice(0, -OLD_FILES)) rmSync(oldLedger(session, old), { force: true });
	} catch (error) {
		if (errnoOf(error) === undefined) throw error;
	}
}

/** Whether another writer has taken this number within RENAME_MS and not renamed yet. */
function isBeingMade(path: string): boolean {
	const found = entryAt(path);
	return found?.size === 0 && Math.abs(Date.now() - found.mtimeMs) < RENAME_MS;
}

/** The numbers of the full files, oldest first. */
export function oldNumbers(session: Session): number[] {
	return readNames(session.folder)
		.map((name) => Number(/^ledger\.([1-9][0-9]{0,14})\.jsonl$/.exec(name)?.[1]))
		.filter((number) => number > 0)
		.sort((one, other) => one - other);
}

/** The path of a full file. */
export function oldLedger(session: Session, number: number): string {
	return session.ledger.replace(/jsonl$/, `${number}.jsonl`);
}

function openReading(path: string): OpenFile | undefined {
	let descriptor: number | undefined;
	try {
		descriptor = openSync(path, READ_FILE);
		sizeIfFile(descriptor);
	} catch (error) {
		if (descriptor !== undefined) closeSync(descriptor);
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
