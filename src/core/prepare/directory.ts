/** Makes paths of a job absolute. Never replaces symbolic links in the name by which the caller knows a directory, if avoidable. */
import { readlinkSync, realpathSync, type Stats, statSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { ChoreError, errnoOf } from "../../../platform/errors.ts";
import { isDoubtful, pathOf, textOf } from "../exact-text.ts";
import { ownVariable } from "./environment.ts";

/**
 * The absolute path of what `path` names in a directory. The kernel applies `..` to the target of a symbolic link, so
 * removing `..` from the text may name another file: it is removed only if both paths name the same one.
 */
export function pathIn(directory: string, path: string): string {
	const plain = resolve(directory, path);
	if (isAbsolute(path) || !path.split("/").includes("..")) return plain;
	const exact = `${directory}/${path}`;
	return isSame(plain, exact) ? plain : realPath(exact, plain);
}

/** The directory of a job: `asked`, relative to the caller's directory, or else that one. @throws ChoreError DIRECTORY_UNUSABLE */
export function jobDirectory(asked: string | undefined): string {
	if (asked !== undefined && isAbsolute(asked)) return resolve(asked);
	return asked === undefined ? callersDirectory() : pathIn(callersDirectory(), asked);
}

/**
 * The caller's directory, as its shell names it (PWD) if that is right. getcwd(3) would follow links, but the user means the
 * link, also if it leads elsewhere when the job is started again.
 */
function callersDirectory(): string {
	const named = ownVariable("PWD");
	if (named !== undefined && isAbsolute(named) && !/(^|\/)\.\.?(\/|$)/.test(named) && isSame(named, ".")) return resolve(named);
	try {
		const directory = process.cwd();
		return isDoubtful(directory) ? textOf(readlinkSync("/proc/self/cwd", "buffer")) : directory;
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
		return statSync(pathOf(path));
	} catch {
		return undefined;
	}
}

function realPath(path: string, otherwise: string): string {
	try {
		return textOf(realpathSync.native(pathOf(path), "buffer")); // realpathSync without `native` removes `..` first
	} catch {
		return otherwise; // nothing is there: the check of the path reports that
	}
}
