/** What HTTP adds to the errors and the messages of the API. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import { ChoreError, type ErrorCode } from "../../index.ts";

/** A request and its response. Those of node:http2 are used as those of node:http, which they imitate. */
export interface Exchange {
	readonly request: IncomingMessage;
	readonly response: ServerResponse;
	/** Raised when the client has gone. */
	readonly signal: AbortSignal;
}

/** An error whose status is not the usual one of its code. */
export class HttpError extends ChoreError {
	readonly status: number;
	readonly headers: Readonly<Record<string, string>>;

	constructor(
		status: number,
		message: string,
		options: { readonly hint?: string; readonly code?: ErrorCode; readonly headers?: Readonly<Record<string, string>> } = {},
	) {
		super(options.code ?? "INVALID_ARGUMENT", message, options.hint === undefined ? {} : { hint: options.hint });
		this.status = status;
		this.headers = options.headers ?? {};
	}
}

export function isHttp2(request: IncomingMessage): boolean {
	return request.httpVersionMajor >= 2;
}

/** Whether the client says that it takes that type of answer. A wildcard does not count. */
export function accepts(request: IncomingMessage, type: string): boolean {
	const types = (request.headers.accept ?? "").split(",").map((one) => one.split(";")[0]?.trim().toLowerCase());
	return types.includes(type);
}

/** Whether a body follows the headers. */
export function hasBody(request: IncomingMessage): boolean {
	const { "content-length": length, "transfer-encoding": encoding } = request.headers;
	if (length !== undefined) return length !== "0";
	return isHttp2(request) ? !streamOf(request).endAfterHeaders : encoding !== undefined;
}

/** Whether all of the request has come. */
export function isWhole(request: IncomingMessage): boolean {
	return request.complete || (isHttp2(request) && streamOf(request).endAfterHeaders);
}

/** Of a request over HTTP/2. */
export function streamOf(request: IncomingMessage): Http2ServerRequest["stream"] {
	return (request as unknown as Http2ServerRequest).stream;
}
