/** What `chore serve --check` finds: whether a server could be started here. Starts none and changes nothing. */
import { lstatSync } from "node:fs";
import { dirname } from "node:path";
import { isChoreError } from "../index.ts";
import { defaultSocket } from "./doors/unix.ts";
import { serveFolder } from "./identity/folder.ts";
import { daysLeft, FEW_DAYS } from "./identity/gate.ts";
import { Identity } from "./identity/identity.ts";
import { type ClientCertificate, listClients } from "./identity/keep.ts";
import { configuredLimits } from "./limits.ts";

/** One thing that was looked at. */
export interface Examined {
	readonly what: "node" | "socket" | "folder" | "settings" | "certificate" | "client";
	/** A note is about what is missing or soon over for those who come from other machines. */
	readonly level: "ok" | "note" | "problem";
	readonly says: string;
	/** What mends it, or null. */
	readonly cure: string | null;
}

type Look = Pick<Examined, "says"> & Partial<Examined>;

/** The first line of Node in which holes of TLS and HTTP/2 are still mended. */
const SAFE_NODE = 22;

/** @param socket the path of the unix socket; default the usual one */
export function examine(socket: string | undefined): readonly Examined[] {
	const folder = serveFolder();
	const settings = `${folder.path}/config.toml`;
	return [
		looked("node", "note", () => ({
			says: process.versions.node,
			...said("note", nodeWarning(), `Node ${SAFE_NODE} or later for --listen`),
		})),
		looked("socket", "problem", () => privateFolder(dirname(socket ?? defaultSocket()))),
		looked("folder", "problem", () => privateFolder(folder.path)),
		looked("settings", "problem", () => {
			configuredLimits(settings);
			return { says: settings };
		}),
		looked("certificate", "note", () => {
			using identity = new Identity(folder, { log: () => {} });
			const says = `${folder.certificate}, until ${identity.validTo.toISOString().slice(0, 10)}`;
			return { says, ...said("problem", certificateWarning(identity.validTo), "chore cert init --force") };
		}),
		...clients(),
	];
}

/** Those who may come in from other machines, each by each of its certificates; and who is not let in, and why. */
function clients(): readonly Examined[] {
	const { clients, faults } = listClients();
	return [...clients.map(clientLine), ...faults.map((says): Examined => ({ what: "client", level: "problem", says, cure: null }))];
}

function clientLine({ client, role, fingerprint, endsAt, daysLeft, revoked, password }: ClientCertificate): Examined {
	const ways = [...(endsAt === null ? [] : [`by a certificate until ${endsAt.slice(0, 10)}`]), ...(password ? ["by a password"] : [])];
	const says = `${client} (${role}) comes in ${ways.join(" or ")}`;
	const one = { what: "client", level: "ok", says, cure: null } as const;
	if (ways.length === 0) return { ...one, level: "note", says: `${client} (${role}) has neither a certificate nor a password` };
	if (revoked) return { ...one, level: "note", says: `a certificate of ${client} is revoked: ${fingerprint}` };
	if (daysLeft === null || daysLeft >= FEW_DAYS) return one;
	return {
		...one,
		level: "note",
		says: daysLeft < 0 ? `a certificate of ${client} has ended: ${fingerprint}` : `${says}: in ${daysLeft} days`,
		cure: `chore cert new ${client}, or a new one of its own by chore cert add ${client} FILE`,
	};
}

/** What a server that others can connect to should be told of this Node; undefined if nothing. */
export function nodeWarning(version: string = process.versions.node): string | undefined {
	if (Number.parseInt(version, 10) >= SAFE_NODE) return undefined;
	return `Node ${version} gets no fixes of its TLS and HTTP/2 any more: where others can connect, Node ${SAFE_NODE} or later is safer`;
}

/** The same of the server's certificate. */
export function certificateWarning(validTo: Date, nowMs: number = Date.now()): string | undefined {
	const days = daysLeft({ validToMs: validTo.getTime() }, nowMs);
	if (days >= FEW_DAYS) return undefined;
	return days < 0 ? "the server's certificate has ended" : `the server's certificate ends in ${days} days`;
}

function privateFolder(path: string): Look {
	const found = lstatSync(path, { throwIfNoEntry: false });
	if (found === undefined) return { says: `${path}, not there yet` };
	if (!found.isDirectory() || found.uid !== process.geteuid?.()) return { says: `${path} is no folder of yours`, level: "problem" };
	if ((found.mode & 0o077) === 0) return { says: path };
	return { says: `others can use ${path} (mode ${(found.mode & 0o777).toString(8)})`, level: "problem", cure: `chmod 700 '${path}'` };
}

function said(level: Examined["level"], warning: string | undefined, cure: string): Partial<Examined> {
	return warning === undefined ? {} : { level, says: warning, cure };
}

/** @param level how bad it is when the look itself fails */
function looked(what: Examined["what"], level: Examined["level"], look: () => Look): Examined {
	try {
		return { what, level: "ok", cure: null, ...look() };
	} catch (error) {
		if (!isChoreError(error)) throw error;
		return { what, level, says: error.message, cure: error.hint ?? null };
	}
}
