/** Reads the body of a request. */
import type { IncomingMessage } from "node:http";
import { ChoreError } from "../../index.ts";
import { HttpError, hasBody } from "./http.ts";

/** The most that is read of a body of JSON: a job may have some 200 kB of words and variables. */
export const MOST_BODY_BYTES = 1024 * 1024;

/** @returns the fields; none without a body. @throws ChoreError INVALID_ARGUMENT; HttpError 413, 415 */
export async function readJson(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
	checkType(request, "application/json");
	if (!hasBody(request)) return {};
	if (Number(request.headers["content-length"] ?? 0) > MOST_BODY_BYTES) throw tooLong();
	const chunks: Buffer[] = [];
	let length = 0;
	for await (const chunk of chunksOf(request)) {
		length += chunk.length;
		if (length > MOST_BODY_BYTES) throw tooLong();
		chunks.push(chunk);
	}
	if (length === 0) return {};
	const value = parse(Buffer.concat(chunks));
	if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
	throw new ChoreError("INVALID_ARGUMENT", "the body must be an object of JSON: {…}");
}

/** The pieces of a body of bytes, as they come. @throws HttpError 415 */
export function readBytes(request: IncomingMessage): AsyncIterable<Buffer> {
	checkType(request, "application/octet-stream");
	return chunksOf(request);
}

/** @throws HttpError 415 */
function checkType(request: IncomingMessage, wanted: string): void {
	const { "content-type": type, "content-encoding": encoding } = request.headers;
	if (encoding !== undefined && encoding !== "identity") {
		throw new HttpError(415, `the body is compressed: ${encoding.slice(0, 40)}`, {
			hint: "send it as it is",
			headers: { "Accept-Encoding": "identity" },
		});
	}
	if (type === undefined && !hasBody(request)) return;
	const [given = "", ...parameters] = (type ?? "")
		.toLowerCase()
		.split(";")
		.map((one) => one.trim());
	const isUtf8 = parameters.every((one) => !one.startsWith("charset=") || /^charset="?utf-?8"?$/.test(one));
	if (given === wanted && isUtf8) return;
	throw new HttpError(415, `the body must be of the type ${wanted}, not ${JSON.stringify((type ?? "").slice(0, 60))}`, {
		hint: `send the header Content-Type: ${wanted}`,
		headers: { Accept: wanted },
	});
}

/** Leaving the loop early leaves the connection open, so that there can be an answer. */
function chunksOf(request: IncomingMessage): AsyncIterable<Buffer> {
	return { [Symbol.asyncIterator]: () => request.iterator({ destroyOnReturn: false }) };
}

function parse(bytes: Buffer): unknown {
	try {
		return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
	} catch (error) {
		const why = error instanceof SyntaxError ? "the body is no JSON" : "the body is not UTF-8";
		throw new ChoreError("INVALID_ARGUMENT", why, { cause: error });
	}
}

function tooLong(): HttpError {
	return new HttpError(413, `the body is longer than ${MOST_BODY_BYTES} bytes`, { code: "TOO_LARGE" });
}
