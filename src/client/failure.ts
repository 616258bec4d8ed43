/** Makes errors of a connection, of TLS and of answers that are no answers of chore into ChoreErrors, each a sentence that says which. */
import type { Problem } from "../api/rest/problem.ts";
import { errorOf } from "../api/rest/problem.ts";
import { ChoreError } from "../index.ts";
import type { Address } from "./address.ts";
import type { Credentials } from "./dial.ts";

/** A server that cannot be reached, or no longer. It may come back: what can be repeated is tried again. */
export class ConnectionLost extends ChoreError {
	constructor(message: string, options: { readonly hint?: string; readonly cause?: unknown } = {}) {
		super("SERVER_UNREACHABLE", message, options);
	}
}

const IS_IT_RUNNING = "`chore serve` runs the server there";
const CERTIFICATE = "give the server's certificate: --cacert of `chore host add`, or `ca` of the library";
const LET_IN = "`chore host add` makes a certificate for you, and `chore cert add` lets it in there";

/** The error of a connection that could not be made. @param error of node:net or node:tls @param ca what the server was to be known by */
export function connectFailure(address: Address, error: unknown, { ca }: Pick<Credentials, "ca">): ChoreError {
	const { url } = address;
	const code = codeOf(error);
	const cause = { cause: error };
	switch (code) {
		case "ECONNREFUSED":
			return new ConnectionLost(`nothing listens at ${url}`, { hint: IS_IT_RUNNING, ...cause });
		case "ENOENT":
			return new ConnectionLost(`there is no socket at ${url}`, { hint: IS_IT_RUNNING, ...cause });
		case "EACCES":
		case "EPERM":
			return unreachable(`this user may not use the socket ${url}`, "it is for the user that runs `chore serve`", error);
		case "ENOTFOUND":
		case "EAI_AGAIN":
			return new ConnectionLost(`the host of ${url} is not known`, { hint: "look for a typing error, or at the network", ...cause });
		case "CERT_HAS_EXPIRED":
			return unreachable(`the certificate of the server at ${url} has expired`, "`chore cert init --force` makes a new one there", error);
		case "CERT_NOT_YET_VALID":
			return unreachable(`the certificate of the server at ${url} is not valid yet`, "look at the clocks of both machines", error);
		case "ERR_TLS_CERT_ALTNAME_INVALID":
			return unreachable(
				`the certificate of the server at ${url} is for another name: ${namesIn(error)}`,
				"use one of its names, or make one for this name: chore cert init --force --reached-by NAME",
				error,
			);
		case "DEPTH_ZERO_SELF_SIGNED_CERT":
		case "SELF_SIGNED_CERT_IN_CHAIN":
		case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
		case "UNABLE_TO_GET_ISSUER_CERT":
		case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
		case "CERT_SIGNATURE_FAILURE":
			return ca === undefined
				? unreachable(`no authority that is known here vouches for the server at ${url}`, CERTIFICATE, error)
				: unreachable(`the server at ${url} shows another certificate than the one that is trusted`, CERTIFICATE, error);
		case "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED":
			return unreachable(`the server at ${url} wants a certificate of this client`, LET_IN, error);
		case "ERR_SSL_WRONG_VERSION_NUMBER":
		case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
			return unreachable(`what listens at ${url} does not speak TLS`, IS_IT_RUNNING, error);
		case "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION":
		case "ERR_SSL_UNSUPPORTED_PROTOCOL":
			return unreachable(`what listens at ${url} has no TLS 1.3`, IS_IT_RUNNING, error);
		case "ERR_HTTP2_ERROR":
		case "ERR_HTTP2_SESSION_ERROR":
			return unreachable(`what listens at ${url} does not speak HTTP/2`, IS_IT_RUNNING, error);
	}
	if (code?.startsWith("ERR_SSL_"))
		return unreachable(`there is no TLS with ${url}: ${reasonOf(error)}`, "the server may know this client's certificate no more", error);
	return new ConnectionLost(`${url} cannot be reached: ${reasonOf(error)}`, { hint: IS_IT_RUNNING, ...cause });
}

/** The error of a certificate or key of our own that cannot be used. */
export function credentialsFailure(error: unknown): ChoreError {
	const isOther = codeOf(error) === "ERR_OSSL_X509_KEY_VALUES_MISMATCH";
	const what = isOther ? "the key is not that of the certificate" : `the certificates or the key cannot be used: ${reasonOf(error)}`;
	return new ChoreError("INVALID_ARGUMENT", what, { hint: "they are files of the form PEM, the key without a password", cause: error });
}

/** The error of a connection that ended before all of the answer came. */
export function cut({ url }: Address, cause: unknown): ConnectionLost {
	const why = cause === undefined ? "" : `: ${reasonOf(cause)}`;
	return new ConnectionLost(`the connection to ${url} was cut in the middle of an answer${why}`, { hint: "try it again", cause });
}

/** The error that an answer tells of. @param body as JSON; undefined if it is none */
export function answerFailure({ url }: Address, status: number, body: unknown): ChoreError {
	const known = errorOf(body);
	if (known !== undefined) return known;
	// A later version of chore may have codes that this one does not know.
	if (isProblem(body)) {
		const hint = typeof body.hint === "string" ? { hint: body.hint } : {};
		return new ChoreError("PLATFORM_FAILED", body.code === undefined ? body.detail : `${body.detail} (${body.code})`, hint);
	}
	if (status === 403)
		return unreachable(`the server at ${url} refuses this client`, "it may know no such certificate: chore cert add, there");
	return unreachable(`what listens at ${url} does not answer as chore does: status ${status}`, IS_IT_RUNNING);
}

/** The error of an answer that looks like a success, of another program. */
export function foreign({ url }: Address): ChoreError {
	return unreachable(`what listens at ${url} is no server of chore`, IS_IT_RUNNING);
}

function isProblem(body: unknown): body is Pick<Problem, "detail" | "hint"> & { readonly code?: string } {
	return typeof body === "object" && body !== null && "detail" in body && typeof body.detail === "string";
}

function unreachable(message: string, hint: string, cause?: unknown): ChoreError {
	return new ChoreError("SERVER_UNREACHABLE", message, { hint, ...(cause === undefined ? {} : { cause }) });
}

function codeOf(error: unknown): string | undefined {
	return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** The names in a certificate, without the prefixes of node:tls: "build.example, 10.0.0.1". */
function namesIn(error: unknown): string {
	const names = error instanceof Error && "cert" in error ? (error.cert as { subjectaltname?: string }).subjectaltname : undefined;
	return names?.replaceAll(/(?:DNS|IP Address):/g, "") ?? "it has none";
}

function reasonOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
