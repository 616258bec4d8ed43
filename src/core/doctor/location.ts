/** What exists at a path, for the doctor. Never throws. */
import { lstatSync, type Stats } from "node:fs";
import { isAbsence } from "../disk/files.ts";

/** A path in the report of the doctor. */
export interface Location {
	/** Its purpose: "state", "settings", "bus". */
	readonly name: string;
	readonly path: string;
	readonly kind: "folder" | "file" | "socket" | "link" | "other" | "missing" | "unreachable";
	/** Its permission bits: "0700"; null if it does not exist or cannot be looked at. */
	readonly mode: string | null;
	/** The user id that owns it, or null. */
	readonly owner: number | null;
}

export function locate(name: string, path: string): Location {
	const nothing = { name, path, mode: null, owner: null };
	try {
		const found = lstatSync(path);
		return { name, path, kind: kindOf(found), mode: (found.mode & 0o7777).toString(8).padStart(4, "0"), owner: found.uid };
	} catch (error) {
		return { ...nothing, kind: isAbsence(error) ? "missing" : "unreachable" };
	}
}

function kindOf(found: Stats): Location["kind"] {
	if (found.isDirectory()) return "folder";
	if (found.isFile()) return "file";
	if (found.isSocket()) return "socket";
	return found.isSymbolicLink() ? "link" : "other";
}
