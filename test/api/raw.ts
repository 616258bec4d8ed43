/** Clients that speak HTTP/2 byte by byte, or stop in the middle. */
import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2, type IncomingHttpHeaders } from "node:http2";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";

export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
export const TYPES = { headers: 1, reset: 3, settings: 4, goAway: 7 };
/** Flags of HEADERS. */
export const END_STREAM = 1;
const END_HEADERS = 4;

/** A frame (RFC 9113, 4.1). */
export function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
	const head = Buffer.alloc(9);
	head.writeUIntBE(payload.length, 0, 3);
	head[3] = type;
	head[4] = flags;
	head.writeUInt32BE(stream, 5);
	return Buffer.concat([head, payload]);
}

/** What every connection begins with. */
export const OPENING = Buffer.concat([PREFACE, frame(TYPES.settings, 0, 0)]);

/** The headers of a GET or POST of `/`, by their numbers in the static table (RFC 7541), to the host `a`. */
export function headers(stream: number, flags = END_STREAM): Buffer {
	const method = flags & END_STREAM ? 0x82 : 0x83;
	return frame(TYPES.headers, flags | END_HEADERS, stream, Buffer.from([method, 0x84, 0x86, 0x01, 1, 0x61]));
}

export function reset(stream: number): Buffer {
	return frame(TYPES.reset, 0, stream, Buffer.from([0, 0, 0, 8]));
}

/** The frames that came. */
export function framesOf(bytes: Buffer): readonly { readonly type: number; readonly stream: number; readonly payload: Buffer }[] {
	const found = [];
	for (let at = 0; at + 9 <= bytes.length; ) {
		const length = bytes.readUIntBE(at, 3);
		found.push({ type: bytes[at + 3] ?? 0, stream: bytes.readUInt32BE(at + 5), payload: bytes.subarray(at + 9, at + 9 + length) });
		at += 9 + length;
	}
	return found;
}

/** A socket that collects what comes, and does not mind its end. */
export class Raw {
	readonly socket: Socket;
	readonly #came: Buffer[] = [];
	readonly closed: Promise<void>;

	constructor(place: string | number) {
		this.socket = typeof place === "string" ? connect(place) : connect(place, "127.0.0.1");
		this.socket.on("error", () => {});
		this.socket.on("data", (bytes: Buffer) => this.#came.push(bytes));
		this.closed = new Promise((resolve) => this.socket.once("close", () => resolve()));
	}

	get bytes(): Buffer {
		return Buffer.concat(this.#came);
	}

	/** Sends, and waits until the server has closed the connection. @returns all that came */
	async untilClosed(...parts: readonly (string | Buffer)[]): Promise<Buffer> {
		for (const part of parts) this.socket.write(part);
		await this.closed;
		return this.bytes;
	}
}

/** A client of HTTP/2 on any stream. */
export function http2On(stream: () => Duplex, authority = "http://localhost"): ClientHttp2Session {
	const session = connectHttp2(authority, { createConnection: stream });
	session.on("error", () => {});
	return session;
}

/** One request. @returns the status and the body */
export async function get(session: ClientHttp2Session, path = "/"): Promise<{ readonly status: number; readonly body: string }> {
	const stream = session.request({ ":path": path });
	const [head] = (await once(stream, "response")) as [IncomingHttpHeaders & { ":status": number }];
	let body = "";
	for await (const piece of stream.setEncoding("utf8")) body += piece;
	return { status: head[":status"], body };
}
