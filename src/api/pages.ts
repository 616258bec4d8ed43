/**
 * Refuses what a web page of elsewhere makes a browser send: a browser that has a certificate of the client, or reaches the socket
 * through a forwarded port, would let any page do what the client may do. Pure.
 */
import type { IncomingHttpHeaders } from "node:http";
import { ChoreError } from "../index.ts";

/**
 * @param around.isPlain without TLS: on the unix socket, or on a port that leads to it
 * @param around.isOpening the page of the server itself is opened, maybe by a link of elsewhere
 * @throws ChoreError NOT_ALLOWED
 */
export function refuseForeignPages(
	headers: IncomingHttpHeaders,
	{ isPlain, isOpening = false }: { readonly isPlain: boolean; readonly isOpening?: boolean },
): void {
	const host = headers.host ?? String(headers[":authority"] ?? "");
	const site = headers["sec-fetch-site"];
	if (!isOpening && site !== undefined && site !== "same-origin" && site !== "none")
		throw refusal("another web page has a browser make this request");
	if (headers.origin !== undefined && !isSame(headers.origin, host)) {
		throw refusal("a page of another origin makes this request");
	}
	// A page can have the name of its own server lead to this machine. No such name stands for the machine itself.
	if (isPlain && !isOwn(host)) throw refusal(`without TLS the host of a request is "localhost", not ${JSON.stringify(host.slice(0, 100))}`);
}

function refusal(message: string): ChoreError {
	return new ChoreError("NOT_ALLOWED", message, { hint: "call the API from a program, or from a page of this server" });
}

/** Of both a port may be left out that is the usual one. */
function isSame(origin: string, host: string): boolean {
	if (!URL.canParse(origin)) return false;
	const from = new URL(origin);
	const to = `${from.protocol}//${host}`;
	return URL.canParse(to) && new URL(to).host === from.host;
}

/** A name without a dot, an address of this machine, or a path: clients of gRPC put that of the socket there. */
function isOwn(host: string): boolean {
	const name = host.replace(/:[0-9]+$/, "");
	return !name.includes(".") || /^127\.[0-9.]+$/.test(name) || /[/%]/.test(name);
}
