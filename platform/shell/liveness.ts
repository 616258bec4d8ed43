/**
 * Whether a run is alive: the FIFO `alive`, whose only write end is held by the shim. It needs no pid, knows no other
 * boot, and turns at the very moment of a SIGKILL. Opening it to write instead would be deceived by whoever waits for it.
 */
import { closeSync, constants, openSync, readSync } from "node:fs";
import { Socket } from "node:net";
import { errnoOf } from "../errors.ts";

/** "missing": the FIFO, and with it everything that could run, does not exist (yet, or any more). */
export type Liveness = "alive" | "dead" | "missing";

/** The name of the FIFO in the run's folder. */
export const ALIVE_FIFO = "alive";

const READ_NOW: number = constants.O_RDONLY | constants.O_NONBLOCK;
const probe = Buffer.alloc(1);

/** Tells whether the shim lives. Takes some microseconds. */
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
 * Waits for the end of a live run.
 *
 * @param ended called once, when the shim is gone; never after the return value was called
 * @returns what gives up waiting; or what `liveness` says, when there is nothing to wait for
 */
export function onceDead(runFolder: string, ended: () => void): (() => void) | "dead" | "missing" {
	const descriptor = openReader(runFolder);
	if (descriptor === undefined) return "missing";
	// A reader that came after the last writer left gets no event at all: hence the look before the wait.
	if (!hasWriter(descriptor)) {
		closeSync(descriptor);
		return "dead";
	}
	// Not fs.read: it would block one of four worker threads for as long as the run lasts.
	const socket = new Socket({ fd: descriptor, readable: true, writable: false });
	socket.on("error", () => {}); // followed by "close" like any other end
	socket.once("close", ended);
	socket.resume();
	return () => {
		socket.removeListener("close", ended);
		socket.destroy();
	};
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
