/** The door for other machines: TLS with HTTP/2 and HTTP/1.1, as the client chooses in the handshake. */
import { createSecureServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket, TlsOptions } from "node:tls";
import type { Handler } from "./connections.ts";
import { type Door, listening, type Surroundings } from "./door.ts";
import { http2Options, watchSession } from "./session.ts";

/** A port of an address, or a socket that listens already. */
export type Place = { readonly host: string; readonly port: number } | { readonly fd: number };

/**
 * @param tls the certificate of the server, and what it demands of clients
 * @param guard is given the server before it listens: it may change the certificate later
 */
export async function openTlsDoor(
	place: Place,
	tls: TlsOptions,
	{ handler, connections, limits }: Surroundings,
	guard: (server: ReturnType<typeof createSecureServer>) => void = () => {},
): Promise<Door & { readonly port: number }> {
	const server = createSecureServer({
		...tls,
		...http2Options(limits),
		allowHTTP1: true,
		handshakeTimeout: limits.handshakeMs,
		// What a PING is to HTTP/2.
		keepAlive: true,
		keepAliveInitialDelay: limits.pingMs,
	});
	guard(server);
	armHttp1(server, limits);
	const inHandshake = new Map<string, Socket>();
	let current: TLSSocket | undefined;
	server.on("connection", (socket: Socket) => {
		if (!connections.begin(socket, true)) return;
		const address = addressOf(socket);
		inHandshake.set(address, socket);
		socket.once("close", () => inHandshake.delete(address));
	});
	// Before Node's own listener, which makes the session in the same turn.
	server.prependListener("secureConnection", (socket: TLSSocket) => {
		const address = addressOf(socket);
		const plain = inHandshake.get(address);
		inHandshake.delete(address);
		if (plain !== undefined) connections.alias(plain, socket);
		current = socket;
	});
	server.on("session", (session: ServerHttp2Session) => {
		if (current !== undefined) connections.session(current, session);
		watchSession(session, limits);
	});
	server.on("request", connections.counted(handler) as (...request: Parameters<Handler>) => void);
	const asked = "fd" in place ? "the socket that was handed over" : `${place.host}:${place.port}`;
	await listening(server, asked, () => server.listen(place));
	const { address, port, family } = server.address() as AddressInfo;
	return { where: `https://${family === "IPv6" ? `[${address}]` : address}:${port}`, port, close: () => void server.close() };
}

/** The bounds of HTTP/1.1, which Node has beside HTTP/2 as well, but not in its options nor its types. To be set before it listens. */
function armHttp1(server: object, { headerMs, keepAliveMs, checkMs }: Surroundings["limits"]): void {
	Object.assign(server, {
		headersTimeout: headerMs,
		requestTimeout: 0, // body.ts bounds it
		keepAliveTimeout: keepAliveMs,
		connectionsCheckingInterval: checkMs,
	});
}

/** Names a connection of TCP as long as it is there, also where TLS shows it by another object. */
function addressOf({ remoteAddress, remotePort }: Socket): string {
	return `${remoteAddress} ${remotePort}`;
}
