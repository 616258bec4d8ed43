/**
 * Between the requests of node:http and node:http2 and the handlers of Connect. The adapter that comes with Connect never ends a
 * handler whose client goes while the response waits to be read; this one does.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { constants, type Http2ServerRequest, type Http2ServerResponse, type ServerHttp2Stream } from "node:http2";
import type { Writable } from "node:stream";
import { Code, ConnectError, type ContextValues } from "@connectrpc/connect";
import type { UniversalHandlerFn, UniversalServerRequest, UniversalServerResponse } from "@connectrpc/connect/protocol";

export type Request = IncomingMessage | Http2ServerRequest;
export type Response = ServerResponse | Http2ServerResponse;

/** So much of a body that was not read is read and dropped over HTTP/1.1 before the answer, so that the client reads that. */
const DROPPED_BYTES = 4 * 1024 * 1024;

/** Answers a request by a handler. Rejects only for faults of the handler; settles once the handler has ended. */
export async function respond(handler: UniversalHandlerFn, request: Request, response: Response, values: ContextValues): Promise<void> {
	// Nothing would tell that a client has gone which went before.
	if ("stream" in response ? response.stream.destroyed : response.destroyed) return;
	const gone = new AbortController();
	// `close` comes once, after the end of any response.
	response.once("close", () => gone.abort(new ConnectError("the client has gone", Code.Canceled)));
	response.on("error", () => {});
	request.on("error", () => {});
	let pieces: AsyncIterator<Uint8Array> | undefined;
	try {
		const answer = await handler(universalRequest(request, gone.signal, values));
		pieces = answer.body?.[Symbol.asyncIterator]();
		// Asked for before the headers are set: the handler may change them up to then.
		let piece = await pieces?.next();
		await dropRest(request, response);
		setHead(response, answer);
		while (piece !== undefined && !piece.done && !gone.signal.aborted) {
			if (!(response as Writable).write(piece.value)) await drained(response, gone.signal);
			piece = await pieces?.next();
		}
		if (answer.trailer !== undefined && !gone.signal.aborted) {
			// Else the headers would be the end of the answer.
			if (!response.headersSent) (response as ServerResponse).writeHead(answer.status);
			response.addTrailers(Object.fromEntries([...answer.trailer].map(legible)));
		}
		response.end();
		if ("stream" in response && pieces === undefined) setImmediate(stopSending, response.stream);
	} catch (error) {
		if (gone.signal.aborted) return;
		// A response that is cut is told from a whole one.
		response.destroy();
		throw error;
	} finally {
		await pieces?.return?.();
	}
}

function universalRequest(request: Request, signal: AbortSignal, contextValues: ContextValues): UniversalServerRequest {
	const header = new Headers();
	for (const [name, value] of Object.entries(request.headers)) {
		if (name.startsWith(":") || value === undefined) continue;
		for (const one of [value].flat()) header.append(name, one);
	}
	for (const name of ["grpc-timeout", "connect-timeout-ms"]) if (isForEver(header.get(name) ?? "")) header.delete(name);
	return {
		httpVersion: request.httpVersion,
		method: request.method ?? "",
		// Only path and query are looked at.
		url: new URL(request.url ?? "", "http://chore.invalid").href,
		header,
		body: request.iterator({ destroyOnReturn: false }),
		signal,
		contextValues,
	};
}

const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** Whether a deadline, "30S" or in milliseconds, is further away than a timer of Node can be set to. */
function isForEver(text: string): boolean {
	return Number.parseInt(text, 10) * (UNIT_MS[text.at(-1) ?? ""] ?? 1) > 2 ** 31 - 1;
}

/**
 * Sees to a client that still sends its body when it is answered, and would wait for ever or lose the answer. Over HTTP/2 it is
 * told to stop, once it has the whole answer.
 */
async function dropRest(request: Request, response: Response): Promise<void> {
	if ("stream" in response) {
		// Node sends the trailers in a setImmediate of its own, after this event. A stream that is closed before has none.
		response.stream.once("wantTrailers", () => setImmediate(stopSending, response.stream));
		return;
	}
	if (request.complete) return;
	let dropped = 0;
	for await (const part of request.iterator({ destroyOnReturn: false })) {
		dropped += (part as Buffer).length;
		if (dropped > DROPPED_BYTES) break;
	}
	if (!request.complete) response.setHeader("connection", "close");
}

function stopSending(stream: ServerHttp2Stream): void {
	if (stream.state.remoteClose === 0) stream.close(constants.NGHTTP2_NO_ERROR);
}

/** The headers go out with the first piece of the body; without body and trailers they are the end of the answer. */
function setHead(response: Response, { status, header }: UniversalServerResponse): void {
	response.statusCode = status;
	for (const entry of header ?? []) response.setHeader(...legible(entry));
}

/**
 * The sentence of an error with no more escapes than gRPC asks for (PROTOCOL-HTTP2, "Responses"). Connect escapes all that cannot be
 * in a URL, and grpc-js leaves what separates parts of a URL escaped: "%3A".
 */
function legible([name, value]: readonly [name: string, value: string]): [name: string, value: string] {
	if (name !== "grpc-message") return [name, value];
	return [name, value.replace(/%(2[1-46-9a-f]|[3-6][0-9a-f]|7[0-9a-e])/gi, decodeURIComponent)];
}

/** Resolves when more can be written, or nobody reads any more. */
function drained(response: Response, gone: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		if (gone.aborted) return resolve();
		const done = (): void => {
			response.off("drain", done);
			response.off("close", done);
			resolve();
		};
		response.on("drain", done);
		response.on("close", done);
	});
}
