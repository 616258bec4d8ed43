/**
 * Makes of the options of an HTTP job those of a job that runs curl(1), and the files for it. All that may be secret goes into
 * curl's config file, which only the owner can read, and nothing of it into a message, an argument or a record.
 */
import { ChoreError } from "../../../platform/errors.ts";
import { WRITE_OUT } from "../disk/response.ts";
import type { JobRecord } from "../disk/store.ts";
import { bytesOf, hasBytes } from "../exact-text.ts";
import type { OutputMode } from "../job.ts";
import { shownUrl } from "../shown-url.ts";
import { jobDirectory, pathIn } from "./directory.ts";
import { checkReadable } from "./precheck.ts";
import { text as requestScript } from "./request.sh.ts";
import { inRange, type RunOptions } from "./spec.ts";

/** An HTTP job: one request, made by curl(1). Everything but `kind` and `url` has a default. */
export interface RequestOptions extends Omit<RunOptions, "command" | "stdin" | "relay" | "user" | "group"> {
	readonly kind: "http";
	/** Of http or https. User and password in it are sent as HTTP Basic authentication. Only scheme, host and path are shown. */
	readonly url: string;
	/** Default: POST with data, else GET. */
	readonly method?: string | undefined;
	/** By name; a list for one that is sent several times. An empty value takes out a header that curl sends by itself. */
	readonly headers?: Readonly<Record<string, string | readonly string[]>> | undefined;
	/** The body. A file is read at each start, and held in memory; a relative path begins in `directory`. */
	readonly data?: string | Uint8Array | { readonly file: string } | undefined;
	/** The statuses that count as success: "204", or "2xx" for all from 200 to 299. Default ["2xx"]. */
	readonly expect?: readonly string[] | undefined;
	/**
	 * How often the request is made again at most after a status 408, 429, 500, 502, 503 or 504, a time-out, an unknown host or a
	 * refused connection; whatever the method. curl waits as long as the header Retry-After says, else 1 s, 2 s, 4 s ….
	 * Default 0.
	 */
	readonly retries?: number | undefined;
	/** Each try is given up after so many milliseconds; 1 or more. `timeoutMs` bounds all of them together. */
	readonly tryTimeoutMs?: number | undefined;
	/** Go where a redirect leads, up to 50 times. Default: a redirect is the response. */
	readonly followRedirects?: boolean | undefined;
	/** A file of certificates in the form PEM that are trusted, instead of those of the system. */
	readonly caFile?: string | undefined;
	/** Trust any certificate. */
	readonly insecure?: boolean | undefined;
	/** Default "split": the body of the response on stdout, and what curl has to say on stderr. */
	readonly output?: RunOptions["output"];
}

/** An HTTP job as a job that runs a program. */
export interface PreparedRequest {
	readonly options: RunOptions;
	/** What is stored and shown of it. */
	readonly record: NonNullable<JobRecord["request"]>;
	/** What the start script runs in curl's stead, with `words` behind curl's path. */
	readonly script: "request";
	readonly words: readonly string[];
	/** Files of the job's folder, by name. */
	readonly files: Readonly<Record<string, string | Uint8Array>>;
}

export function isRequest(options: RunOptions | RequestOptions): options is RequestOptions {
	return "kind" in options && options.kind === "http";
}

/** @throws ChoreError INVALID_ARGUMENT, which never shows a URL or the value of a header */
export function prepareRequest(options: RequestOptions): PreparedRequest {
	const { data, output = "split", expect = ["2xx"], retries = 0 } = options;
	const url = checkUrl(options.url);
	const method = checkMethod(options.method ?? (data === undefined ? "GET" : "POST"));
	const headers = headerLines(options.headers ?? {});
	const record = {
		method,
		url: shownUrl(url.href) ?? "",
		headers: Object.keys(options.headers ?? {}),
		expect: checkExpected(expect),
		retries: inRange("the number of retries", retries, { least: 0, whole: true, unit: "" }) ?? 0,
	};
	const isFile = typeof data === "object" && "file" in data;
	const body = data === undefined || isFile ? undefined : typeof data === "string" ? bytesOf(data) : data;
	return {
		options: {
			...options,
			command: [method, record.url],
			defaultName: options.defaultName ?? url.hostname,
			stdin: isFile ? data : "null",
			output,
			// What RunOptions has and RequestOptions has not, for callers without types.
			...{ relay: false, user: undefined, group: undefined },
		},
		record,
		script: "request",
		words: requestWords(output, record.expect),
		files: {
			request: requestScript,
			curl: config([
				["url", withoutUser(url)],
				["proto", "=http,https"],
				["proto-redir", "=http,https"],
				["globoff"],
				["no-progress-meter"],
				["write-out", WRITE_OUT],
				...user(url),
				// curl chooses POST itself, and then another method where a redirect wants one.
				...(method === "HEAD" ? [["head"] as const] : options.method === undefined ? [] : [["request", method] as const]),
				...headers.map((line) => ["header", line] as const),
				...(data === undefined ? [] : [["data-binary", "@-"] as const]),
				...(record.retries === 0 ? [] : [["retry", String(record.retries)] as const, ["retry-connrefused"] as const]),
				...maxTime(options.tryTimeoutMs),
				...(options.followRedirects ? [["location"] as const] : []),
				...authorities(options),
				...(options.insecure ? [["insecure"] as const] : []),
			]),
			...(body === undefined ? {} : { data: body }),
		},
	};
}

/** The words behind curl's path. The last one has the statuses as patterns of the shell. */
export function requestWords(output: OutputMode, expect: readonly string[]): readonly string[] {
	return [output === "merged" ? "output" : output === "split" ? "stderr" : "messages", expect.join(" ").replaceAll("x", "?")];
}

/** An option of curl's, without dashes, and its value. */
type Line = readonly [name: string, value?: string];

/** In quotes curl's config files have only these two characters that do not stand for themselves. */
function config(lines: readonly Line[]): Buffer {
	const text = lines.map(([name, value]) => (value === undefined ? name : `${name} = "${value.replace(/[\\"]/g, "\\$&")}"`));
	return bytesOf(`${text.join("\n")}\n`);
}

const CONTROL = /\p{Cc}/u;

/** curl reads no longer line. */
const MOST_CHARACTERS = 32_000;

function checkUrl(text: string): URL {
	const wrong = (why: string): ChoreError =>
		new ChoreError("INVALID_ARGUMENT", `the URL ${why}`, {
			hint: "one is written https://example.org/path; it is not shown here, since it may hold a secret",
		});
	if (CONTROL.test(text)) throw wrong("holds a control character");
	if (!text.isWellFormed()) throw wrong("is not valid UTF-8");
	if (text.length > MOST_CHARACTERS) throw wrong(`is longer than ${MOST_CHARACTERS} characters`);
	if (!URL.canParse(text)) throw wrong("cannot be read as one");
	const url = new URL(text);
	if (url.protocol !== "http:" && url.protocol !== "https:") throw wrong("is neither of http nor of https");
	return url;
}

function withoutUser(url: URL): string {
	const bare = new URL(url);
	bare.username = "";
	bare.password = "";
	bare.hash = "";
	return bare.href;
}

/** With the colon that makes curl ask nobody for a password. */
function user({ username, password }: URL): readonly Line[] {
	if (username === "" && password === "") return [];
	const [name, word] = [decoded(username), decoded(password)];
	const wrong = CONTROL.test(name + word) ? "a control character" : name.includes(":") ? "a colon" : undefined;
	if (wrong !== undefined) {
		throw new ChoreError("INVALID_ARGUMENT", `the user or the password in the URL holds ${wrong}`, {
			hint: "HTTP Basic authentication cannot send it; other ways are a header's (--header-file)",
		});
	}
	return [["user", `${name}:${word}`]];
}

function decoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text; // a percent sign that stands for itself
	}
}

/** A token of RFC 9110, section 5.6.2: what a method and the name of a header are made of. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;

function checkMethod(method: string): string {
	if (TOKEN.test(method)) return method;
	throw new ChoreError("INVALID_ARGUMENT", `${JSON.stringify(method.slice(0, 60).toWellFormed())} is no method of HTTP`, {
		hint: "GET, HEAD, POST, PUT, PATCH, DELETE …",
	});
}

function headerLines(headers: NonNullable<RequestOptions["headers"]>): readonly string[] {
	return Object.entries(headers).flatMap(([name, values], index) => {
		// A wrong name may be a secret in the wrong place.
		if (!TOKEN.test(name)) throw wrongHeader(`the name of header ${index + 1}`, "is none");
		return [values].flat().map((value) => {
			if (CONTROL.test(value)) throw wrongHeader(`the header ${name}`, "holds a control character");
			if (!hasBytes(value)) throw wrongHeader(`the header ${name}`, "holds half of a surrogate pair");
			if (value.length > MOST_CHARACTERS) throw wrongHeader(`the header ${name}`, `is longer than ${MOST_CHARACTERS} characters`);
			return `${name}:${value === "" ? "" : ` ${value}`}`;
		});
	});
}

function wrongHeader(what: string, wrong: string): ChoreError {
	return new ChoreError("INVALID_ARGUMENT", `${what} ${wrong}`, { hint: "a header is written 'Name: value', on one line" });
}

function checkExpected(expect: readonly string[]): readonly string[] {
	const wrong = expect.find((status) => !/^[2-9]([0-9]{2}|xx)$/.test(status));
	if (wrong === undefined && expect.length > 0) return [...expect];
	throw new ChoreError(
		"INVALID_ARGUMENT",
		`${wrong === undefined ? "no status" : JSON.stringify(wrong.slice(0, 60).toWellFormed())} can be expected`,
		{
			hint: "statuses are written 204, or 2xx for all from 200 to 299",
		},
	);
}

function maxTime(tryTimeoutMs: number | undefined): readonly Line[] {
	const milliseconds = inRange("the time limit of a try", tryTimeoutMs, { least: 1, unit: " ms" });
	return milliseconds === null ? [] : [["max-time", (milliseconds / 1000).toFixed(3)]];
}

function authorities({ caFile, directory }: RequestOptions): readonly Line[] {
	if (caFile === undefined) return [];
	const path = pathIn(jobDirectory(directory), caFile);
	if (CONTROL.test(path)) throw new ChoreError("INVALID_ARGUMENT", "the path of the certificates holds a control character");
	checkReadable(path, "the certificates", "--cacert takes a file in the form PEM");
	return [["cacert", path]];
}
