/**
 * Reads certificates and keys from PEM, block by block: OpenSSL reads the first certificate of a text and passes over the
 * rest, a private key included. What it refuses is said in a sentence. Pure.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { ChoreError } from "../../index.ts";
import type { Pair } from "./certificate.ts";

/** @param what the file, for messages @throws ChoreError INVALID_ARGUMENT if it is anything but certificates, one at least */
export function readCertificates(text: string, what: string): readonly X509Certificate[] {
	const blocks = blocksOf(text, what);
	if (blocks.some(({ label }) => label.endsWith("PRIVATE KEY")))
		throw wrong(`${what} holds a private key, which must stay with its owner`, "give the certificate alone");
	const certificates = blocks.filter(({ label }) => label === "CERTIFICATE" || label === "X509 CERTIFICATE");
	if (certificates.length === 0)
		throw wrong(`${what} holds no certificate in PEM`, "`openssl x509 -inform DER -in FILE` prints one that is in DER as PEM");
	return certificates.map(({ bytes }) => certificateOf(bytes, what));
}

/** Checks that a key is that of a certificate. @throws ChoreError INVALID_ARGUMENT */
export function checkPair({ certificate, key }: Pair, names: { readonly certificate: string; readonly key: string }): X509Certificate {
	const [own] = readCertificates(certificate, names.certificate);
	if (own === undefined) throw new Error("no certificate was read, nor was that an error");
	if (!own.checkPrivateKey(privateKeyOf(key, names.key)))
		throw wrong(`${names.key} is not the key of the certificate ${names.certificate}`, "put the two there that were made together");
	return own;
}

function privateKeyOf(text: string, what: string): KeyObject {
	const blocks = blocksOf(text, what);
	const found = blocks.find(({ label }) => label.endsWith("PRIVATE KEY"));
	if (found === undefined) throw wrong(`${what} holds no private key in PEM`);
	if (found.label === "ENCRYPTED PRIVATE KEY" || /^DEK-Info:/m.test(text))
		throw wrong(
			`the key in ${what} is encrypted, and nobody is there to give its passphrase`,
			`openssl pkey -in '${what}' writes it plain`,
		);
	try {
		return createPrivateKey(text);
	} catch (error) {
		throw wrong(`the key in ${what} is damaged`, undefined, error);
	}
}

function certificateOf(bytes: Buffer, what: string): X509Certificate {
	let certificate: X509Certificate;
	try {
		certificate = new X509Certificate(bytes);
	} catch (error) {
		throw wrong(`a certificate in ${what} is damaged`, undefined, error);
	}
	if (certificate.raw.length !== bytes.length) throw wrong(`a certificate in ${what} is damaged: there are bytes after its end`);
	return certificate;
}

interface Block {
	readonly label: string;
	/** Of a key with headers they are of no use. */
	readonly bytes: Buffer;
}

function blocksOf(text: string, what: string): readonly Block[] {
	const begun = text.match(/-----BEGIN /g)?.length ?? 0;
	const blocks = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([^-]*(?:-[^-]+)*?)-----END \1-----/g)];
	if (blocks.length !== begun) throw wrong(`${what} is cut off, or damaged: a block of PEM has no end`);
	return blocks.map(([, label = "", content = ""]) => ({ label, bytes: Buffer.from(content, "base64") }));
}

function wrong(message: string, hint?: string, cause?: unknown): ChoreError {
	return new ChoreError("INVALID_ARGUMENT", message, { ...(hint === undefined ? {} : { hint }), cause });
}
