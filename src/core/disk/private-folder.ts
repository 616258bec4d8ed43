/** Makes and checks the folders of the state. Never uses one that another user could write to or replace. */
import { lstatSync, mkdirSync, readlinkSync, type Stats } from "node:fs";
import { dirname, isAbsolute } from "node:path";
import { ChoreError, errnoOf } from "../../../platform/errors.ts";
import { isOwnGroup, isTrustedOwner } from "./account.ts";
import { refuse } from "./files.ts";

/** More links than any system follows (path_resolution(7)). */
const MOST_LINKS = 40;

/** The mode of folders made above the state folder, less the umask: other users never get write permission. */
const PARENT_MODE = 0o755;

/** Makes the state folder and missing folders above it. @throws ChoreError STATE_UNUSABLE */
export function makeStateRoot(path: string): void {
	checkParents(path);
	try {
		if (mkdirSync(dirname(path), { recursive: true, mode: PARENT_MODE }) !== undefined) checkParents(path); // another user may have been faster
	} catch (error) {
		refuse(path, error);
	}
	makePrivateFolder(path);
}

/** As `checkPrivateFolder`, and checks all folders above it. */
export function checkStateRoot(path: string): boolean {
	checkParents(path);
	return checkPrivateFolder(path);
}

/** Makes a folder with its parents, 0700. If it exists, checks it as `checkPrivateFolder`. */
export function makePrivateFolder(path: string): void {
	if (checkPrivateFolder(path)) return;
	try {
		mkdirSync(path, { mode: 0o700 });
		return;
	} catch (error) {
		if (errnoOf(error) === "ENOENT") {
			try {
				mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
				mkdirSync(path, { mode: 0o700 });
				return;
			} catch (again) {
				if (errnoOf(again) !== "EEXIST") refuse(path, again);
			}
		} else if (errnoOf(error) !== "EEXIST") refuse(path, error);
	}
	checkPrivateFolder(path);
}

/**
 * Refuses a path that is no folder of this user, or a folder that others can write to.
 * @returns false if the path does not exist
 * @throws ChoreError STATE_UNUSABLE
 */
export function checkPrivateFolder(path: string): boolean {
	const found = entryAt(path);
	if (found === undefined) return false;
	const wrong = found.isSymbolicLink()
		? "is a symbolic link"
		: !found.isDirectory()
			? "is not a folder"
			: found.uid !== process.geteuid?.()
				? `belongs to another user (uid ${found.uid})`
				: found.mode & 0o022
					? `can be written by others (mode ${(found.mode & 0o777).toString(8)})`
					: undefined;
	if (wrong === undefined) return true;
	throw new ChoreError("STATE_UNUSABLE", `the state folder ${path} ${wrong}`, {
		hint: found.isDirectory() && found.uid === process.geteuid?.() ? `chmod 700 '${path}'` : "choose another with CHORE_HOME",
	});
}

/** lstat(2) of a path; undefined if it does not exist. @throws ChoreError STATE_UNUSABLE */
export function entryAt(path: string): Stats | undefined {
	try {
		return lstatSync(path, { throwIfNoEntry: false });
	} catch (error) {
		return refuse(path, error);
	}
}

/**
 * Checks the folders above a path, like sshd(8) for authorized_keys. Each must belong to root or this user, and others must
 * not be able to write to it, except if it is sticky like /tmp, where they cannot replace what is not theirs. Links are
 * followed one by one, since the folders on the way to their targets must be safe, too. Stops at the first missing folder.
 */
function checkParents(path: string): void {
	const steps = dirname(path).split("/");
	let folder = "/";
	let links = 0;
	for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
		const next = step === "" || step === "." ? folder : step === ".." ? dirname(folder) : `${folder === "/" ? "" : folder}/${step}`;
		const found = entryAt(next);
		if (found === undefined) return;
		if (!found.isSymbolicLink()) {
			refuseUnsafe(path, next, found);
			folder = next;
			continue;
		}
		if (!isTrustedOwner(found.uid)) refuseOwner(path, next, found.uid);
		links += 1;
		if (links > MOST_LINKS) throw unusable(path, `${next} leads in circles`);
		const target = readTarget(next);
		if (isAbsolute(target)) folder = "/";
		steps.unshift(...target.split("/"));
	}
}

function refuseUnsafe(path: string, folder: string, { uid, gid, mode }: Stats): void {
	if (!isTrustedOwner(uid)) refuseOwner(path, folder, uid);
	const isSticky = (mode & 0o1000) !== 0;
	const isOpen = (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && !isOwnGroup(gid));
	if (!isOpen || isSticky) return;
	throw unusable(
		path,
		`${folder} above it can be written by others (mode ${(mode & 0o777).toString(8)})`,
		`chmod go-w '${folder}', or choose another folder with CHORE_HOME`,
	);
}

function refuseOwner(path: string, folder: string, uid: number): never {
	throw unusable(
		path,
		`${folder} above it belongs to another user (uid ${uid})`,
		"is HOME that of another user? CHORE_HOME chooses another folder; sudo -H and su - set HOME",
	);
}

function unusable(path: string, why: string, hint = "choose another folder with CHORE_HOME"): ChoreError {
	return new ChoreError("STATE_UNUSABLE", `cannot use the state folder ${path}: ${why}`, { hint });
}

function readTarget(link: string): string {
	try {
		return readlinkSync(link);
	} catch (error) {
		return refuse(link, error);
	}
}
