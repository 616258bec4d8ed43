/** What of a certificate counts for who somebody is. Pure. */
import type { X509Certificate } from "node:crypto";

export interface CertificateFacts {
	/** SHA-256 of the DER, 64 hexadecimal digits in lower case. */
	readonly fingerprint: string;
	readonly validFromMs: number;
	readonly validToMs: number;
	readonly commonNames: readonly string[];
	/** The object identifiers of its extended key usage; undefined if it does not have that, so that it is for anything. */
	readonly purposes: readonly string[] | undefined;
	/** The fingerprints of the certificates above it, as far as they were sent or are known. */
	readonly issuers: readonly string[];
}

/** TLS for clients, and anything (RFC 5280, 4.2.1.12). */
const FOR_CLIENTS: readonly string[] = ["1.3.6.1.5.5.7.3.2", "2.5.29.37.0"];

/** More steps than a chain of certificates has. */
const MOST_ISSUERS = 10;

export function factsOf(certificate: X509Certificate): CertificateFacts {
	return {
		fingerprint: fingerprintOf(certificate),
		validFromMs: Date.parse(certificate.validFrom),
		validToMs: Date.parse(certificate.validTo),
		commonNames: commonNamesOf(certificate),
		purposes: certificate.keyUsage,
		issuers: issuersOf(certificate),
	};
}

/** Why a certificate cannot be used by a client at this moment, whoever vouches for it; undefined if it can. */
export function faultOf({ fingerprint, validFromMs, validToMs, purposes }: CertificateFacts, nowMs: number): string | undefined {
	// A date that cannot be read compares as neither.
	if (!(nowMs <= validToMs)) return `the certificate ${fingerprint} has expired on ${dateWords(validToMs)}`;
	if (!(nowMs >= validFromMs)) return `the certificate ${fingerprint} is not valid before ${dateWords(validFromMs)}`;
	if (purposes !== undefined && !purposes.some((purpose) => FOR_CLIENTS.includes(purpose)))
		return `the certificate ${fingerprint} is not for clients: its extended key usage names other purposes only`;
	return undefined;
}

/** Reads a fingerprint as people and programs write them, with colons or without. @returns undefined if it is none */
export function readFingerprint(text: string): string | undefined {
	const digits = text.replace(/^sha-?256( fingerprint)?[:=] */i, "").replaceAll(":", "");
	return /^[0-9a-f]{64}$/i.test(digits) ? digits.toLowerCase() : undefined;
}

function fingerprintOf({ fingerprint256 }: X509Certificate): string {
	return fingerprint256.replaceAll(":", "").toLowerCase();
}

/** Node gives one as a text, several as an array. */
function commonNamesOf(certificate: X509Certificate): readonly string[] {
	const found: unknown = (certificate.toLegacyObject().subject as { readonly CN?: unknown } | undefined)?.CN;
	return found === undefined ? [] : Array.isArray(found) ? found.map(String) : [String(found)];
}

function issuersOf(certificate: X509Certificate): readonly string[] {
	const found: string[] = [];
	for (let one = certificate.issuerCertificate; one !== undefined && found.length < MOST_ISSUERS; one = one.issuerCertificate) {
		const fingerprint = fingerprintOf(one);
		if (found.includes(fingerprint)) break;
		found.push(fingerprint);
	}
	return found;
}

function dateWords(ms: number): string {
	return Number.isFinite(ms) ? new Date(ms).toISOString().slice(0, 19).replace("T", " ").concat(" UTC") : "a date that cannot be read";
}
