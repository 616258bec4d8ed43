/**
 * Makes certificates (RFC 5280) that are signed with their own key: for the server, which its clients pin, and for clients,
 * which the server keeps in its pool. Nothing is written. Keys are EC P-256, which every TLS library takes.
 */
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import { ChoreError } from "../../index.ts";
import { bitString, explicit, identifier, implicit, integer, octetString, sequence, set, TRUE, time, utf8String } from "./der.ts";

export interface Wanted {
	/** The CommonName, 1 to 64 characters. */
	readonly name: string;
	readonly usage: "server" | "client";
	/** Of a server: the names and addresses by which it is reached. */
	readonly hosts?: readonly string[];
	readonly from: Date;
	readonly until: Date;
}

/** Both as PEM. */
export interface Pair {
	readonly certificate: string;
	readonly key: string;
}

const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
const COMMON_NAME = "2.5.4.3";
const USAGES = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" };
const EXTENSIONS = {
	keyIdentifier: "2.5.29.14",
	keyUsage: "2.5.29.15",
	names: "2.5.29.17",
	constraints: "2.5.29.19",
	purposes: "2.5.29.37",
};

/** Makes a key and its certificate. @throws ChoreError INVALID_ARGUMENT for a host that is neither a name nor an address */
export function makeCertificate({ name, usage, hosts = [], from, until }: Wanted): Pair {
	const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
	const subject = sequence(set(sequence(identifier(COMMON_NAME), utf8String(name))));
	const key = publicKey.export({ format: "der", type: "spki" });
	const serial = randomBytes(16);
	serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40; // positive, and always 16 bytes
	const algorithm = sequence(identifier(ECDSA_WITH_SHA256));
	const extensions = [
		extension(EXTENSIONS.constraints, sequence(), { critical: true }), // no authority
		extension(EXTENSIONS.keyUsage, bitString(Buffer.from([0x80]), 7), { critical: true }), // digitalSignature
		extension(EXTENSIONS.purposes, sequence(identifier(USAGES[usage]))),
		extension(EXTENSIONS.keyIdentifier, octetString(createHash("sha1").update(key).digest())),
		...(hosts.length === 0 ? [] : [extension(EXTENSIONS.names, sequence(...hosts.map(alternativeName)))]),
	];
	const body = sequence(
		explicit(0, integer(Buffer.from([2]))), // version 3
		integer(serial),
		algorithm,
		subject, // the issuer
		sequence(time(from), time(until)),
		subject,
		key,
		explicit(3, sequence(...extensions)),
	);
	const signed = sequence(body, algorithm, bitString(sign("sha256", body, privateKey)));
	return { certificate: pem(signed), key: privateKey.export({ format: "pem", type: "pkcs8" }).toString() };
}

function extension(id: string, value: Uint8Array, { critical = false } = {}): Buffer {
	return sequence(identifier(id), ...(critical ? [TRUE] : []), octetString(value));
}

/** A host as GeneralName: [7] an address, [2] a name. */
function alternativeName(host: string): Buffer {
	const kind = isIP(host);
	if (kind === 4) return implicit(7, Buffer.from(host.split(".").map(Number)));
	if (kind === 6 && !host.includes("%")) return implicit(7, ipv6(host));
	const name = domainToASCII(host);
	if (/^(\*\.)?[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?$/i.test(name)) return implicit(2, Buffer.from(name));
	throw new ChoreError("INVALID_ARGUMENT", `${JSON.stringify(host)} is neither the name of a host nor its address`, {
		hint: "a certificate is for names such as build.example.org and addresses such as 192.0.2.7, without a port",
	});
}

/** The 16 bytes of an address. URL writes it in its canonical form, in which the last four bytes are no decimals. */
function ipv6(address: string): Buffer {
	const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
	const groups = (text: string | undefined) => (text ? text.split(":") : []);
	const missing = 8 - groups(head).length - groups(tail).length;
	const all = [...groups(head), ...Array<string>(missing).fill("0"), ...groups(tail)];
	return Buffer.from(all.map((group) => group.padStart(4, "0")).join(""), "hex");
}

function pem(der: Buffer): string {
	return `-----BEGIN CERTIFICATE-----\n${der.toString("base64").replace(/(.{64})(?=.)/g, "$1\n")}\n-----END CERTIFICATE-----\n`;
}
