/**
 * The folder of `chore serve`: who may come in, and the server's own certificate. Only this file joins its paths. It is the
 * user's own, closed to everybody else, and no link is followed in it: who could write there would be let in.
 */
import {
	closeSync,
	constants,
	fstatSync,
	lstatSync,
	mkdirSync,
	openSync,
	readFileSync,
	realpathSync,
	renameSync,
	rmSync,
	type Stats,
	writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { ChoreError, configFolder, isOwnGroup, isTrustedOwner } from "../../index.ts";

export interface ServeFolder {
	readonly path: string;
	readonly certificate: string;
	readonly key: string;
	readonly clients: string;
	readonly revoked: string;
	readonly authority: string;
	readonly revocations: string;
}

/** More than any list of certificates that a person keeps. */
const LARGEST_FILE_BYTES = 4 * 1024 * 1024;

/** `${XDG_CONFIG_HOME:-~/.config}/chore/serve`. Makes nothing. */
export function serveFolder(): ServeFolder {
	const path = join(configFolder(), "serve");
	return {
		path,
		certificate: `${path}/server.pem`,
		key: `${path}/server.key`,
		clients: `${path}/clients`,
		revoked: `${path}/revoked`,
		authority: `${path}/ca.pem`,
		revocations: `${path}/crl.pem`,
	};
}

/** The certificates of a client. */
export function certificatesFile({ clients }: ServeFolder, name: string): string {
	return `${clients}/${name}.pem`;
}

/** What a client may do. */
export function settingsFile({ clients }: ServeFolder, name: string): string {
	return `${clients}/${name}.toml`;
}

/** Makes the folder and that of the clients. @throws ChoreError CONFIG_INVALID */
export function makeServeFolder(folder: ServeFolder): void {
	for (const path of [folder.path, folder.clients]) if (!checkFolder(path)) mkdirSync(path, { recursive: true, mode: 0o700 });
	checkFolder(folder.clients);
}

/** @returns false if there is none @throws ChoreError CONFIG_INVALID when others could change what it holds */
export function checkFolder(path: string): boolean {
	const found = lstatSync(path, { throwIfNoEntry: false });
	if (found === undefined) return false;
	if (!found.isDirectory()) throw unsafe(`${path} is ${found.isSymbolicLink() ? "a symbolic link" : "not a folder"}`);
	if (found.uid !== process.geteuid?.()) throw unsafe(`${path} belongs to another user (uid ${found.uid})`);
	if ((found.mode & 0o077) !== 0) throw unsafe(`others can use ${path} (mode ${modeOf(found)})`, `chmod 700 '${path}'`);
	for (let above = realpathSync(dirname(path)); ; above = dirname(above)) {
		checkAbove(above);
		if (above === dirname(above)) return true;
	}
}

/** Others must not be able to put another folder in its place. */
function checkAbove(path: string): void {
	const found = lstatSync(path);
	if (!isTrustedOwner(found.uid)) throw unsafe(`${path} belongs to another user (uid ${found.uid})`);
	const isSticky = (found.mode & 0o1000) !== 0;
	const isOpen = (found.mode & 0o002) !== 0 || ((found.mode & 0o020) !== 0 && !isOwnGroup(found.gid));
	if (isOpen && !isSticky) throw unsafe(`others can write to ${path} (mode ${modeOf(found)})`, `chmod go-w '${path}'`);
}

/**
 * Reads a file of the folder.
 * @param options.secret whether others must not even be able to read it
 * @returns undefined if there is none
 * @throws ChoreError CONFIG_INVALID
 */
export function readOwnFile(path: string, options: { readonly secret?: boolean } = {}): string | undefined {
	let descriptor: number;
	try {
		descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
	} catch (error) {
		const code = error instanceof Error && "code" in error ? error.code : undefined;
		if (code === "ENOENT") return undefined;
		throw code === "ELOOP" || code === "EMLINK" ? unsafe(`${path} is a symbolic link`) : unsafe(`cannot read ${path}: ${messageOf(error)}`);
	}
	try {
		const found = fstatSync(descriptor);
		if (!found.isFile()) throw unsafe(`${path} is not a file`);
		if (found.uid !== process.geteuid?.()) throw unsafe(`${path} belongs to another user (uid ${found.uid})`);
		if ((found.mode & (options.secret ? 0o077 : 0o022)) !== 0)
			throw unsafe(`others can ${options.secret ? "read" : "write"} ${path} (mode ${modeOf(found)})`, `chmod 600 '${path}'`);
		if (found.size > LARGEST_FILE_BYTES) throw unsafe(`${path} is too large (${found.size} bytes)`);
		return readFileSync(descriptor, "utf8");
	} finally {
		closeSync(descriptor);
	}
}

/** Writes a whole file, 0600: whoever reads has the content before or after. */
export function writeOwnFile(path: string, content: string): void {
	const temporary = join(dirname(path), `.new-${process.pid}`); // a name that is read as no client's
	try {
		writeFileSync(temporary, content, { mode: 0o600, flag: "wx", flush: true });
		renameSync(temporary, path);
	} catch (error) {
		rmSync(temporary, { force: true });
		throw unsafe(`cannot write ${path}: ${messageOf(error)}`);
	}
}

export function unsafe(message: string, hint?: string): ChoreError {
	return new ChoreError("CONFIG_INVALID", message, hint === undefined ? {} : { hint });
}

export function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

function modeOf({ mode }: Stats): string {
	return (mode & 0o777).toString(8);
}
