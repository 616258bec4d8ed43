/**
 * What `chore cert` and `chore serve passwd` do in the folder of the server. A running server sees each change by itself. The
 * order of the writes never gives anybody more than what was asked for, whenever the server looks.
 */
import { X509Certificate } from "node:crypto";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { ChoreError, isSessionName } from "../../index.ts";
import type { Role } from "../caller.ts";
import { makeCertificate } from "./certificate.ts";
import { certificatesFile, makeServeFolder, messageOf, readOwnFile, serveFolder, settingsFile, writeOwnFile } from "./folder.ts";
import { daysLeft } from "./gate.ts";
import { hashPassword } from "./password.ts";
import { readCertificates } from "./pem.ts";
import { type Client, readClient, readPool } from "./pool.ts";
import { changeSettings, readSettings } from "./settings.ts";
import { type CertificateFacts, factsOf, faultOf, readFingerprint } from "./shown.ts";

/** A client of `chore serve` by one of its certificates; or by its password, if it has none. */
export interface ClientCertificate {
	readonly client: string;
	readonly role: Role;
	/** The client's own first; "*" is any. */
	readonly sessions: readonly string[];
	/** SHA-256 of the certificate, 64 hexadecimal digits; null without one. */
	readonly fingerprint: string | null;
	/** When the certificate ends, as RFC 3339; null without one. */
	readonly endsAt: string | null;
	readonly daysLeft: number | null;
	readonly revoked: boolean;
	/** Whether it may come by a password, too. */
	readonly password: boolean;
}

/** The certificate that `cert init` made for the server. */
export interface ServerCertificate {
	/** The paths of the two files. */
	readonly certificate: string;
	readonly key: string;
	/** The names and addresses by which the server is reached. */
	readonly hosts: readonly string[];
	readonly fingerprint: string;
	readonly endsAt: string;
}

/** A client that `cert new` made, and the paths of the two files to be given to it. */
export type NewClient = ClientCertificate & { readonly certificate: string; readonly key: string };

/** What a client may do; what is not there stays as it is. */
export interface Rights {
	readonly role?: Role | undefined;
	readonly sessions?: readonly string[] | undefined;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** The most that Apple's systems take of a server. */
const SERVER_DAYS = 825;
const CLIENT_DAYS = 400;
/** Every server is reached by these from its own machine. */
const LOCAL: readonly string[] = ["localhost", "127.0.0.1", "::1"];

/** Makes the server's certificate. @throws ChoreError NAME_IN_USE if there is one and `force` is not given */
export function initServer(hosts: readonly string[], { force = false } = {}): ServerCertificate {
	const folder = serveFolder();
	if (!force && (existsSync(folder.certificate) || existsSync(folder.key))) {
		throw new ChoreError("NAME_IN_USE", `the server has a certificate already, ${folder.certificate}`, {
			hint: "--force makes another one; each client must then be given that",
		});
	}
	const all = [...new Set([...(hosts.length === 0 ? [hostname()] : hosts), ...LOCAL])];
	const { from, until } = term(SERVER_DAYS);
	const made = makeCertificate({ name: (all[0] ?? "").slice(0, 64), usage: "server", hosts: all, from, until });
	makeServeFolder(folder);
	writeOwnFile(folder.key, made.key);
	writeOwnFile(folder.certificate, made.certificate);
	const { fingerprint, validToMs } = factsOf(new X509Certificate(made.certificate));
	return { certificate: folder.certificate, key: folder.key, hosts: all, fingerprint, endsAt: new Date(validToMs).toISOString() };
}

/**
 * Makes a key and a certificate for somebody else, and lets them in.
 * @param directory where the two files are written, `NAME.pem` and `NAME.key`
 */
export function newClient(name: string, directory: string, rights: Rights): NewClient {
	checkClient(name);
	const { certificate, key } = makeCertificate({ name, usage: "client", ...term(CLIENT_DAYS) });
	const files = { certificate: join(directory, `${name}.pem`), key: join(directory, `${name}.key`) };
	writeNew(files.key, key, 0o600);
	const made = [files.key];
	try {
		writeNew(files.certificate, certificate, 0o644);
		made.push(files.certificate);
		return { ...letIn(name, certificate, rights), ...files };
	} catch (error) {
		for (const path of made) rmSync(path, { force: true });
		throw error;
	}
}

/** Makes a key and a self-signed certificate by which servers know this user. */
export function ownCertificate(name: string): { readonly certificate: string; readonly key: string } {
	return makeCertificate({ name, usage: "client", ...term(CLIENT_DAYS) });
}

/** Lets in whoever has the key of a certificate. @param what where the text is from, for messages */
export function addClient(name: string, text: string, what: string, rights: Rights): ClientCertificate {
	checkClient(name);
	const [own, ...others] = readCertificates(text, what);
	if (own === undefined) throw new Error("no certificate was read, nor was that an error");
	if (others.length > 0) {
		throw new ChoreError(
			"INVALID_ARGUMENT",
			`${what} holds ${others.length + 1} certificates: whoever has the key of any of them would be let in`,
			{
				hint: "give the client's own alone, without those that issued it",
			},
		);
	}
	const facts = factsOf(own);
	const fault = faultOf(facts, Date.now());
	if (fault !== undefined) throw new ChoreError("INVALID_ARGUMENT", fault);
	return letIn(name, own.toString(), rights);
}

/** All clients, a line for each certificate; and what is wrong in the folder. */
export function listClients(): { readonly clients: readonly ClientCertificate[]; readonly faults: readonly string[] } {
	const pool = readPool(serveFolder());
	return { clients: pool.clients.flatMap((client) => linesOf(client, pool.revoked)), faults: pool.faults };
}

/**
 * Lets a client in no more; or not by one of its certificates.
 * @param only the beginning of the fingerprint of that one
 * @param revoke whether the certificates are also put on the list of those that are never let in again
 * @throws ChoreError INVALID_ARGUMENT if there is no such client or certificate
 */
export function removeClient(
	name: string,
	options: { readonly only?: string | undefined; readonly revoke?: boolean },
): readonly ClientCertificate[] {
	const folder = serveFolder();
	const [pem, toml] = [certificatesFile(folder, name), settingsFile(folder, name)];
	if (!isSessionName(name) || !(existsSync(pem) || existsSync(toml))) throw unknown(name);
	const { only } = options;
	const isMeant = ({ fingerprint }: CertificateFacts) =>
		only === undefined || fingerprint.startsWith(readFingerprint(only) ?? only.toLowerCase());
	const client = known(name, only !== undefined || options.revoke === true);
	const gone = client?.certificates.filter(isMeant) ?? [];
	if (only !== undefined && gone.length !== 1)
		throw new ChoreError(
			"INVALID_ARGUMENT",
			`${gone.length === 0 ? "no certificate" : "more than one certificate"} of ${name} begins with ${only}`,
			{
				hint: "`chore cert ls` shows the fingerprints",
			},
		);
	if (options.revoke) revoke(gone, name);
	const rest = client?.certificates.filter((one) => !gone.includes(one)) ?? [];
	if (only !== undefined && (rest.length > 0 || client?.settings.password !== undefined)) {
		const kept = readCertificates(readOwnFile(pem) ?? "", pem).filter((one) =>
			rest.some(({ fingerprint }) => fingerprint === factsOf(one).fingerprint),
		);
		if (kept.length === 0) rmSync(pem);
		else writeOwnFile(pem, kept.map(String).join(""));
	} else {
		// Its settings last: without them it would have those of every client for a moment.
		rmSync(pem, { force: true });
		rmSync(toml, { force: true });
	}
	return client === undefined ? [] : linesOf({ ...client, certificates: gone }, readPool(folder).revoked);
}

/** Lets a client come by a password; undefined takes it away. */
export async function setPassword(name: string, password: string | undefined): Promise<void> {
	checkClient(name);
	if (password !== undefined && [...password].length < LEAST_PASSWORD)
		throw new ChoreError("INVALID_ARGUMENT", `a password has ${LEAST_PASSWORD} characters or more`);
	const folder = serveFolder();
	if (password === undefined && readOwnFile(settingsFile(folder, name)) === undefined) throw unknown(name);
	makeServeFolder(folder);
	change(name, { password: password === undefined ? undefined : await hashPassword(password) });
}

const LEAST_PASSWORD = 12;

/** Adds a certificate to those of a client. */
function letIn(name: string, certificate: string, { role, sessions }: Rights): ClientCertificate {
	const folder = serveFolder();
	makeServeFolder(folder);
	const added = factsOf(new X509Certificate(certificate));
	const pool = readPool(folder);
	const owner = pool.byFingerprint.get(added.fingerprint);
	if (owner !== undefined) throw new ChoreError("NAME_IN_USE", `this certificate is that of ${owner.name} already`);
	if (pool.revoked.has(added.fingerprint))
		throw new ChoreError("INVALID_ARGUMENT", `the certificate ${added.fingerprint} is revoked`, { hint: `${folder.revoked} has the list` });
	const twin = pool.clients.find((client) => client.name !== name && client.name.toLowerCase() === name.toLowerCase());
	if (twin !== undefined)
		throw new ChoreError("NAME_IN_USE", `there is a client ${twin.name}, and names differ by more than upper and lower case`);
	if (role !== undefined || sessions !== undefined)
		change(name, { ...(role === undefined ? {} : { role }), ...(sessions === undefined ? {} : { sessions }) });
	const path = certificatesFile(folder, name);
	const before = readOwnFile(path) ?? "";
	if (before !== "") readCertificates(before, path);
	writeOwnFile(path, before.replace(/([^\n])$/, "$1\n") + certificate);
	return line(readClient(folder, name), added, pool.revoked);
}

function change(name: string, changes: Readonly<Record<string, string | readonly string[] | undefined>>): void {
	const path = settingsFile(serveFolder(), name);
	const text = changeSettings(readOwnFile(path) ?? "", path, changes);
	readSettings(name, text, path); // what cannot be read would shut the client out
	writeOwnFile(path, text);
}

/** The client as it is. Whoever is only removed may have files that cannot be read: undefined. */
function known(name: string, isNeeded: boolean): Client | undefined {
	try {
		return readClient(serveFolder(), name);
	} catch (error) {
		if (isNeeded) throw error;
		return undefined;
	}
}

function revoke(certificates: readonly CertificateFacts[], name: string): void {
	const { revoked } = serveFolder();
	const before = (readOwnFile(revoked) ?? "").replace(/([^\n])$/, "$1\n");
	writeOwnFile(revoked, before + certificates.map(({ fingerprint }) => `${fingerprint} # ${name}\n`).join(""));
}

function linesOf(client: Client, revoked: ReadonlySet<string>): readonly ClientCertificate[] {
	return client.certificates.length === 0
		? [line(client, undefined, revoked)]
		: client.certificates.map((one) => line(client, one, revoked));
}

function line(
	{ name, settings: { role, sessions, password } }: Client,
	facts: CertificateFacts | undefined,
	revoked: ReadonlySet<string>,
): ClientCertificate {
	return {
		client: name,
		role,
		sessions,
		fingerprint: facts?.fingerprint ?? null,
		endsAt: facts === undefined ? null : new Date(facts.validToMs).toISOString(),
		daysLeft: facts === undefined ? null : daysLeft(facts, Date.now()),
		revoked: facts !== undefined && revoked.has(facts.fingerprint),
		password: password !== undefined,
	};
}

/** From now on, to the second. */
function term(days: number): { readonly from: Date; readonly until: Date } {
	const now = Date.now();
	// A machine whose clock is a little behind takes it, too.
	return { from: new Date(now - DAY_MS / 24), until: new Date(now + days * DAY_MS) };
}

function writeNew(path: string, content: string, mode: number): void {
	try {
		writeFileSync(path, content, { mode, flag: "wx" });
	} catch (error) {
		const isThere = error instanceof Error && "code" in error && error.code === "EEXIST";
		throw new ChoreError("INVALID_ARGUMENT", isThere ? `${path} is there already` : `cannot write ${path}: ${messageOf(error)}`, {
			hint: "--directory writes the two files elsewhere",
		});
	}
}

function checkClient(name: string): void {
	if (isSessionName(name)) return;
	throw new ChoreError("INVALID_ARGUMENT", `${JSON.stringify(name)} cannot be the name of a client`, {
		hint: "it is that of its session, too: 1 to 64 of A-Z a-z 0-9 . _ -, and a letter or digit first",
	});
}

function unknown(name: string): ChoreError {
	return new ChoreError("INVALID_ARGUMENT", `there is no client ${JSON.stringify(name)}`, { hint: "`chore cert ls` lists them" });
}
