/** The request to stop a run: `stop` in its folder, there before anything is signalled, so that the end can be told as one that was asked for. */
import { closeSync, constants, existsSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { isAbsence, linkFirst, readNames, refuse, writeNew } from "./files.ts";
import { uptimeSeconds } from "./place.ts";
import { randomBytes } from "./random.ts";
import type { StopMark, StoredRun } from "./store.ts";

/** Bytes laid out for the request: a full disk is often why somebody stops a job. */
export const STOP_BYTES = 256;

/** Makes the request visible to whatever watches the job, whole at once. The first that is made counts. */
export function markStop({ folder }: StoredRun, graceMs: number): void {
	const path = `${folder}/stop`;
	if (existsSync(path)) return;
	// As of before anybody can see it: a run may end of it sooner than this process goes on.
	const mark: StopMark = { at: new Date().toISOString(), uptimeSeconds: uptimeSeconds(), by: whoAsks(), graceMs };
	const own = `${folder}/stop.${randomBytes(6).toString("hex")}`;
	try {
		linkFirst(writeOwn(folder, own, JSON.stringify(mark).slice(0, STOP_BYTES)), path);
	} catch (error) {
		if (existsSync(folder)) throw error; // else somebody forgets the job: there is nothing to stop any more
	} finally {
		rmSync(own, { force: true });
	}
}

/**
 * Writes a request down in the room that is laid out for one; who comes second needs room of his own.
 * @returns where one stands, ours if possible
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
			// Whoever had the room may have died there: that a request was begun says as much.
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
		// blanks say as much: it was asked for
	}
	return own;
}

/** Who is at work here, for people: user and host. */
export function whoAsks(): string {
	try {
		return `${userInfo().username}@${hostname()}`;
	} catch {
		return `uid ${process.geteuid?.() ?? "?"}`; // no entry in passwd(5): containers
	}
}
