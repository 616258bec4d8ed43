/**
 * Decides who makes a request, by what was shown and who is in the pool. Pure: no file, no socket. Each refusal is a sentence
 * for the one who is refused. A certificate that the pool has is that of its client whoever issued it; the name in a
 * certificate counts only where the authority of the server (`ca.pem`) vouches for it.
 */
import { isSessionName } from "../../index.ts";
import type { Caller } from "../caller.ts";
import type { Credentials } from "./password.ts";
import type { Client, Pool } from "./pool.ts";
import { type CertificateFacts, faultOf } from "./shown.ts";

/** What the other side has shown. */
export interface Shown {
	readonly certificate: CertificateFacts | undefined;
	/** Whether the authority that is in force vouches for the certificate, or why not: OpenSSL's word for it. */
	readonly authority: "vouches" | { readonly doubt: string };
	readonly credentials: Credentials | undefined;
}

export type Verdict =
	| { readonly kind: "caller"; readonly caller: Caller }
	/** Let in if the password is right. `client` is undefined if there is none who has one. */
	| { readonly kind: "password"; readonly credentials: Credentials; readonly client: Client | undefined }
	| { readonly kind: "refused"; readonly reason: string; readonly hint?: string; readonly needsPassword?: boolean };

const DAY_MS = 24 * 60 * 60 * 1000;

export function identify({ certificate, authority, credentials }: Shown, pool: Pool, nowMs: number): Verdict {
	if (pool.closed !== undefined) return refused("the server cannot read who may come in", "its log says why");
	if (certificate === undefined) {
		if (!pool.takesPasswords) return refused("no certificate was shown", "curl takes one by --cert and --key");
		if (credentials === undefined) return { ...refused("neither a certificate nor a name with a password was shown"), needsPassword: true };
		return { kind: "password", credentials, client: pool.withPassword(credentials.client) };
	}
	const { fingerprint, issuers } = certificate;
	if (pool.revoked.has(fingerprint)) return refused(`the certificate ${fingerprint} is revoked`);
	const barred = pool.barred.get(fingerprint);
	if (barred !== undefined) return refused(barred);
	const client = pool.byFingerprint.get(fingerprint);
	const fault = faultOf(certificate, nowMs);
	if (client !== undefined) return fault === undefined ? letIn(client, daysLeft(certificate, nowMs)) : refused(fault);
	const unknown = `no client has the certificate ${fingerprint}`;
	const hint = "`chore cert add NAME FILE` on the server lets it in";
	if (!pool.hasAuthority) return refused(unknown, hint);
	if (fault !== undefined) return refused(fault);
	if (authority !== "vouches")
		return refused(`${unknown}, and the server's authority does not vouch for it: ${doubtWords(authority.doubt)}`, hint);
	if (issuers.some((issuer) => pool.revoked.has(issuer)))
		return refused(`the certificate ${fingerprint} was issued by one that is revoked`);
	return byName(certificate, pool, nowMs);
}

/** One whom the authority vouches for: the CommonName is the client, and its session. */
function byName(certificate: CertificateFacts, pool: Pool, nowMs: number): Verdict {
	const [name, ...others] = certificate.commonNames;
	if (name === undefined) return refused("the certificate has no CommonName, by which the server could know its client");
	if (others.length > 0) return refused("the certificate has several CommonNames, so it does not say which client it is of");
	if (!isSessionName(name))
		return refused(
			`the CommonName ${JSON.stringify(name)} cannot be the name of a client`,
			"a name has 1 to 64 of A-Z a-z 0-9 . _ - and begins with a letter or digit",
		);
	if (pool.has(name)) return refused(`${name} is a client with a certificate or password of its own, and this certificate is another one`);
	const caller: Caller = { client: name, role: "run", sessions: [name], quota: {}, daysLeft: daysLeft(certificate, nowMs) };
	return { kind: "caller", caller };
}

/** A client of the pool. */
export function callerOf({ name, settings: { role, sessions, quota } }: Client, days: number | null): Caller {
	return { client: name, role, sessions, quota, daysLeft: days };
}

function letIn(client: Client, days: number): Verdict {
	return { kind: "caller", caller: callerOf(client, days) };
}

/** Fewer days until a certificate ends are told of. */
export const FEW_DAYS = 14;

export function daysLeft({ validToMs }: Pick<CertificateFacts, "validToMs">, nowMs: number): number {
	return Math.floor((validToMs - nowMs) / DAY_MS);
}

function refused(reason: string, hint?: string): Verdict & { readonly kind: "refused" } {
	return { kind: "refused", reason, ...(hint === undefined ? {} : { hint }) };
}

/** What OpenSSL found wrong (verify(1), DIAGNOSTICS), by Node's names. */
const DOUBTS: Readonly<Record<string, string>> = {
	AUTHORITY_CHANGED: "the authority was changed after the connection was made; connect again",
	CERT_HAS_EXPIRED: "a certificate above it has expired",
	CERT_NOT_YET_VALID: "a certificate above it is not yet valid",
	CERT_REVOKED: "its authority has revoked it",
	CERT_SIGNATURE_FAILURE: "it was forged, or is damaged",
	CRL_HAS_EXPIRED: "the server's list of what is revoked, crl.pem, is out of date",
	DEPTH_ZERO_SELF_SIGNED_CERT: "nobody but itself has issued it",
	INVALID_CA: "who issued it may not issue certificates",
	INVALID_PURPOSE: "it, or one above it, is not for clients",
	SELF_SIGNED_CERT_IN_CHAIN: "another authority has issued it",
	UNABLE_TO_GET_CRL: "the server's crl.pem has no list of its issuer",
	UNABLE_TO_GET_ISSUER_CERT: "another authority has issued it, or certificates between the two were not sent",
	UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "another authority has issued it, or certificates between the two were not sent",
	UNABLE_TO_VERIFY_LEAF_SIGNATURE: "another authority has issued it, or certificates between the two were not sent",
};

function doubtWords(doubt: string): string {
	return DOUBTS[doubt] ?? doubt;
}
