/** The stop mark: the file `stop` in the folder of a run. It exists before anything is signalled, so that the end counts as `stopped`. */
import { closeSync, constants, existsSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { isAbsence, linkFirst, readNames, refuse, writeNew } from "./files.ts";
import { uptimeSeconds } from "./place.ts";
import { randomBytes } from "./random.ts";
import type { StopMark, StoredRun } from "./store.ts";

/** The size of the file that the mark is made from. It is laid out before the start: a full disk must not prevent a stop. */
export const STOP_BYTES = 256;

/** Makes the stop mark of a run, unless it has one. The mark appears whole, by link(2). */
export function markStop({ folder }: StoredRun, graceMs: number): void {
	const path = `${folder}/stop`;
	if (existsSync(path)) return;
	// The time before the mark is visible: the run may react to it at once.
	const mark: StopMark = { at: new Date().toISOString(), uptimeSeconds: uptimeSeconds(), by: whoAsks(), graceMs };
	const own = `${folder}/stop.${randomBytes(6).toString("hex")}`;
	try {
		linkFirst(writeOwn(folder, own, JSON.stringify(mark).slice(0, STOP_BYTES)), path);
	} catch (error) {
		if (existsSync(folder)) throw error; // else the job was just removed: there is nothing to stop
	} finally {
		rmSync(own, { force: true });
	}
}

/**
 * Writes the request into `stop.blank`, renamed to `own`. If another process has taken that, makes a new file.
 * @returns the path of a file with a request: `own`, or another process's when the disk is full
 */
function writeOwn(folder: string, own: string, text: string): string {
	try {
		renameSync(`${folder}/stop.blank`, own);
	} catch (error) {
		if (!isAbsence(error)) refuse(own, error);
		try {
			writeNew(own, text);
			return own;
		} catch (refusal) {
			// The process that took stop.blank may have died before it linked it: its request does as well.
			const other = readNames(folder).find((name) => name.startsWith("stop."));
			if (other === undefined) throw refusal;
			return `${folder}/${other}`;
		}
	}
	try {
		const file = openSync(own, constants.O_WRONLY | constants.O_NOFOLLOW);
		try {
			writeSync(file, text);
		} finally {
			closeSync(file);
		}
	} catch {
		// A mark that holds blanks counts as well.
	}
	return own;
}

/** The user and host of this process, for people. */
export function whoAsks(): string {
	try {
		return `${userInfo().username}@${hostname()}`;
	} catch {
		return `uid ${process.geteuid?.() ?? "?"}`; // no entry in passwd(5): containers
	}
}
