/** One connection to a server, made when it is first needed, and again once it was lost. */
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
}

/** What of a request can be seen while its body is written. */
export type Writer = (stream: ClientHttp2Stream) => Promise<void>;

export class Connection {
	readonly address: Address;
	readonly #credentials: Credentials;
	#session: Promise<ClientHttp2Session> | undefined;
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
		const session = await this.#live();
		const stream = this.#begin(session, headers, write === undefined);
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
		return { status: Number(answered[":status"]), headers: answered, body: bytesOf(stream, lost) };
	}

	/** Ends the connection and what is under way on it; also one that is only being made, once it is. */
	close(): void {
		this.#isClosed = true;
		this.#session?.then(
			(session) => session.destroy(),
			() => {}, // there is none
		);
	}

	#begin(session: ClientHttp2Session, headers: OutgoingHttpHeaders, endStream: boolean): ClientHttp2Stream {
		try {
			return session.request(headers, { endStream });
		} catch (error) {
			throw cut(this.address, error); // it was closed a moment ago
		}
	}

	async #live(): Promise<ClientHttp2Session> {
		if (this.#isClosed) throw new ChoreError("INVALID_ARGUMENT", "this connection was closed");
		this.#session ??= dial(this.address, this.#credentials);
		const dialling = this.#session;
		try {
			const session = await dialling;
			if (!session.closed && !session.destroyed) {
				this.#wasReached = true;
				return session;
			}
		} catch (error) {
			if (this.#session === dialling) this.#session = undefined;
			throw error;
		}
		if (this.#session === dialling) this.#session = undefined;
		return this.#live();
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
