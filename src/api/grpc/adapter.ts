/**
 * Between the requests of node:http and node:http2 and the handlers of Connect. The adapter that comes with Connect never ends a
 * handler whose client goes while the response waits to be read; this one does.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { constants, type Http2ServerRequest, type Http2ServerResponse, type ServerHttp2Stream } from "node:http2";
import type { Writable } from "node:stream";
import { Code, ConnectError, type ContextValues } from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerRequest, UniversalServerResponse } from "@connectrpc/connect/protocol";

export type Request = IncomingMessage | Http2ServerRequest;
export type Response = ServerResponse | Http2ServerResponse;

/** So much of a body that was not read is read and dropped over HTTP/1.1 before the answer, so that the client reads that. */
const DROPPED_BYTES = 1024 * 1024;

/** Answers a request by a handler. Rejects only for faults of the handler; settles once the handler has ended. */
export async function respond(handler: UniversalHandler, request: Request, response: Response, values: ContextValues): Promise<void> {
	const gone = new AbortController();
	// `close` comes once, after the end of any response.
	response.once("close", () => gone.abort(new ConnectError("the client has gone", Code.Canceled)));
	response.on("error", () => {});
	request.on("error", () => {});
	let pieces: AsyncIterator<Uint8Array> | undefined;
	try {
		const answer = await handler(universalRequest(request, gone.signal, values));
		pieces = answer.body?.[Symbol.asyncIterator]();
		// Asked for before the head is written: the handler may set headers up to then.
		let piece = await pieces?.next();
		await writeHead(request, response, answer);
		while (piece !== undefined && !piece.done && !gone.signal.aborted) {
			if (!(response as Writable).write(piece.value)) await drained(response, gone.signal);
			piece = await pieces?.next();
		}
		if (answer.trailer !== undefined && !gone.signal.aborted) response.addTrailers(plainHeaders(answer.trailer));
		response.end();
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

async function writeHead(request: Request, response: Response, { status, header }: UniversalServerResponse): Promise<void> {
	const headers = plainHeaders(header ?? new Headers());
	if ("stream" in response) {
		refuseRest(response.stream);
		response.writeHead(status, headers);
		return;
	}
	let dropped = 0;
	if (!request.complete) {
		for await (const part of request.iterator({ destroyOnReturn: false })) {
			dropped += (part as Buffer).length;
			if (dropped > DROPPED_BYTES) break;
		}
	}
	(response as ServerResponse).writeHead(status, request.complete ? headers : { ...headers, connection: "close" });
}

/** Over HTTP/2 a client that still sends its body once it has the whole answer is told to stop; it would wait for ever. */
function refuseRest(stream: ServerHttp2Stream): void {
	// Node sends the trailers in a setImmediate of its own, after this event. A stream that is closed before has none.
	stream.once("wantTrailers", () => {
		setImmediate(() => {
			if (stream.state.remoteClose === 0) stream.close(constants.NGHTTP2_NO_ERROR);
		});
	});
}

function plainHeaders(headers: Headers): Record<string, string | string[]> {
	const plain: Record<string, string | string[]> = {};
	// Values of the same name are joined with a comma.
	for (const [name, value] of headers) plain[name] = value;
	return plain;
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
