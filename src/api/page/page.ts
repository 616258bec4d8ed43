/** The page for browsers: three files that never change while the server runs. What they show they ask the API for. */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { gzipSync } from "node:zlib";
import { answerBytes } from "../rest/answer.ts";
import { type Exchange, HttpError } from "../rest/http.ts";
import { text as html } from "./index.html.ts";
import { text as style } from "./page.css.ts";
import { text as program } from "./page.js.ts";

/** Nothing but the files of this server, and no text that is taken for a script. Nobody may show the page within another. */
const POLICY = [
	"default-src 'none'",
	"script-src 'self'",
	"style-src 'self'",
	"connect-src 'self'",
	"img-src 'self' data:",
	"base-uri 'none'",
	"form-action 'none'",
	"frame-ancestors 'none'",
].join("; ");

interface PageFile {
	readonly type: string;
	readonly bytes: Buffer;
	readonly zipped: Buffer;
	readonly tag: string;
}

/** By path: makes the file. Most servers never show the page. */
const FILES: ReadonlyMap<string, () => PageFile> = new Map([
	["/", made("text/html; charset=utf-8", html)],
	["/page.css", made("text/css; charset=utf-8", style)],
	["/page.js", made("text/javascript; charset=utf-8", program)],
]);

export function isOfPage(path: string): boolean {
	return FILES.has(path);
}

/** Whether a browser opens the page, as by a link that stands elsewhere. That shows nothing to whoever made the link. */
export function isOpening({ method, url, headers }: IncomingMessage): boolean {
	return method === "GET" && url === "/" && headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document";
}

/** @param path one that `isOfPage`. @throws HttpError 405 */
export async function answerPage(exchange: Exchange, path: string): Promise<void> {
	const { request, response } = exchange;
	const file = FILES.get(path)?.();
	if (file === undefined) throw new Error(`${path} is no file of the page`);
	if (request.method !== "GET" && request.method !== "HEAD")
		throw new HttpError(405, `${path} is only read`, { headers: { Allow: "GET, HEAD" } });
	setPolicy(exchange);
	// Kept by the browser, but asked for each time: another version of the server has other files.
	response.setHeader("Cache-Control", "private, no-cache");
	response.setHeader("ETag", file.tag);
	response.setHeader("Vary", "Accept-Encoding");
	if (String(request.headers["if-none-match"] ?? "").includes(file.tag)) {
		response.statusCode = 304;
		return void response.end();
	}
	const isZipped = /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(String(request.headers["accept-encoding"] ?? ""));
	if (isZipped) response.setHeader("Content-Encoding", "gzip");
	await answerBytes(exchange, 200, isZipped ? file.zipped : file.bytes, file.type);
}

/** What a browser may do with an answer that it shows. */
export function setPolicy({ response }: Exchange): void {
	response.setHeader("Content-Security-Policy", POLICY);
	response.setHeader("Referrer-Policy", "no-referrer");
	response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
}

function made(type: string, text: string): () => PageFile {
	let file: PageFile | undefined;
	return () => {
		file ??= { type, bytes: Buffer.from(text), zipped: gzipSync(text, { level: 9 }), tag: `"${sha256(text).slice(0, 22)}"` };
		return file;
	};
}

function sha256(text: string): string {
	return createHash("sha256").update(text).digest("base64url");
}
