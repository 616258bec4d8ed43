/** Writes answers: JSON, and what went wrong as RFC 9457 has it. */
import { STATUS_CODES } from "node:http";
import { constants } from "node:http2";
import { setImmediate as turn } from "node:timers/promises";
import { isChoreError, version } from "../../index.ts";
import type { Caller } from "../caller.ts";
import { FEW_DAYS } from "../identity/gate.ts";
import { TooManyRequests } from "../limiter.ts";
import { type Exchange, HttpError, isHttp2, isWhole, streamOf } from "./http.ts";
import type { Problem } from "./problem.ts";
import { STATUS } from "./status.ts";

/** So much of a body that is not wanted is read and thrown away, so that a client that sends on gets to see the answer. */
const MOST_UNWANTED_BYTES = 1024 * 1024;

/** So many warnings are told. Headers are bounded. */
const MOST_WARNINGS = 20;

/** Headers that every answer has. */
export function setCommonHeaders({ response }: Exchange): void {
	response.setHeader("Cache-Control", "no-store");
	response.setHeader("X-Content-Type-Options", "nosniff");
}

/** Headers for those who were let in. By the version a client also tells this server from any other that answers at its addresses. */
export function setLetIn({ response }: Exchange, caller: Caller): void {
	response.setHeader("Chore-Version", version);
	if (caller.daysLeft !== null && caller.daysLeft < FEW_DAYS) response.setHeader("Chore-Certificate-Expires", String(caller.daysLeft));
}

/** Each warning is percent-encoded UTF-8. */
export function setWarnings({ response }: Exchange, warnings: readonly string[]): void {
	const texts = warnings.slice(0, MOST_WARNINGS).map((text) => encodeURIComponent(text.toWellFormed().slice(0, 500).toWellFormed()));
	if (texts.length > 0) response.setHeader("Chore-Warning", texts);
}

export async function answerJson(exchange: Exchange, status: number, value: unknown, type = "application/json"): Promise<void> {
	await answerBytes(exchange, status, Buffer.from(`${JSON.stringify(value)}\n`), type);
}

export async function answerBytes(exchange: Exchange, status: number, body: Buffer, type: string): Promise<void> {
	const { request, response } = exchange;
	response.statusCode = status;
	response.setHeader("Content-Type", type);
	response.setHeader("Content-Length", body.length);
	await finish(exchange, request.method === "HEAD" ? undefined : body);
}

/**
 * Tells the client what went wrong; if part of an answer was sent already, cuts the connection, so that the part is not taken for all.
 * @returns false for what is a fault of the server itself, to be logged
 */
export async function answerProblem(exchange: Exchange, error: unknown): Promise<boolean> {
	const { request, response, signal } = exchange;
	const isOurs = isChoreError(error);
	if (response.headersSent && isHttp2(request)) streamOf(request).close(constants.NGHTTP2_INTERNAL_ERROR);
	else if (response.headersSent) response.destroy();
	else if (!signal.aborted) {
		const problem = problemOf(error);
		for (const name of ["Content-Length", "Content-Range"]) response.removeHeader(name);
		if (error instanceof HttpError) for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value);
		const waitSeconds = error instanceof TooManyRequests ? error.retryAfterSeconds : 1;
		if (problem.status === 429 || problem.status === 503) response.setHeader("Retry-After", waitSeconds);
		await answerJson(exchange, problem.status, problem, "application/problem+json");
	}
	return isOurs || signal.aborted;
}

export function problemOf(error: unknown): Problem {
	const known = isChoreError(error);
	const status = !known ? 500 : error instanceof HttpError ? error.status : STATUS[error.code];
	return {
		type: "about:blank",
		title: STATUS_CODES[status] ?? "Client Closed Request",
		status,
		detail: known ? error.message : "there is an error in the server",
		code: known ? error.code : "PLATFORM_FAILED",
		hint: known ? (error.hint ?? null) : "its log says more",
	};
}

/** Ends the connection once the answer is sent: for clients that are not let in. */
export function closeAfterwards({ request, response }: Exchange): void {
	if (!isHttp2(request)) response.setHeader("Connection", "close");
	else {
		const { session } = streamOf(request);
		response.once("close", () => session?.close());
	}
}

/** Sends the rest of the answer, also while the client is still sending a body that nobody wants. */
async function finish(exchange: Exchange, body: Buffer | undefined): Promise<void> {
	const { request, response } = exchange;
	// What has come with the headers counts as read.
	if (!isWhole(request)) await turn();
	if (isWhole(request) || isHttp2(request)) {
		response.end(body);
		// Or the client waits for ever until it may send the rest.
		if (!isWhole(request)) response.once("finish", () => streamOf(request).close(constants.NGHTTP2_NO_ERROR));
		return;
	}
	response.setHeader("Connection", "close");
	if (body === undefined) response.flushHeaders();
	else response.write(body);
	await discard(exchange);
	response.end();
}

function discard({ request, signal }: Exchange): Promise<void> {
	let left = MOST_UNWANTED_BYTES;
	return new Promise((resolve) => {
		request.on("data", (chunk: Buffer) => {
			left -= chunk.length;
			if (left < 0) resolve();
		});
		for (const end of ["end", "close"]) request.once(end, () => resolve());
		signal.addEventListener("abort", () => resolve());
	});
}
