/** The directory of a job, by the name that its caller knows it by. */
import { realpathSync, type Stats, statSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { ChoreError, errnoOf } from "../../../platform/errors.ts";

/**
 * The absolute path that a path means for a process of this directory. Steps up (`..`) are taken out where that leads to
 * the same place: the system takes them from where a link leads to, and not from where it stands.
 */
export function pathIn(directory: string, path: string): string {
	const plain = resolve(directory, path);
	if (isAbsolute(path) || !path.split("/").includes("..")) return plain;
	const exact = `${directory}/${path}`;
	return isSame(plain, exact) ? plain : realPath(exact, plain);
}

/** The directory that was asked for; a relative one starts where the caller is. @throws ChoreError DIRECTORY_UNUSABLE */
export function jobDirectory(asked: string | undefined): string {
	if (asked !== undefined && isAbsolute(asked)) return resolve(asked);
	return asked === undefined ? callersDirectory() : pathIn(callersDirectory(), asked);
}

/**
 * Where the caller is. What its shell calls that (PWD) is kept while it is the same directory: getcwd(3) tells where links
 * lead to, and who works by way of a link means the link, today and whenever the job is started again.
 */
function callersDirectory(): string {
	const named = process.env["PWD"];
	if (named !== undefined && isAbsolute(named) && !/(^|\/)\.\.?(\/|$)/.test(named) && isSame(named, ".")) return resolve(named);
	try {
		return process.cwd();
	} catch (error) {
		throw new ChoreError("DIRECTORY_UNUSABLE", `the directory that you are in cannot be used: ${reasonOf(error)}`, {
			hint: "--working-directory chooses another, by an absolute path",
			cause: error,
		});
	}
}

function reasonOf(error: unknown): string {
	const errno = errnoOf(error) ?? String(error);
	return errno === "ENOENT" ? "it was deleted (ENOENT)" : errno;
}

function isSame(one: string, other: string): boolean {
	const [first, second] = [statOf(one), statOf(other)];
	return first !== undefined && second !== undefined && first.dev === second.dev && first.ino === second.ino;
}

function statOf(path: string): Stats | undefined {
	try {
		return statSync(path);
	} catch {
		return undefined;
	}
}

function realPath(path: string, otherwise: string): string {
	try {
		return realpathSync.native(path); // the other one takes steps up out first
	} catch {
		return otherwise; // whoever looks there finds nothing, and says so
	}
}
