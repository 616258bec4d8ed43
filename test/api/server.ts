/** A server of the API on a unix socket, with the real library on the posix platform, for tests. */
import { execFile } from "node:child_process";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type RequestOptions, request } from "node:http";
import { createServer as createHttp2Server, createSecureServer, type SecureServerOptions } from "node:http2";
import type { Socket } from "node:net";
import { promisify } from "node:util";
import * as posix from "../../platform/posix/index.ts";
import type { Caller } from "../../src/api/caller.ts";
import { createHandler, type HandlerOptions } from "../../src/api/server.ts";
import type { Chore, Jobs, LogPiece } from "../../src/index.ts";
import { makeHome } from "../support/home.ts";

export const ADMIN: Caller = { client: "root", role: "admin", sessions: ["default", "*"], quota: {}, daysLeft: null };

export interface Answer {
	readonly status: number;
	readonly headers: IncomingHttpHeaders;
	readonly bytes: Buffer;
	readonly text: string;
	/** Of a JSON answer. */
	// biome-ignore lint/suspicious/noExplicitAny: whatever the test looks for
	readonly json: any;
}

export interface Asked {
	readonly headers?: RequestOptions["headers"];
	/** An object is sent as JSON. */
	readonly body?: object | string | Buffer;
}

export interface Server extends AsyncDisposable {
	readonly socket: string;
	readonly chore: Chore;
	readonly lines: readonly string[];
	ask(method: string, path: string, asked?: Asked): Promise<Answer>;
	/** The response, as soon as its headers are there. */
	open(method: string, path: string, asked?: Asked): Promise<IncomingMessage>;
	curl(...words: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }>;
}

/** @param given what is not as it is for whoever may do all; `jobs` stands in for the library */
export async function startServer(
	given: Partial<Omit<HandlerOptions, "sessions">> & {
		readonly caller?: Partial<Caller>;
		readonly jobs?: Jobs;
		/** It speaks HTTP/2 and nothing else; with a key and a certificate over TLS. */
		readonly http2?: boolean | SecureServerOptions;
	} = {},
): Promise<Server> {
	const home = await makeHome("posix", posix);
	const socket = `${home.path}/api.sock`;
	const lines: string[] = [];
	const opened = new Map<string, Chore>();
	const session = (name: string): Jobs => {
		if (given.jobs !== undefined) return given.jobs;
		const chore = opened.get(name) ?? home.open({ session: name });
		opened.set(name, chore);
		return chore;
	};
	const handler = createHandler({
		identify: () => ({ ...ADMIN, ...given.caller }),
		log: (line) => void lines.push(line),
		...given,
		sessions: { session },
	});
	const server =
		typeof given.http2 === "object"
			? createSecureServer(given.http2, handler)
			: given.http2
				? createHttp2Server(handler)
				: createServer(handler);
	const connections = new Set<Socket>();
	server.on("connection", (connection: Socket) => {
		connections.add(connection);
		connection.once("close", () => connections.delete(connection));
	});
	await new Promise<void>((resolve) => server.listen(socket, resolve));
	const open = (method: string, path: string, { headers = {}, body }: Asked = {}): Promise<IncomingMessage> => {
		const isPlain = body === undefined || typeof body === "string" || Buffer.isBuffer(body);
		const bytes = isPlain ? body : JSON.stringify(body);
		return new Promise((resolve, reject) => {
			const asking = request({
				socketPath: socket,
				method,
				path,
				agent: false,
				headers: { ...(isPlain ? {} : { "Content-Type": "application/json" }), ...headers },
			});
			asking.once("response", resolve);
			asking.once("error", reject);
			asking.end(bytes);
		});
	};
	return {
		socket,
		chore: home.chore,
		lines,
		open,
		async ask(method, path, asked) {
			const response = await open(method, path, asked);
			const bytes = Buffer.concat(await response.toArray());
			const text = bytes.toString();
			const isJson = /^application\/(problem\+)?json$/.test(response.headers["content-type"] ?? "") && text.length > 0;
			return { status: response.statusCode ?? 0, headers: response.headers, bytes, text, json: isJson ? JSON.parse(text) : undefined };
		},
		curl: (...words) => promisify(execFile)("curl", ["-sS", "--unix-socket", socket, ...words]),
		async [Symbol.asyncDispose]() {
			for (const connection of connections) connection.destroy();
			await new Promise((resolve) => server.close(resolve));
			await home[Symbol.asyncDispose]();
		},
	};
}

/** A file of the test's own as the output of a job, given as the library gives it: in a buffer that is used again. */
export function jobsWithOutput(
	logs: (options: {
		readonly signal?: AbortSignal | undefined;
		readonly tailBytes?: number | undefined;
		readonly fromByte?: number | undefined;
	}) => AsyncGenerator<LogPiece, void, void>,
): Jobs {
	const job = { id: "1", run: 1 };
	return {
		get: async () => job,
		wait: async () => job,
		logs: (_: string, options: object) => logs(options),
		close: async () => {},
	} as unknown as Jobs;
}
