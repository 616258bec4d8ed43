/**
 * Who may come in: a table of clients, and the reader that makes it of the folder. A client whose files cannot be read is not
 * let in with less or more than it should have, but not at all; the others are.
 */
import { readdirSync } from "node:fs";
import { isChoreError, isSessionName } from "../../index.ts";
import { certificatesFile, checkFolder, messageOf, readOwnFile, type ServeFolder, settingsFile } from "./folder.ts";
import { readCertificates } from "./pem.ts";
import { readSettings, type Settings } from "./settings.ts";
import { type CertificateFacts, factsOf, readFingerprint } from "./shown.ts";

export interface Client {
	readonly name: string;
	readonly certificates: readonly CertificateFacts[];
	readonly settings: Settings;
}

export class Pool {
	readonly clients: readonly Client[];
	readonly byFingerprint: ReadonlyMap<string, Client>;
	readonly revoked: ReadonlySet<string>;
	/** Fingerprints that are in the pool, but let nobody in, and why. */
	readonly barred: ReadonlyMap<string, string>;
	/** Whether an authority vouches for clients by their names. */
	readonly hasAuthority: boolean;
	/** Whether a client may come by its password. */
	readonly takesPasswords: boolean;
	/** Why nobody at all is let in; else undefined. */
	readonly closed: string | undefined;
	/** What is wrong in the folder, for whoever keeps the server. */
	readonly faults: readonly string[];
	/** In lower case: file systems may not tell Alice from alice, so neither does the pool. Those that cannot be read, too. */
	readonly #names: ReadonlySet<string>;

	constructor(found: {
		readonly clients: readonly Client[];
		readonly names?: readonly string[];
		readonly revoked?: readonly string[];
		readonly barred?: ReadonlyMap<string, string>;
		readonly hasAuthority?: boolean;
		readonly closed?: string | undefined;
		readonly faults?: readonly string[];
	}) {
		this.clients = found.clients;
		this.revoked = new Set(found.revoked);
		this.hasAuthority = found.hasAuthority ?? false;
		this.takesPasswords = this.clients.some(({ settings }) => settings.password !== undefined);
		this.closed = found.closed;
		this.#names = new Set([...(found.names ?? []), ...this.clients.map(({ name }) => name)].map((name) => name.toLowerCase()));
		const byFingerprint = new Map<string, Client>();
		const several = new Map<string, string>();
		for (const client of this.clients) {
			for (const { fingerprint } of client.certificates) {
				const other = byFingerprint.get(fingerprint);
				if (other === undefined || other === client) byFingerprint.set(fingerprint, client);
				else
					several.set(fingerprint, `${other.name} and ${client.name} have the same certificate ${fingerprint}, so it is that of neither`);
			}
		}
		this.byFingerprint = byFingerprint;
		this.barred = new Map([...(found.barred ?? []), ...several]);
		this.faults = [...(found.faults ?? []), ...several.values()];
	}

	/** Whether a client is called so, upper and lower case being the same. */
	has(name: string): boolean {
		return this.#names.has(name.toLowerCase());
	}

	/** The client of this name, if it may come by a password. */
	withPassword(name: string): Client | undefined {
		return this.clients.find((client) => client.name === name && client.settings.password !== undefined);
	}
}

/** Reads the folder. Never throws for what is in it: that is among the faults. */
export function readPool(folder: ServeFolder): Pool {
	const faults: string[] = [];
	const names: string[] = [];
	const clients: Client[] = [];
	const barred = new Map<string, string>();
	try {
		checkFolder(folder.path);
		if (checkFolder(folder.clients)) names.push(...clientNames(folder));
		const revoked = readRevoked(folder, faults);
		const hasAuthority = readOwnFile(folder.authority) !== undefined;
		for (const name of names) {
			try {
				clients.push(readClient(folder, name));
			} catch (error) {
				faults.push(`${name} is not let in: ${sentence(error)}`);
				for (const fingerprint of fingerprintsOf(folder, name)) barred.set(fingerprint, `the server cannot read what ${name} may do`);
			}
		}
		return new Pool({ clients, names, revoked, barred, hasAuthority, faults });
	} catch (error) {
		const closed = sentence(error);
		return new Pool({ clients: [], closed, faults: [`nobody is let in: ${closed}`] });
	}
}

/** Those that have a file, by name. */
function clientNames(folder: ServeFolder): readonly string[] {
	const found = readdirSync(folder.clients).flatMap((file) => /^(.+)\.(?:pem|toml)$/.exec(file)?.[1] ?? []);
	return [...new Set(found)].filter(isSessionName).sort();
}

/** One client. @throws ChoreError */
export function readClient(folder: ServeFolder, name: string): Client {
	const [certificates, settings] = [certificatesFile(folder, name), settingsFile(folder, name)];
	const pem = readOwnFile(certificates);
	const toml = readOwnFile(settings);
	return {
		name,
		certificates: pem === undefined ? [] : readCertificates(pem, certificates).map(factsOf),
		settings: readSettings(name, toml, settings),
	};
}

/** Those of a client whose settings cannot be read: an authority must not let it in as another one meanwhile. */
function fingerprintsOf(folder: ServeFolder, name: string): readonly string[] {
	const path = certificatesFile(folder, name);
	try {
		return readCertificates(readOwnFile(path) ?? "", path).map((one) => factsOf(one).fingerprint);
	} catch {
		return []; // that is told already
	}
}

/** One fingerprint a line; `#` begins a comment. */
function readRevoked({ revoked }: ServeFolder, faults: string[]): readonly string[] {
	const lines = (readOwnFile(revoked) ?? "").split("\n").map((line) => line.replace(/#.*/, "").trim());
	return lines.flatMap((line, index) => {
		const fingerprint = readFingerprint(line);
		if (fingerprint === undefined && line !== "") faults.push(`${revoked}:${index + 1} is no fingerprint: ${line}`);
		return fingerprint ?? [];
	});
}

function sentence(error: unknown): string {
	if (isChoreError(error)) return error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
	return messageOf(error);
}
