/** The small shell programs that running jobs refer to: `libexec/<hash>/<name>`, one folder a content. */
import { createHash } from "node:crypto";
import { chmodSync, lstatSync, renameSync, rmSync, utimesSync } from "node:fs";
import { errnoOf, isChoreError } from "../../../platform/errors.ts";
import { isAbsence, makePrivateFolder, readNames, readText, writeNew } from "./files.ts";
import { randomBytes } from "./random.ts";
import { sessionNames } from "./session.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** A version that no job was started with for so long is not in use any more; or it is put there again. */
const UNUSED_MS = 30 * DAY_MS;

/**
 * Puts a program there, once per content.
 * @returns its path, which stays for as long as any job may refer to it
 */
export function installProgram(root: string, name: string, text: string): string {
	for (const folder of readNames(`${root}/libexec`).map((hash) => `${root}/libexec/${hash}`)) {
		if (readText(`${folder}/${name}`) === text && markUsed(folder)) return `${folder}/${name}`;
	}
	const folder = `${root}/libexec/${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;
	const path = `${folder}/${name}`;
	makePrivateFolder(root);
	makePrivateFolder(`${root}/libexec`);
	makePrivateFolder(folder);
	const temporary = `${path}.${process.pid}.${Date.now().toString(36)}`;
	try {
		writeNew(temporary, text);
		chmodSync(temporary, 0o500);
		renameSync(temporary, path);
	} finally {
		rmSync(temporary, { force: true });
	}
	return path;
}

/**
 * Deletes versions that no job can refer to: none was started with them for 30 days, and in no session is any active. A
 * start makes its job's mark before it asks for a program; so after the folder is put aside, either the mark is seen, or
 * the start finds no folder and makes it again.
 */
export function clearPrograms(root: string, nowMs: number = Date.now()): void {
	for (const name of readNames(`${root}/libexec`)) {
		const folder = `${root}/libexec/${name}`;
		const found = lstatSync(folder, { throwIfNoEntry: false });
		if (found === undefined || nowMs - Math.max(found.mtimeMs, found.ctimeMs) < UNUSED_MS || isAnyActive(root)) continue;
		const aside = `${folder}.${randomBytes(4).toString("hex")}`;
		try {
			renameSync(folder, aside);
			if (isAnyActive(root)) renameSync(aside, folder);
			else rmSync(aside, { recursive: true, force: true });
		} catch (error) {
			if (errnoOf(error) === undefined) throw error;
		}
	}
}

/** @returns false when it has just been cleared away */
function markUsed(folder: string): boolean {
	const now = Date.now();
	const found = lstatSync(folder, { throwIfNoEntry: false });
	if (found === undefined) return false;
	try {
		if (now - found.mtimeMs > DAY_MS) utimesSync(folder, now / 1000, now / 1000);
		return true;
	} catch (error) {
		return !isAbsence(error); // a read-only state is cleared by nobody
	}
}

/** Where a session cannot be looked at, there may be. */
function isAnyActive(root: string): boolean {
	try {
		return sessionNames(root).some((name) => readNames(`${root}/${name}/active`).length > 0);
	} catch (error) {
		if (!isChoreError(error)) throw error;
		return true;
	}
}
