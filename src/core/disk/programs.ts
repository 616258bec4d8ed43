/** Installs the small shell programs that running jobs use, in `libexec/<hash>/<name>`. A program in use is never changed. */
import { createHash } from "node:crypto";
import { chmodSync, renameSync, rmSync, utimesSync } from "node:fs";
import { errnoOf, isChoreError } from "../../../platform/errors.ts";
import { isAbsence, readNames, readText, writeNew } from "./files.ts";
import { entryAt, makePrivateFolder, makeStateRoot } from "./private-folder.ts";
import { randomBytes } from "./random.ts";
import { sessionNames } from "./session.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** After this time without a start the program of an old version may be deleted. A start installs it again if needed. */
const UNUSED_MS = 30 * DAY_MS;

/**
 * Installs a program, unless this content is installed already.
 * @returns its path, which stays valid as long as a job may use it
 */
export function installProgram(root: string, name: string, text: string): string {
	for (const folder of readNames(`${root}/libexec`).map((hash) => `${root}/libexec/${hash}`)) {
		if (readText(`${folder}/${name}`) === text && markUsed(folder)) return `${folder}/${name}`;
	}
	const folder = `${root}/libexec/${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;
	const path = `${folder}/${name}`;
	makeStateRoot(root);
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
 * Deletes programs that no job can be using: no job was started with them for 30 days, and no session has an active job or one with a schedule. A
 * start makes its active mark before it installs a program. So once the folder is renamed, either this finds the mark, or
 * the start finds no folder and installs the program again.
 */
export function clearPrograms(root: string, nowMs: number = Date.now()): void {
	for (const name of readNames(`${root}/libexec`)) {
		const folder = `${root}/libexec/${name}`;
		const found = entryAt(folder);
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

/** Notes that a program is in use, once a day. @returns false when it was just deleted */
function markUsed(folder: string): boolean {
	const now = Date.now();
	const found = entryAt(folder);
	if (found === undefined) return false;
	try {
		if (now - found.mtimeMs > DAY_MS) utimesSync(folder, now / 1000, now / 1000);
		return true;
	} catch (error) {
		return !isAbsence(error); // in a read-only state folder nothing is deleted
	}
}

/** Whether any session may have an active job, or one with a schedule; true also when a session cannot be read. */
function isAnyActive(root: string): boolean {
	try {
		return sessionNames(root).some((name) => ["active", "schedules"].some((marks) => readNames(`${root}/${name}/${marks}`).length > 0));
	} catch (error) {
		if (!isChoreError(error)) throw error;
		return true;
	}
}
