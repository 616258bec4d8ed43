/**
 * The servers that this user has given names: a folder each in `${XDG_CONFIG_HOME:-~/.config}/chore/hosts`, with the files url,
 * server.pem, client.pem and client.key. Only the user may use them, since the key is the user's identity there.
 */
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ChoreError, configFolder } from "../index.ts";
import { readAddress } from "./address.ts";
import type { Credentials } from "./dial.ts";

export interface Host {
	readonly name: string;
	readonly url: string;
	/** The files of the host. */
	readonly folder: string;
	/** The file of the certificate by which the server knows this client; null if there is none. */
	readonly certificate: string | null;
}

const FILES = { ca: "server.pem", certificate: "client.pem", key: "client.key" } as const;

/** Keeps a server under a name. @throws ChoreError INVALID_ARGUMENT, NAME_IN_USE */
export function addHost(name: string, url: string, credentials: Credentials = {}): Host {
	checkName(name);
	readAddress(url);
	const parent = hostsFolder();
	mkdirSync(parent, { recursive: true, mode: 0o700 });
	if (hostNames().includes(name))
		throw new ChoreError("NAME_IN_USE", `there is a host "${name}" already`, { hint: `\`chore host rm ${name}\` forgets it` });
	// Made beside, and put into its place whole. Names of hosts never begin with a dot.
	const made = mkdtempSync(join(parent, ".new-"));
	try {
		write(join(made, "url"), `${url}\n`);
		for (const [part, file] of Object.entries(FILES)) {
			const content = credentials[part as keyof Credentials];
			if (content !== undefined) write(join(made, file), content);
		}
		renameSync(made, join(parent, name));
	} catch (error) {
		rmSync(made, { recursive: true, force: true });
		throw error;
	}
	return hostIn(name);
}

/** The hosts, by name. @throws ChoreError CONFIG_INVALID */
export function listHosts(): readonly Host[] {
	return hostNames().map(hostIn);
}

/** Reads folders only. */
export function hostNames(): readonly string[] {
	try {
		return readdirSync(hostsFolder())
			.filter((name) => NAME.test(name))
			.sort();
	} catch {
		return []; // none was added
	}
}

/** Forgets a host, with its key. @throws ChoreError INVALID_ARGUMENT for an unknown name */
export function removeHost(name: string): Host {
	const host = hostIn(known(name));
	rmSync(host.folder, { recursive: true, force: true });
	return host;
}

/** What is needed to connect to a host. @throws ChoreError INVALID_ARGUMENT for an unknown name, CONFIG_INVALID */
export function openHostFiles(name: string): Credentials & { readonly url: string } {
	const { folder, url } = hostIn(known(name));
	const parts = Object.entries(FILES).map(([part, file]) => [part, read(join(folder, file))]);
	return { ...(Object.fromEntries(parts) as Credentials), url };
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

function checkName(name: string): void {
	if (NAME.test(name)) return;
	throw new ChoreError("INVALID_ARGUMENT", `"${name}" cannot be the name of a host`, {
		hint: "a name is made of letters, digits, dots, dashes and underscores, 64 at most; a URL is written https://, unix: or ssh://",
	});
}

function known(name: string): string {
	checkName(name);
	const names = hostNames();
	if (names.includes(name)) return name;
	const others = names.length === 0 ? "none was added" : `known are ${names.join(", ")}`;
	throw new ChoreError("INVALID_ARGUMENT", `there is no host "${name}": ${others}`, { hint: `chore host add ${name} URL` });
}

function hostIn(name: string): Host {
	const folder = join(hostsFolder(), name);
	checkPrivate(folder);
	const url = read(join(folder, "url"))?.trim();
	if (url === undefined)
		throw new ChoreError("CONFIG_INVALID", `${folder}/url is missing`, { hint: `chore host rm ${name}, and add it again` });
	const certificate = join(folder, FILES.certificate);
	return { name, url, folder, certificate: read(certificate) === undefined ? null : certificate };
}

/** @throws ChoreError CONFIG_INVALID for a folder that others can change */
function checkPrivate(folder: string): void {
	const { uid, mode } = lstatSync(folder);
	const isOurs = process.geteuid === undefined || uid === process.geteuid();
	if (isOurs && (mode & 0o077) === 0) return;
	throw new ChoreError("CONFIG_INVALID", `others can use ${folder}, which may hold a key`, { hint: `chmod 700 ${folder}` });
}

function hostsFolder(): string {
	return join(configFolder(), "hosts");
}

function read(path: string): string | undefined {
	try {
		return readFileSync(path, "utf8");
	} catch (error) {
		if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
		throw new ChoreError("CONFIG_INVALID", `${path} cannot be read: ${error instanceof Error ? error.message : error}`, { cause: error });
	}
}

function write(path: string, content: string | Buffer): void {
	writeFileSync(path, content, { mode: 0o600, flag: "wx" });
}
