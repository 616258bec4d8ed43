/**
 * Whether a run is alive. The shim holds the only write end of the FIFO `alive`; the kernel closes it when the shim ends,
 * even by SIGKILL or a reboot, and no pid can be mistaken. Never open the FIFO for writing here: that would succeed as
 * long as another command has it open for reading.
 */
import { closeSync, constants, openSync, readSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { errnoOf } from "../errors.ts";

/**
 * "missing": the FIFO does not exist yet, and nothing of the run can be running; or not any more, because the run has ended
 * and its record says how. The shim removes the FIFO just before it kills what is left in its group, and itself.
 */
export type Liveness = "alive" | "dead" | "missing";

/** The name of the FIFO in the run's folder. */
export const ALIVE_FIFO = "alive";

const READ_NOW: number = constants.O_RDONLY | constants.O_NONBLOCK;
const probe = Buffer.alloc(1);

/** Whether the shim lives. Takes a few microseconds. */
export function liveness(runFolder: string): Liveness {
	const descriptor = openReader(runFolder);
	if (descriptor === undefined) return "missing";
	try {
		return hasWriter(descriptor) ? "alive" : "dead";
	} finally {
		closeSync(descriptor);
	}
}

/**
 * Removes the FIFO of a shim that was killed: a program that reads all files of the run, such as grep(1), would wait there.
 *
 * @throws the system's error
 */
export function clearDead(runFolder: string): void {
	if (liveness(runFolder) === "dead") rmSync(`${runFolder}/${ALIVE_FIFO}`, { force: true });
}

/** Waiting for an event takes a descriptor. Some systems allow a process only 256, so beyond this many runs are looked at instead. */
const MOST_DESCRIPTORS = 100;
let descriptors = 0;

/** Between two looks at such a run. The time doubles. */
const FIRST_LOOK_MS = 10;
const LAST_LOOK_MS = 2000;

/**
 * Waits for the end of a live run.
 *
 * @param ended called once, when the shim is gone; never after the returned function was called
 * @returns a function that gives up waiting; or what `liveness` says, when the run is not alive
 */
export function onceDead(runFolder: string, ended: () => void): (() => void) | "dead" | "missing" {
	if (descriptors >= MOST_DESCRIPTORS) {
		const life = liveness(runFolder);
		return life === "alive" ? untilSeen(runFolder, ended) : life;
	}
	const descriptor = openReader(runFolder);
	if (descriptor === undefined) return "missing";
	let socket: Socket | undefined;
	try {
		// A reader that opens the FIFO after the last writer has closed it gets no event, so look before waiting.
		if (!hasWriter(descriptor)) return "dead";
		// Not fs.read: it would occupy one of Node's four worker threads as long as the run lasts.
		socket = new Socket({ fd: descriptor, readable: true, writable: false });
	} finally {
		if (socket === undefined) closeSync(descriptor);
	}
	return untilClosed(socket, ended);
}

/** Calls `ended` once the FIFO has no writer any more. @returns a function that gives up */
function untilClosed(socket: Socket, ended: () => void): () => void {
	socket.on("error", () => {}); // "close" follows
	socket.once("close", ended);
	descriptors++;
	socket.once("close", () => descriptors--);
	socket.resume();
	return () => {
		socket.removeListener("close", ended);
		socket.destroy();
	};
}

/** As `untilClosed`, by looking again and again. */
function untilSeen(runFolder: string, ended: () => void): () => void {
	let timer: NodeJS.Timeout;
	const lookAfter = (ms: number): void => {
		timer = setTimeout(() => (isAlive(runFolder) ? lookAfter(Math.min(ms * 2, LAST_LOOK_MS)) : ended()), ms);
	};
	lookAfter(FIRST_LOOK_MS);
	return () => clearTimeout(timer);
}

/** True also where that cannot be seen, as when no descriptor is left. */
function isAlive(runFolder: string): boolean {
	try {
		return liveness(runFolder) === "alive";
	} catch {
		return true;
	}
}

function openReader(runFolder: string): number | undefined {
	try {
		return openSync(`${runFolder}/${ALIVE_FIFO}`, READ_NOW);
	} catch (error) {
		const errno = errnoOf(error);
		if (errno === "ENOENT" || errno === "ENOTDIR") return undefined;
		throw error;
	}
}

function hasWriter(descriptor: number): boolean {
	try {
		return readSync(descriptor, probe, 0, 1, null) > 0;
	} catch (error) {
		if (errnoOf(error) === "EAGAIN") return true;
		throw error;
	}
}
