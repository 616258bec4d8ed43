/** The API behind any listener: lets a request in or not, passes it on to the door that it is for, and logs it. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { TLSSocket } from "node:tls";
import { isChoreError } from "../index.ts";
import type { Caller } from "./caller.ts";
import type { Entrance, Sessions } from "./enter.ts";
import { PasswordNeeded } from "./identity/password.ts";
import type { Bounds } from "./limiter.ts";
import { answerPage, isOfPage, isOpening } from "./page/page.ts";
import { answerRefused } from "./page/refused.ts";
import { refuseForeignPages } from "./pages.ts";
import { answerProblem, closeAfterwards, setCommonHeaders, setLetIn } from "./rest/answer.ts";
import { accepts, type Exchange, HttpError } from "./rest/http.ts";
import { serveRest } from "./rest/rest.ts";
import { DESCRIPTION } from "./rest/router.ts";

export interface HandlerOptions {
	readonly sessions: Sessions;
	/** @throws ChoreError NOT_ALLOWED with the reason in words */
	readonly identify: (request: IncomingMessage) => Caller | Promise<Caller>;
	/** Given a line for each request, and the stack of each fault of the server itself. */
	readonly log: (line: string) => void;
	/** For the requests of each client. Default: none. */
	readonly bounds?: Bounds | undefined;
	/** Answers what gRPC and Connect ask, and does not throw. */
	readonly grpc?: ((request: IncomingMessage, response: ServerResponse, entrance: Entrance) => void | Promise<void>) | undefined;
}

/** Handles the requests of a server of node:http or node:http2. */
export type Handler = (request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse) => void;

export function createHandler(options: HandlerOptions): Handler {
	return (request, response) => {
		// node:http2 makes its requests and responses look like those of node:http.
		const exchange = { request: request as IncomingMessage, response: response as ServerResponse };
		handle(exchange, options).catch((error: unknown) => options.log(stackOf(error)));
	};
}

async function handle({ request, response }: Pick<Exchange, "request" | "response">, options: HandlerOptions): Promise<void> {
	const beganAtMs = performance.now();
	const gone = new AbortController();
	const exchange: Exchange = { request, response, signal: gone.signal };
	let client = "-";
	response.once("close", () => {
		gone.abort();
		options.log(lineOf(exchange, client, performance.now() - beganAtMs));
	});
	// A connection that breaks is no fault of the server: "close" follows.
	for (const end of [request, response]) end.on("error", () => {});
	try {
		setCommonHeaders(exchange);
		const caller = await letIn(exchange, options);
		client = caller.client;
		setLetIn(exchange, caller);
		options.bounds?.request(caller);
		await pass(exchange, { sessions: options.sessions, caller, signal: gone.signal }, options);
	} catch (error) {
		const isRefused = client === "-" && isChoreError(error) && error.code === "NOT_ALLOWED";
		if (isRefused && accepts(request, "text/html")) await answerRefused(exchange, error instanceof PasswordNeeded ? 401 : 403, error);
		else if (!(await answerProblem(exchange, error))) options.log(stackOf(error));
	}
}

async function letIn(exchange: Exchange, { identify }: HandlerOptions): Promise<Caller> {
	const { request } = exchange;
	try {
		const isPlain = (request.socket as Partial<TLSSocket>).encrypted !== true;
		refuseForeignPages(request.headers, { isPlain, isOpening: isOpening(request) });
		return await identify(request);
	} catch (error) {
		closeAfterwards(exchange);
		throw error;
	}
}

async function pass(exchange: Exchange, entrance: Entrance, { grpc, bounds }: HandlerOptions): Promise<void> {
	const { request, response } = exchange;
	const path = pathOf(request);
	if (path === "/v1" || path.startsWith("/v1/")) await serveRest(exchange, entrance, bounds);
	else if (grpc !== undefined && /^\/(chore\.v1\.Jobs|grpc\.[A-Za-z0-9.]+)\//.test(path)) await grpc(request, response, entrance);
	else if (isOfPage(path)) await answerPage(exchange, path);
	else throw new HttpError(404, "there is nothing at this address", { hint: `${DESCRIPTION} describes all addresses` });
}

function pathOf({ url = "" }: IncomingMessage): string {
	return url.replace(/\?.*$/s, "");
}

/** Time, client, method, path without query, status, milliseconds. */
function lineOf({ request, response }: Exchange, client: string, durationMs: number): string {
	const status = response.headersSent ? response.statusCode : 499;
	const path = pathOf(request).replace(/[^\x21-\x7e]/g, "?");
	return `${new Date().toISOString()} ${client} ${request.method} ${path.slice(0, 200)} ${status} ${Math.round(durationMs)}`;
}

/** For the log. */
export function stackOf(error: unknown): string {
	return error instanceof Error ? (error.stack ?? String(error)) : String(error);
}
