/**
 * Private files: owner-only, no symbolic link followed, whole or not there. Every error names its file and says what
 * to do. Synchronous on purpose: these are small files, and a thread-pool round trip costs more than the call.
 */

import {
	closeSync,
	constants,
	existsSync,
	fstatSync,
	linkSync,
	openSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	readSync,
	renameSync,
	rmSync,
	symlinkSync,
	writeSync,
} from "node:fs";
import { ChoreError, errnoOf, isChoreError } from "../../../platform/errors.ts";
import { READ_FILE } from "../../../platform/settled-read.ts";
import { randomBytes } from "./random.ts";

/** How existing files are opened for writing: like READ_FILE, a link is not followed and a FIFO does not block. */
const WRITE_FILE = constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The error code for a path that is no regular file, beside the codes of the system. */
const NOT_REGULAR = "EFTYPE";
const NO_FILE = "it is no regular file";

/** Says in chore's words why a file of its state could not be used. @returns never; always throws */
export function refuse(path: string, error: unknown): never {
	const errno = errnoOf(error);
	if (errno === undefined) throw error;
	if (isFull(error)) {
		throw new ChoreError("STATE_FULL", `no space left to write ${path}`, {
			hint: "free some space (`chore rm` and `chore prune` forget ended jobs and their output), or point CHORE_HOME to another disk",
			cause: error,
		});
	}
	const reason: Readonly<Record<string, string>> = {
		EACCES: "permission denied",
		EPERM: "operation not permitted",
		EROFS: "the file system is read-only",
		ENOTDIR: "a part of the path is not a directory",
		ELOOP: "it is a symbolic link",
		ENOENT: "it does not exist",
		EMFILE: "too many open files",
		ENAMETOOLONG: "the path is too long",
		EISDIR: "it is a folder",
		ENXIO: NO_FILE,
		EAGAIN: NO_FILE,
		ESPIPE: NO_FILE,
		[NOT_REGULAR]: NO_FILE,
	};
	throw new ChoreError("STATE_UNUSABLE", `cannot use ${path}: ${reason[errno] ?? errno}`, {
		hint: "chore keeps its state there; CHORE_HOME chooses another folder",
		cause: error,
	});
}

/** Whether an error says that no space is left. */
export function isFull(error: unknown): boolean {
	return ["ENOSPC", "EDQUOT"].includes(errnoOf(error) ?? "");
}

/** Writes a new file, 0600, or leaves none; refuses to touch anything that is already there. */
export function writeNew(path: string, content: string | Uint8Array): void {
	let file: number | undefined;
	try {
		file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
		writeWhole(file, typeof content === "string" ? Buffer.from(content) : content);
	} catch (error) {
		if (file !== undefined) rmSync(path, { force: true });
		refuse(path, error);
	} finally {
		if (file !== undefined) closeSync(file);
	}
}

/**
 * Puts a file in place whole, unless something is there: of any number that do so one wins.
 * @returns whether it was this one
 */
export function placeFirst(path: string, content: string): boolean {
	const temporary = `${path}.${randomBytes(6).toString("hex")}`;
	try {
		writeNew(temporary, content);
		return linkFirst(temporary, path);
	} finally {
		rmSync(temporary, { force: true });
	}
}

/** Gives a whole file another name, unless something has that. @returns whether it was this one */
export function linkFirst(file: string, path: string): boolean {
	try {
		linkSync(file, path);
		return true;
	} catch (error) {
		if (errnoOf(error) === "EEXIST") return false;
	}
	try {
		// A file system without hard links: the next best.
		if (existsSync(path)) return false;
		renameSync(file, path);
		return true;
	} catch (error) {
		return refuse(path, error);
	}
}

/** Makes an empty file, or one empty. */
export function writeEmpty(path: string): void {
	let file: number | undefined;
	try {
		file = openSync(path, WRITE_FILE | constants.O_CREAT | constants.O_TRUNC, 0o600);
	} catch (error) {
		refuse(path, error);
	} finally {
		if (file !== undefined) closeSync(file);
	}
}

/** Puts a file in place whole, replacing what was there: a reader sees the old one or the new one. */
export function replaceFile(path: string, content: string): void {
	const temporary = `${path}.${randomBytes(6).toString("hex")}`;
	try {
		writeNew(temporary, content);
		renameSync(temporary, path);
	} catch (error) {
		rmSync(temporary, { force: true });
		refuse(path, error);
	}
}

/**
 * Makes a symbolic link that leads nowhere: a small text that is there whole at once, for one step on the disk.
 * @returns false when something else was there first, or its folder is not there
 */
export function claimLink(path: string, text: string): boolean {
	try {
		symlinkSync(text, path);
		return true;
	} catch (error) {
		const errno = errnoOf(error);
		if (errno === "EEXIST" || errno === "ENOENT" || errno === "ENOTDIR") return false;
		return refuse(path, error);
	}
}

/** What such a link says; undefined where there is none, or something else. */
export function readLink(path: string): string | undefined {
	try {
		return readlinkSync(path);
	} catch (error) {
		if (["ENOENT", "ENOTDIR", "EINVAL"].includes(errnoOf(error) ?? "")) return undefined;
		return refuse(path, error);
	}
}

/** Removes a file or a folder with all in it, whatever is being made in there meanwhile. */
export function removeTree(path: string): void {
	try {
		rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 10 });
	} catch (error) {
		refuse(path, error);
	}
}

/** The same for what is in nobody's way: where it cannot be removed now, because somebody makes files in it, it is later. */
export function removeQuietly(path: string): void {
	try {
		removeTree(path);
	} catch (error) {
		if (!isChoreError(error)) throw error;
	}
}

/** One for all: to make one takes longer than to read a record into it. */
const buffer = Buffer.allocUnsafeSlow(64 * 1024);

/** The text of a small file, or undefined where there is none. Four system calls, of which a list makes thousands. */
export function readText(path: string): string | undefined {
	let file: number | undefined;
	try {
		file = openSync(path, READ_FILE);
		const size = sizeIfFile(file);
		const length = readSync(file, buffer, 0, buffer.length, 0);
		return length < size || length === buffer.length ? readFileSync(file, "utf8") : buffer.toString("utf8", 0, length);
	} catch (error) {
		if (isAbsence(error)) return undefined;
		return refuse(path, error);
	} finally {
		if (file !== undefined) closeSync(file);
	}
}

/** The last whole lines of a file, of so many bytes at most; nothing where there is none. */
export function readTail(path: string, bytes: number): string {
	let file: number | undefined;
	try {
		file = openSync(path, READ_FILE);
		const size = sizeIfFile(file);
		const tail = Buffer.alloc(Math.min(size, bytes));
		const length = readSync(file, tail, 0, tail.length, size - tail.length);
		const text = tail.toString("utf8", 0, length);
		return tail.length === size ? text : text.slice(text.indexOf("\n") + 1);
	} catch (error) {
		if (isAbsence(error)) return "";
		return refuse(path, error);
	} finally {
		if (file !== undefined) closeSync(file);
	}
}

/** The names in a folder, none where there is no folder. */
export function readNames(path: string): string[] {
	try {
		return readdirSync(path);
	} catch (error) {
		if (isAbsence(error)) return [];
		return refuse(path, error);
	}
}

/**
 * Appends one line in one write(2) with O_APPEND: lines of several processes do not mix.
 * @returns how long the file is now, in bytes
 */
export function appendLine(path: string, line: string): number {
	let file: number | undefined;
	try {
		file = openSync(path, WRITE_FILE | constants.O_APPEND | constants.O_CREAT, 0o600);
		writeWhole(file, Buffer.from(`${line}\n`));
		return fstatSync(file).size;
	} catch (error) {
		return refuse(path, error);
	} finally {
		if (file !== undefined) closeSync(file);
	}
}

/** The size of a file in bytes, 0 where there is none. */
export function sizeOf(path: string): number {
	try {
		const file = openSync(path, READ_FILE);
		try {
			return sizeIfFile(file);
		} finally {
			closeSync(file);
		}
	} catch {
		return 0;
	}
}

/** How long an open file is. @throws an error like those of the system for what is no regular file */
export function sizeIfFile(file: number): number {
	const found = fstatSync(file);
	if (found.isFile()) return found.size;
	throw notRegular();
}

export function notRegular(): Error {
	return Object.assign(new Error(NO_FILE), { code: NOT_REGULAR });
}

/** Whether an error says that there is nothing at that path. */
export function isAbsence(error: unknown): boolean {
	return errnoOf(error) === "ENOENT";
}

function writeWhole(file: number, content: Uint8Array): void {
	for (let written = 0; written < content.length; ) written += writeSync(file, content, written);
}
