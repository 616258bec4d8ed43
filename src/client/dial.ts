/** Makes connections: HTTP/2 over TLS 1.3, a unix socket or ssh. */
import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { connect as connectSocket, isIP } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls, createSecureContext, type SecureContext } from "node:tls";
import { ChoreError } from "../index.ts";
import type { Address } from "./address.ts";
import { ConnectionLost, connectFailure, credentialsFailure } from "./failure.ts";
import { openTunnel } from "./ssh.ts";

/** What a client shows, and what it expects of the server. All in the form PEM. */
export interface Credentials {
	readonly certificate?: string | Buffer | undefined;
	readonly key?: string | Buffer | undefined;
	/** The server's own certificate, or that of its authority. Default: the authorities that Node knows. */
	readonly ca?: string | Buffer | undefined;
}

/** How long a machine may take to answer. ssh has a time limit of its own, and may ask its user for a password. */
const CONNECT_MS = 30_000;

/** How often it is seen whether the other side is there. */
const PING_EVERY_MS = 30_000;

/** How much of an answer may be under way while its reader is busy. */
const WINDOW_BYTES = 1024 * 1024;

/** @returns a connection on which the server has answered @throws ChoreError SERVER_UNREACHABLE, INVALID_ARGUMENT */
export async function dial(address: Address, credentials: Credentials): Promise<ClientHttp2Session> {
	if (address.kind === "ssh") {
		const tunnel = openTunnel(address);
		try {
			const session = await greeted("http://localhost", tunnel.stream);
			session.once("close", () => tunnel.close());
			return session;
		} catch {
			const failure = await tunnel.failure();
			tunnel.close();
			throw failure;
		}
	}
	const stream = address.kind === "unix" ? connectSocket(address.path) : encrypted(address, contextOf(credentials));
	const timer = setTimeout(
		() => stream.destroy(new ConnectionLost(`${address.url} has not answered for ${CONNECT_MS / 1000} s`)),
		CONNECT_MS,
	);
	try {
		await once(stream, address.kind === "unix" ? "connect" : "secureConnect");
		return await greeted(address.kind === "unix" ? "http://localhost" : address.url, stream);
	} catch (error) {
		stream.destroy();
		throw error instanceof ChoreError ? error : connectFailure(address, error, credentials);
	} finally {
		clearTimeout(timer);
	}
}

/** @throws ChoreError INVALID_ARGUMENT */
function contextOf({ certificate, key, ca }: Credentials): SecureContext {
	try {
		return createSecureContext({ cert: certificate, key, ca, minVersion: "TLSv1.3" });
	} catch (error) {
		throw credentialsFailure(error);
	}
}

function encrypted({ host, port }: Address & { readonly kind: "tls" }, secureContext: SecureContext): Duplex {
	// A name of a server is never a number (RFC 6066, section 3); node:tls compares the number with the certificate all the same.
	const servername = isIP(host) === 0 ? { servername: host } : {};
	return connectTls({ host, port, secureContext, ALPNProtocols: ["h2"], minVersion: "TLSv1.3", ...servername });
}

/** Speaks HTTP/2 on a connection, and waits for the first words of the server. */
async function greeted(authority: string, stream: Duplex): Promise<ClientHttp2Session> {
	const session = connectHttp2(authority, { createConnection: () => stream, settings: { initialWindowSize: WINDOW_BYTES } });
	session.on("error", () => {}); // each request gets an error of its own
	await new Promise<void>((resolve, reject) => {
		session.once("remoteSettings", () => resolve());
		session.once("error", reject);
		// The session itself does not end by an alert of TLS until something more comes.
		stream.once("error", reject);
		session.once("close", () => reject(new Error("the connection was closed at once")));
	});
	session.setLocalWindowSize(WINDOW_BYTES * 2);
	watchOver(session);
	return session;
}

/** Ends a connection whose other side has vanished without a word, so that nobody waits for it for ever. */
function watchOver(session: ClientHttp2Session): void {
	let answered = true;
	const timer = setInterval(() => {
		if (session.destroyed) return;
		if (!answered) return session.destroy(new Error("the server is silent"));
		answered = false;
		session.ping(() => {
			answered = true;
		});
	}, PING_EVERY_MS);
	timer.unref();
	session.once("close", () => clearInterval(timer));
}
