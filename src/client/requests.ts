/** Requests to the server on another machine, by the table of addresses: their answers, and how they go on after a cut. */
import type { ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import type { Inputs, Outputs } from "../api/operations/messages.ts";
import { ROUTES } from "../api/rest/routes.ts";
import type { Answer, Connection, Writer } from "./connection.ts";
import { answerFailure, foreign } from "./failure.ts";
import { Patience } from "./patience.ts";
import { requestOf } from "./request.ts";

/** How much of an input is written at once. */
const PIECE_BYTES = 16 * 1024;

/** What surrounds a request. */
export interface How {
	readonly signal?: AbortSignal | undefined;
	readonly onWarning?: ((message: string) => void) | undefined;
	/** Writes a body of bytes. */
	readonly write?: Writer;
	readonly accept?: string;
}

export class Requests {
	readonly connection: Connection;
	readonly #headers: Readonly<Record<string, string>>;
	readonly #patienceMs: number;

	/**
	 * @param headers go with each request
	 * @param patienceMs how long a server that was there may be away before a request fails that can be made again
	 */
	constructor(connection: Connection, headers: Readonly<Record<string, string>>, patienceMs: number) {
		this.connection = connection;
		this.#headers = headers;
		this.#patienceMs = patienceMs;
	}

	/** One request with one answer; made again after the connection was lost, where that does no harm. */
	async ask<Name extends keyof Outputs>(name: Name, input: Inputs[Name], how: How = {}): Promise<Outputs[Name]> {
		const patience = new Patience(this.connection, this.#patienceMs);
		for (;;) {
			try {
				const { headers, body } = await this.open(name, input, how);
				const answer = await readJson(body);
				if (answer === undefined) throw answerFailure(this.connection.address, 200, undefined);
				for (const warning of warningsIn(headers)) how.onWarning?.(warning);
				return answer as Outputs[Name];
			} catch (error) {
				if (!isRepeatable(name)) throw error;
				await patience.after(error, how.signal);
			}
		}
	}

	/** @throws ChoreError that of an answer which is no success */
	async open<Name extends keyof Inputs>(name: Name, input: Inputs[Name], how: How): Promise<Answer> {
		const { headers, body } = requestOf(name, input);
		const accept = `${how.accept ?? "application/json"}, application/problem+json`;
		const write = how.write ?? (body === undefined ? undefined : (stream: ClientHttp2Stream) => writeAll(stream, body));
		const answer = await this.connection.request({ ...this.#headers, accept, ...headers }, write, how.signal);
		if (answer.status >= 200 && answer.status < 300) {
			if (answer.headers["chore-version"] !== undefined) return answer;
			answer.leave();
			throw foreign(this.connection.address);
		}
		throw answerFailure(this.connection.address, answer.status, await readJson(answer.body, "as far as it came"));
	}

	/** The pieces of an answer that may be long; after the connection was lost, those of the next one. Ends when the signal is raised. */
	async *again<Piece>(
		signal: AbortSignal | undefined,
		open: (patience: Patience) => AsyncGenerator<Piece, void, void>,
	): AsyncGenerator<Piece, void, void> {
		const patience = new Patience(this.connection, this.#patienceMs);
		while (!signal?.aborted) {
			try {
				return yield* open(patience);
			} catch (error) {
				if (signal?.aborted) return;
				await patience.after(error, signal);
			}
		}
	}
}

/** Whether an operation may be done twice: a start has a key, and a stop of what has ended is none. */
function isRepeatable(name: keyof Inputs): boolean {
	return ROUTES[name].method === "GET" || name === "run" || name === "stop";
}

/**
 * @param how a server may hang up on clients that it refuses: then what has come of its answer counts
 * @returns undefined for what is no JSON
 */
export async function readJson(body: AsyncIterable<Buffer>, how: "whole" | "as far as it came" = "whole"): Promise<unknown> {
	const parts: Buffer[] = [];
	try {
		for await (const part of body) parts.push(part);
	} catch (error) {
		if (how === "whole") throw error;
	}
	try {
		return JSON.parse(Buffer.concat(parts).toString());
	} catch {
		return undefined;
	}
}

/** Node joins headers of the same name by commas, of which the values have none. */
function warningsIn(headers: IncomingHttpHeaders): readonly string[] {
	const text = String(headers["chore-warning"] ?? "");
	return text === "" ? [] : text.split(/, */).map((warning) => decodeURIComponent(warning));
}

/** Writes a body to its end, as fast as it is taken. Returns early if the server wants no more of it. */
export async function writeAll(stream: ClientHttp2Stream, bytes: Uint8Array, taken: () => void = () => {}): Promise<void> {
	const closed = new Promise<void>((resolve) => stream.once("close", resolve));
	for (let at = 0; at < bytes.length && !stream.destroyed; at += PIECE_BYTES) {
		const written = new Promise<void>((resolve) => stream.write(bytes.subarray(at, at + PIECE_BYTES), () => resolve()));
		await Promise.race([written, closed]);
		taken();
	}
	if (!stream.destroyed) stream.end();
}
