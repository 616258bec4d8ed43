/** Deletes what killed commands left behind: files in the trash, and what jobs hold that are gone. */
import { rmdirSync, rmSync } from "node:fs";
import { errnoOf } from "../../../platform/errors.ts";
import { holderIn, leave } from "../disk/claims.ts";
import { readNames } from "../disk/files.ts";
import { entryAt } from "../disk/private-folder.ts";
import { isName, jobFolder, markOf, type Session } from "../disk/session.ts";
import { removeBeside } from "./remove-beside.ts";

/** Files in the trash that are older than this are of no running command. A command that is slower fails with an error. */
const ABANDONED_MS = 60 * 60 * 1000;

/** So many files are given to one rm(1). The rest is for the next command. */
const MOST_BESIDE = 1000;

/**
 * Deletes jobs from the trash that were being made or deleted more than an hour ago.
 *
 * @param inPassing have another process do it: they may be large
 */
export async function clearTrash(
	session: Session,
	{ inPassing = false, nowMs = Date.now() }: { readonly inPassing?: boolean; readonly nowMs?: number } = {},
): Promise<void> {
	const abandoned = readNames(session.trash)
		.map((name) => `${session.trash}/${name}`)
		.filter((path) => {
			const found = entryAt(path);
			return found !== undefined && nowMs - Math.max(found.ctimeMs, found.mtimeMs) >= ABANDONED_MS;
		});
	if (!inPassing) for (const path of abandoned) quietly(() => rmSync(path, { recursive: true, force: true }));
	else if (abandoned.length > 0) await removeBeside(abandoned.slice(0, MOST_BESIDE), true);
}

/**
 * Frees the names and request keys whose holder has neither an active mark nor a folder. A job that is being made has the mark before
 * them.
 */
export function clearClaims(session: Session): void {
	for (const all of [session.names, session.requests]) {
		for (const name of readNames(all).filter(isName)) {
			const folder = `${all}/${name}`;
			const holder = holderIn(folder);
			if (holder === undefined)
				quietly(() => rmdirSync(folder)); // fails unless it is empty
			else if (!isThere(markOf(session, holder)) && !isThere(jobFolder(session, holder))) leave(folder, holder);
		}
	}
}

function isThere(path: string): boolean {
	return entryAt(path) !== undefined;
}

/** Ignores system errors: what cannot be deleted does no harm. */
function quietly(act: () => void): void {
	try {
		act();
	} catch (error) {
		if (errnoOf(error) === undefined) throw error;
	}
}
