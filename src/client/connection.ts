/** The way to a server: a connection that is made when it is first needed, again once it was lost, and more when one has no room. */
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import { constants } from "node:http2";
import { ChoreError } from "../index.ts";
import type { Address } from "./address.ts";
import { type Credentials, dial } from "./dial.ts";
import { cut } from "./failure.ts";

/** An answer, once its headers have come. */
export interface Answer {
	readonly status: number;
	readonly headers: IncomingHttpHeaders;
	/**
	 * The bytes as they come; what is not asked for is not sent. Ends without an error only at the end of the answer. To leave it
	 * earlier ends the request. @throws ConnectionLost
	 */
	readonly body: AsyncGenerator<Buffer, void, void>;
	/** Ends the request without a look at the body. */
	leave(): void;
}

/** What of a request can be seen while its body is written. */
export type Writer = (stream: ClientHttp2Stream) => Promise<void>;

/** A connection, and how many requests are under way on it. */
interface Line {
	readonly dialling: Promise<ClientHttp2Session>;
	requests: number;
	/** How many the server takes at a time, once that is known. */
	most: number;
}

/** A server takes 16 connections of a client, which may have other programs. */
const MOST_LINES = 8;

export class Connection {
	readonly address: Address;
	readonly #credentials: Credentials;
	readonly #lines: Line[] = [];
	#wasReached = false;
	#isClosed = false;

	constructor(address: Address, credentials: Credentials) {
		this.address = address;
		this.#credentials = credentials;
	}

	/** Whether the server was there once: then it may come back. */
	get wasReached(): boolean {
		return this.#wasReached;
	}

	/**
	 * Sends a request. @param write writes the body; undefined: there is none
	 * @throws ChoreError SERVER_UNREACHABLE; ABORTED by the signal
	 */
	async request(headers: OutgoingHttpHeaders, write: Writer | undefined, signal: AbortSignal | undefined): Promise<Answer> {
		if (signal?.aborted) throw aborted(signal);
		const [line, session] = await this.#live();
		const stream = this.#begin(line, session, headers, write === undefined);
		let failure: unknown;
		stream.on("error", (error) => {
			failure = error;
		});
		const leave = (): void => stream.close(constants.NGHTTP2_CANCEL);
		signal?.addEventListener("abort", leave);
		stream.once("close", () => signal?.removeEventListener("abort", leave));
		if (signal?.aborted) leave();
		const lost = (): ChoreError => (signal?.aborted ? aborted(signal) : cut(this.address, failure));
		const begun = new Promise<IncomingHttpHeaders>((resolve, reject) => {
			stream.once("response", resolve);
			stream.once("close", () => reject(lost()));
		});
		// The server may answer before it has read the body, and an error of the write is told by the answer or the close.
		const written = write?.(stream);
		written?.catch(() => {});
		const answered = await Promise.race([begun, ...(written === undefined ? [] : [written.then(() => begun)])]).catch((error: unknown) => {
			leave();
			throw error;
		});
		return { status: Number(answered[":status"]), headers: answered, body: bytesOf(stream, lost), leave };
	}

	/** Ends the connection and what is under way on it; also one that is only being made, once it is. */
	close(): void {
		this.#isClosed = true;
		for (const { dialling } of this.#lines)
			dialling.then(
				(session) => session.destroy(),
				() => {}, // there is none
			);
	}

	#begin(line: Line, session: ClientHttp2Session, headers: OutgoingHttpHeaders, endStream: boolean): ClientHttp2Stream {
		try {
			const stream = session.request(headers, { endStream });
			stream.once("close", () => line.requests--);
			return stream;
		} catch (error) {
			line.requests--;
			throw cut(this.address, error); // it was closed a moment ago
		}
	}

	/** A connection with room for one more request, which is counted; where all are full, the one that has least to do. */
	async #live(): Promise<readonly [Line, ClientHttp2Session]> {
		for (;;) {
			if (this.#isClosed) throw new ChoreError("INVALID_ARGUMENT", "this connection was closed");
			const line = this.#line();
			try {
				const session = await line.dialling;
				if (session.closed || session.destroyed) this.#forget(line);
				else {
					this.#wasReached = true;
					line.most = session.remoteSettings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
					// Others may have waited for it, too.
					if (line.requests < line.most || this.#line() === line) {
						line.requests++;
						return [line, session];
					}
				}
			} catch (error) {
				this.#forget(line);
				throw error;
			}
		}
	}

	#line(): Line {
		const [least] = this.#lines.toSorted((one, other) => one.requests - other.requests);
		// Each connection by ssh is a process, and may ask for a password.
		const most = this.address.kind === "ssh" ? 1 : MOST_LINES;
		if (least !== undefined && (least.requests < least.most || this.#lines.length >= most)) return least;
		const line: Line = { dialling: dial(this.address, this.#credentials), requests: 0, most: Number.POSITIVE_INFINITY };
		this.#lines.push(line);
		return line;
	}

	#forget(line: Line): void {
		const at = this.#lines.indexOf(line);
		if (at >= 0) this.#lines.splice(at, 1);
	}
}

async function* bytesOf(stream: ClientHttp2Stream, lost: () => ChoreError): AsyncGenerator<Buffer, void, void> {
	let isWhole = false;
	try {
		for await (const bytes of stream) yield bytes as Buffer;
		isWhole = stream.rstCode === constants.NGHTTP2_NO_ERROR; // to node:http2 a reset is an end, too
	} catch {
		throw lost();
	} finally {
		if (!isWhole) stream.close(constants.NGHTTP2_CANCEL);
	}
	if (!isWhole) throw lost();
}

function aborted(signal: AbortSignal): ChoreError {
	return new ChoreError("ABORTED", "the answer was not waited for; what was asked for goes on", { cause: signal.reason });
}
