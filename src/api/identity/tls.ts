/** What a TLS server of chore demands: its own certificate, TLS 1.3 with three suites, and a certificate of whoever comes. */
import { constants } from "node:crypto";
import type { TlsOptions } from "node:tls";
import { checkFolder, readOwnFile, type ServeFolder, unsafe } from "./folder.ts";
import { checkPair, readCertificates } from "./pem.ts";

export const SUITES: readonly string[] = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];

/** The files of the folder that a TLS server is made of, read and checked. */
export interface TlsFiles {
	readonly certificate: string;
	readonly key: string;
	/** The authority whose word counts for names, and its list of what it has revoked. */
	readonly authority: string | undefined;
	readonly revocations: string | undefined;
	/** When the server's certificate ends. */
	readonly validTo: Date;
}

/** @throws ChoreError CONFIG_INVALID or INVALID_ARGUMENT with a sentence about the file that is wrong */
export function readTlsFiles(folder: ServeFolder): TlsFiles {
	checkFolder(folder.path);
	const certificate = readOwnFile(folder.certificate);
	const key = readOwnFile(folder.key, { secret: true });
	if (certificate === undefined || key === undefined)
		throw unsafe(
			`${certificate === undefined ? folder.certificate : folder.key} is missing`,
			"`chore cert init` makes a certificate and its key",
		);
	const own = checkPair({ certificate, key }, folder);
	const authority = readOwnFile(folder.authority);
	if (authority !== undefined) readCertificates(authority, folder.authority);
	const revocations = authority === undefined ? undefined : readOwnFile(folder.revocations);
	if (revocations !== undefined && !/-----BEGIN X509 CRL-----[^-]+-----END X509 CRL-----/.test(revocations))
		throw unsafe(`${folder.revocations} holds no list of revoked certificates in PEM`);
	return { certificate, key, authority, revocations, validTo: new Date(own.validTo) };
}

/**
 * The options of a TLS server. Nobody is turned away in the handshake, where no reason can be given: the gate does that.
 * No session is resumed, since a resumed one would keep the identity and the verdict of the first.
 */
export function tlsOptions({ certificate, key, authority, revocations }: TlsFiles): TlsOptions {
	return {
		cert: certificate,
		key,
		// Never left out: else all public authorities would vouch for clients.
		ca: authority ?? [],
		...(revocations === undefined ? {} : { crl: revocations }),
		minVersion: "TLSv1.3",
		maxVersion: "TLSv1.3",
		ciphers: SUITES.join(":"),
		secureOptions: constants.SSL_OP_NO_TICKET,
		requestCert: true,
		rejectUnauthorized: false,
	};
}
