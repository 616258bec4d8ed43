/**
 * Reads and writes the small files of the state: owner-only, never through a symbolic link. Errors name the file and say
 * what to do. Synchronous, since a round trip through Node's thread pool takes longer than the call.
 */

import {
	closeSync,
	constants,
	existsSync,
	fstatSync,
	linkSync,
	lstatSync,
	mkdirSync,
	openSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	readSync,
	renameSync,
	rmdirSync,
	rmSync,
	symlinkSync,
	unlinkSync,
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

/** Makes a new folder, 0700. Fails if the path exists. */
export function makeFolder(path: string): void {
	try {
		mkdirSync(path, { mode: 0o700 });
	} catch (error) {
		refuse(path, error);
	}
}

/** Writes a new file, 0600; after an error there is none. Fails if the path exists. */
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
 * Makes a file that appears whole, unless the path exists. If several processes do so at once, one succeeds.
 * @returns whether this one did
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

/** link(2) says so on a file system without hard links. */
const NO_HARD_LINKS: readonly (string | undefined)[] = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"];

/** Gives a whole file this path, unless the path exists. @returns whether it has it now */
export function linkFirst(file: string, path: string): boolean {
	try {
		linkSync(file, path);
		return true;
	} catch (error) {
		if (errnoOf(error) === "EEXIST") return false;
		if (!NO_HARD_LINKS.includes(errnoOf(error))) return refuse(path, error);
	}
	try {
		// Here two processes at once can both succeed.
		if (existsSync(path)) return false;
		renameSync(file, path);
		return true;
	} catch (error) {
		return refuse(path, error);
	}
}

/** Makes an empty file, or empties the file that is there. */
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

/** Replaces a file, or makes it. A reader sees the whole old content or the whole new one. */
export function replaceFile(path: string, content: string | Uint8Array): void {
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
 * Makes a symbolic link whose target is any small text: unlike a file it appears whole, with one system call.
 * @returns false if the path exists, or its folder does not
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

/** The text of such a link; undefined if the path does not exist or is no link. */
export function readLink(path: string): string | undefined {
	try {
		return readlinkSync(path);
	} catch (error) {
		if (["ENOENT", "ENOTDIR", "EINVAL"].includes(errnoOf(error) ?? "")) return undefined;
		return refuse(path, error);
	}
}

/** Removes a file, or a folder with all in it. Tries again if files are made in it meanwhile. */
export function removeTree(path: string): void {
	try {
		const found = lstatSync(path, { throwIfNoEntry: false });
		if (found?.isDirectory()) removeFolder(path);
		else if (found !== undefined) unlinkSync(path);
	} catch {
		removeStubbornly(path);
	}
}

/** Asks of no entry what readdir(3) has told of it, as rmSync does: half the system calls. Gives up at anything unexpected. */
function removeFolder(path: string): void {
	for (const entry of readdirSync(path, { withFileTypes: true })) {
		const inside = `${path}/${entry.name}`;
		if (entry.isDirectory()) removeFolder(inside);
		else unlinkSync(inside);
	}
	rmdirSync(path);
}

function removeStubbornly(path: string): void {
	try {
		rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 10 });
	} catch (error) {
		refuse(path, error);
	}
}

/** As `removeTree`, but ignores errors: for files that do no harm and are removed later if not now. */
export function removeQuietly(path: string): void {
	try {
		removeTree(path);
	} catch (error) {
		if (!isChoreError(error)) throw error;
	}
}

/** Shared by all reads: allocating a buffer takes longer than reading a record. */
const buffer = Buffer.allocUnsafeSlow(64 * 1024);

/** The text of a small file, or undefined if there is none. Four system calls: a list of jobs reads thousands of files. */
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

/** The last whole lines of a file, together at most this long; "" if there is no file. */
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

/** The names in a folder; none if there is no folder. */
export function readNames(path: string): string[] {
	try {
		return readdirSync(path);
	} catch (error) {
		if (isAbsence(error)) return [];
		return refuse(path, error);
	}
}

/**
 * Appends one line in one write(2) with O_APPEND, so that lines of several processes do not mix.
 * @returns the new length of the file in bytes
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

/** The size of a file in bytes; 0 if it cannot be read. */
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

/** The size of an open file in bytes. @throws an error with a code, like the system's, if it is no regular file */
export function sizeIfFile(file: number): number {
	const found = fstatSync(file);
	if (found.isFile()) return found.size;
	throw notRegular();
}

export function notRegular(): Error {
	return Object.assign(new Error(NO_FILE), { code: NOT_REGULAR });
}

/** Whether an error says that the path does not exist. */
export function isAbsence(error: unknown): boolean {
	return errnoOf(error) === "ENOENT";
}

function writeWhole(file: number, content: Uint8Array): void {
	for (let written = 0; written < content.length; ) written += writeSync(file, content, written);
}
