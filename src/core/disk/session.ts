/** The paths of the state: a root with a folder for each session, which has a folder for each job. Only this file joins them. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { ChoreError } from "../../../platform/errors.ts";
import { isDoubtful } from "../exact-text.ts";
import { readNames } from "./files.ts";
import { checkPrivateFolder, checkStateRoot, entryAt, makePrivateFolder, makeStateRoot } from "./private-folder.ts";

/** The paths of one session. They need not exist: `makeSession` makes them before the first write. */
export interface Session {
	readonly name: string;
	readonly root: string;
	readonly folder: string;
	readonly jobs: string;
	readonly names: string;
	readonly requests: string;
	readonly active: string;
	readonly schedules: string;
	readonly cursors: string;
	readonly listeners: string;
	readonly trash: string;
	readonly ledger: string;
}

/** Names of jobs and sessions. They are also names of files, and must not lead out of the state folder. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Folders in the root that are no sessions. */
const RESERVED: readonly string[] = ["libexec", "notices"];

/** Whether a word can be the name of a job or a session. Other files in the state folder are ignored. */
export function isName(word: string): boolean {
	return NAME.test(word);
}

/** Whether a word can be the name of a session: a name that chore does not keep for itself. */
export function isSessionName(word: string): boolean {
	return isName(word) && !RESERVED.includes(word);
}

/** @throws ChoreError INVALID_ARGUMENT */
export function checkName(what: "job" | "session" | "cursor" | "listener", name: string): string {
	if (isName(name)) return name;
	throw new ChoreError(
		"INVALID_ARGUMENT",
		`${JSON.stringify(name.length > 70 ? `${name.slice(0, 70)}…` : name)} cannot be the name of a ${what}`,
		{
			hint: "a name has 1 to 64 of A-Z a-z 0-9 . _ - and begins with a letter or digit",
		},
	);
}

/** The root of all state: `$CHORE_HOME`, else `${XDG_STATE_HOME:-~/.local/state}/chore`. */
export function stateRoot(environment: NodeJS.ProcessEnv = process.env): string {
	const asked = environment["CHORE_HOME"];
	if (asked) return absolute("CHORE_HOME", asked);
	const xdg = environment["XDG_STATE_HOME"];
	if (xdg && isAbsolute(xdg)) return join(xdg, "chore");
	const home = environment["HOME"] || homeOfUser();
	if (home !== undefined) return join(absolute("HOME", home), ".local", "state", "chore");
	throw new ChoreError("STATE_UNUSABLE", "there is no folder to keep state in: HOME is not set, and the system does not know this user", {
		hint: "set CHORE_HOME or HOME to an absolute path",
	});
}

/** The home of passwd(5); undefined for a user without an entry, as in many containers. */
function homeOfUser(): string | undefined {
	try {
		return homedir();
	} catch {
		return undefined;
	}
}

/** The session of this name. Makes nothing, but refuses folders that others could write to. @throws ChoreError */
export function openSession(root: string, name: string): Session {
	if (RESERVED.includes(checkName("session", name))) {
		throw new ChoreError("INVALID_ARGUMENT", `"${name}" is a name that chore keeps for itself`, { hint: "choose another --session" });
	}
	const folder = join(absolute("the state folder", root), name);
	const session: Session = {
		name,
		root,
		folder,
		jobs: `${folder}/jobs`,
		names: `${folder}/names`,
		requests: `${folder}/requests`,
		active: `${folder}/active`,
		schedules: `${folder}/schedules`,
		cursors: `${folder}/cursors`,
		listeners: `${folder}/listeners`,
		trash: `${folder}/trash`,
		ledger: `${folder}/ledger.jsonl`,
	};
	if (checkStateRoot(root) && checkPrivateFolder(folder)) for (const part of partsOf(session)) checkPrivateFolder(part);
	return session;
}

/** The names of the sessions that have ever had a job. */
export function sessionNames(root: string): string[] {
	return sessionFolders(root).filter((name) => existsSync(`${root}/${name}/jobs`));
}

/** Entries of the root that may be sessions: the name fits and it is no file. They may be unusable. */
export function sessionFolders(root: string): string[] {
	return readNames(root)
		.filter((name) => isSessionName(name) && entryAt(`${root}/${name}`)?.isFile() === false)
		.sort();
}

/** Makes the folders of a session before the first write. */
export function makeSession(session: Session): void {
	if (checkPrivateFolder(session.trash)) return;
	makeStateRoot(session.root);
	makePrivateFolder(session.folder);
	for (const folder of partsOf(session)) makePrivateFolder(folder);
}

/** `trash` comes last: `makeSession` takes its existence as a sign that all exist. */
function partsOf({ jobs, names, active, schedules, trash }: Session): readonly string[] {
	return [jobs, names, active, schedules, trash];
}

/** Whether a word is the full id of a job, in lower case as in names of folders. */
export function isId(word: string): boolean {
	return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(word);
}

/** The ids of the jobs with an active mark; see mark.ts. */
export function activeIds(session: Session): string[] {
	return readNames(session.active).filter(isId);
}

/** The ids of the jobs that a schedule runs; see mark.ts. */
export function scheduledIds(session: Session): string[] {
	return readNames(session.schedules).filter(isId);
}

export function jobFolder(session: Session, id: string): string {
	return `${session.jobs}/${id}`;
}

/** The active mark of a job; see mark.ts. */
export function markOf(session: Session, id: string): string {
	return `${session.active}/${id}`;
}

/** The mark of a job that a schedule runs; see mark.ts. */
export function scheduleMarkOf(session: Session, id: string): string {
	return `${session.schedules}/${id}`;
}

/** Where a reader of the ledger stands; see look/cursor.ts. */
export function cursorOf(session: Session, name: string): string {
	return `${session.cursors}/${name}`;
}

/** A listener; see listeners.ts. */
export function listenerFolder(session: Session, name: string): string {
	return `${session.listeners}/${name}`;
}

/** What a schedule needs to run its job. */
export function scheduleFolder(session: Session, id: string): string {
	return `${session.jobs}/${id}/schedule`;
}

/** What the runs have after the settings of a job were changed: the first are those that it was made with, and lie in its folder. */
export function settingsFolder(session: Session, id: string, settings: number): string {
	return settings === 1 ? jobFolder(session, id) : `${changedSettings(session, id)}/${settings}`;
}

/** What the runs of a schedule are made of. */
export function templateFolder(session: Session, id: string, settings: number): string {
	return settings === 1 ? scheduleFolder(session, id) : settingsFolder(session, id, settings);
}

/** Has a folder for each settings that the job has had, once they are changed; `1` holds only the record of the first. */
export function changedSettings(session: Session, id: string): string {
	return `${jobFolder(session, id)}/settings`;
}

export function runFolder(session: Session, id: string, run: number): string {
	return `${session.jobs}/${id}/runs/${run}`;
}

function absolute(variable: string, path: string): string {
	// Node has read what is not UTF-8 as U+FFFD: that would be another folder, which nobody asked for.
	if (!path.isWellFormed() || isDoubtful(path)) {
		throw new ChoreError("STATE_UNUSABLE", `${variable} must be UTF-8, not ${JSON.stringify(path.toWellFormed())}`, {
			hint: "chore keeps its state there; CHORE_HOME chooses another folder",
		});
	}
	if (isAbsolute(path) && !path.includes("\n")) return path.replace(/(.)\/+$/, "$1");
	throw new ChoreError("STATE_UNUSABLE", `${variable} must be an absolute path, not ${JSON.stringify(path)}`, {
		hint: "chore keeps its state there",
	});
}
