/**
 * Lets one chore at a time change the user's crontab. crontab(1) reads and replaces it as a whole, and knows no lock, so that
 * others may change it meanwhile.
 */
import { lstatSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { ChoreError, errnoOf } from "../errors.ts";

/** How long others may take, and how often to look. A change takes some 50 ms. */
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 20;

/** A lock that is older was left by a process whose number another one has. */
const ABANDONED_MS = 5 * 60_000;

/** A link that names the process that holds it. A user has one crontab on a machine, whatever state folders and homes there are. */
const PATH = `/tmp/chore-crontab-${process.geteuid?.()}`;

/** @throws ChoreError PLATFORM_FAILED when another process does not let go of it */
export async function whileLocked<T>(act: () => Promise<T>): Promise<T> {
	const own = String(process.pid);
	for (const deadlineMs = performance.now() + PATIENCE_MS; !isTaken(own); await delay(LOOK_EVERY_MS)) {
		if (performance.now() < deadlineMs) continue;
		throw new ChoreError("PLATFORM_FAILED", `${PATH} has kept the crontab locked for a minute`, {
			hint: "if no chore is at work, delete that file",
		});
	}
	try {
		return await act();
	} finally {
		if (holder() === own) rmSync(PATH, { force: true });
	}
}

/** Takes the lock if it is free, or its holder is gone. */
function isTaken(own: string): boolean {
	try {
		symlinkSync(own, PATH);
		return true;
	} catch (error) {
		if (errnoOf(error) !== "EEXIST")
			throw new ChoreError("PLATFORM_FAILED", `cannot lock the crontab by ${PATH}: ${errnoOf(error)}`, { cause: error });
	}
	const held = holder();
	if (held !== undefined && !isAlive(held)) breakLock(held);
	return false;
}

function holder(): string | undefined {
	try {
		return readlinkSync(PATH);
	} catch {
		return undefined;
	}
}

function isAlive(held: string): boolean {
	try {
		if (Date.now() - lstatSync(PATH).mtimeMs > ABANDONED_MS) return false;
		return /^[1-9][0-9]*$/.test(held) && process.kill(Number(held), 0);
	} catch (error) {
		return errnoOf(error) === "EPERM" || errnoOf(error) === "ENOENT";
	}
}

/** By a rename, of which only one can succeed. If it was another process's lock by then, that one gets it back. */
function breakLock(held: string): void {
	const aside = `${PATH}.${process.pid}`;
	try {
		renameSync(PATH, aside);
		const found = readlinkSync(aside);
		rmSync(aside, { force: true });
		if (found !== held) symlinkSync(found, PATH);
	} catch (error) {
		if (errnoOf(error) === undefined) throw error; // another process was first
	}
}
