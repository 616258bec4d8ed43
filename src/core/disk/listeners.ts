/**
 * The listeners of a session: commands that are given its events. Each has a folder `listeners/<name>`, and a job of its own that
 * feeds it (start/listener.ts). Whoever tells an event that a listener may wait for runs `start` in that folder.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { errnoOf } from "../../../platform/errors.ts";
import type { JobState } from "../job.ts";
import { readNames, readText, writeEmpty } from "./files.ts";
import type { EventKind, LedgerEvent } from "./ledger.ts";
import { isId, isName, jobFolder, listenerFolder, type Session } from "./session.ts";

/** A command that is given the events of a session: `listener.json`. */
export interface Listener {
	readonly name: string;
	/** The job that feeds it, one run at a time. Its output is that of the command. */
	readonly jobId: string;
	readonly command: readonly string[];
	/** The kinds of events that it is given. */
	readonly on: readonly EventKind[];
	/** Of events that tell of a state only these; null: all. */
	readonly states: readonly JobState[] | null;
	/** Only events of jobs whose name fits: "*" stands for any text, "?" for a character. Null: all. */
	readonly job: string | null;
}

export function listenerNames(session: Session): readonly string[] {
	return readNames(session.listeners).filter(isName).sort();
}

/** @returns undefined if there is none, or it is damaged */
export function readListener(session: Session, name: string): Listener | undefined {
	try {
		const listener = JSON.parse(readText(`${listenerFolder(session, name)}/listener.json`) ?? "") as Listener;
		const { jobId, command, on } = listener;
		return isId(jobId) && Array.isArray(command) && Array.isArray(on) ? { ...listener, name } : undefined;
	} catch (error) {
		if (error instanceof SyntaxError) return undefined;
		throw error;
	}
}

/** Whether a job feeds a listener. It tells no listener of its own runs. */
export function isListenersJob(session: Session, id: string): boolean {
	return existsSync(`${jobFolder(session, id)}/listener`);
}

/** The expressions that tell whether a line is for a listener: of its beginning, and of the state in it. For awk and for us. */
export function filterOf({ on, states, job }: Pick<Listener, "on" | "states" | "job">): readonly [head: string, state: string] {
	const name = (job ?? "*").replace(/[^A-Za-z0-9_-]/g, (sign) => ({ "*": '[^"]*', "?": '[^"]' })[sign] ?? `[${sign}]`);
	const head = `^[{]"at":"[^"]*","event":"(${on.join("|")})","id":"[^"]*","run":[0-9]+,"name":"${name}"`;
	return [head, states === null ? "" : `,"state":"(${states.join("|")})"`];
}

/** Whether an event is for a listener. */
export function isFor(listener: Listener, { event, id, name, state }: LedgerEvent): boolean {
	if (id === listener.jobId) return false;
	const [head] = filterOf(listener);
	if (!new RegExp(head).test(`{"at":"","event":"${event}","id":"","run":1,"name":"${name}"`)) return false;
	return listener.states === null || state === undefined || listener.states.includes(state);
}

/** The sessions whose listeners are started at the end of this turn: once, whatever was told until then. */
const due = new Set<string>();

/** Starts the listeners of a session: an event was told. Never fails, and waits for nothing. */
export function wakeListeners(session: Session): void {
	if (due.has(session.listeners) || listenerNames(session).length === 0) return;
	due.add(session.listeners);
	setImmediate(() => {
		due.delete(session.listeners);
		for (const name of listenerNames(session)) start(listenerFolder(session, name));
	});
}

function start(folder: string): void {
	if (!existsSync(`${folder}/start`)) return;
	try {
		writeEmpty(`${folder}/wanted`);
	} catch (error) {
		if (errnoOf((error as Error).cause) === undefined) throw error; // a full disk: the next event comes
	}
	const { PATH = "/usr/bin:/bin", XDG_RUNTIME_DIR } = process.env;
	const child = spawn("/bin/sh", [`${folder}/start`, "leader"], {
		stdio: "ignore",
		detached: true,
		env: { PATH, XDG_RUNTIME_DIR, LC_ALL: "C" },
	});
	child.on("error", () => {}); // no sh, no processes: the next event starts it
	child.unref();
}
