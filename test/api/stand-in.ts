/**
 * A server of the API for tests of the client: the real library behind the addresses of REST, over HTTP/2, without any check. It can
 * be told to do harm: cut an answer, keep one to itself, go away.
 */

import { once } from "node:events";
import { rmSync } from "node:fs";
import {
	createSecureServer,
	createServer,
	type Http2SecureServer,
	type Http2Server,
	type IncomingHttpHeaders,
	type SecureServerOptions,
	type ServerHttp2Session,
	type ServerHttp2Stream,
	type Settings,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { type QueryKind, ROUTES } from "../../src/api/rest/routes.ts";
import { STATUS } from "../../src/api/rest/status.ts";
import { ChoreError, isChoreError, type Jobs } from "../../src/index.ts";

/** What comes from the client: the stand-in believes it. */
type Unchecked = ReturnType<typeof JSON.parse>;

/** Each function returns true if it has dealt with the request itself. */
export interface Harm {
	/** Instead of the answer. */
	asked?(name: string, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean;
	/** After the operation is done, before it is answered. */
	done?(name: string, stream: ServerHttp2Stream): boolean;
	/** After so many bytes of an output the connection is cut, once. */
	cutAfterBytes?: number;
}

export class StandIn implements AsyncDisposable {
	readonly harm: Harm = {};
	/** The names of the operations that were asked for, and the headers. */
	readonly asked: { readonly name: string; readonly path: string; readonly headers: IncomingHttpHeaders }[] = [];
	/** How many requests are under way. */
	streams = 0;
	readonly #jobs: Jobs;
	readonly #settings: Settings;
	readonly #tls: SecureServerOptions | undefined;
	readonly #sessions = new Set<ServerHttp2Session>();
	#server: Http2Server | Http2SecureServer;

	constructor(jobs: Jobs, tls?: SecureServerOptions, settings: Settings = {}) {
		this.#settings = settings;
		this.#jobs = jobs;
		this.#tls = tls;
		this.#server = this.#make();
	}

	/** @param at a path, or a port; 0 for a free one @returns the port */
	async listen(at: string | number): Promise<number> {
		if (typeof at === "string") {
			rmSync(at, { force: true });
			this.#server.listen(at);
		} else this.#server.listen(at, "127.0.0.1");
		await once(this.#server, "listening");
		return typeof at === "string" ? 0 : (this.#server.address() as AddressInfo).port;
	}

	/** Serves one connection over a stream such as stdin and stdout. */
	over(stream: NodeJS.ReadWriteStream): void {
		this.#server.emit("connection", stream);
	}

	/** Ends all connections, as a server that is killed. */
	cut(): void {
		for (const session of this.#sessions) session.destroy();
	}

	/** Goes away; `listen` brings it back. */
	async close(): Promise<void> {
		this.cut();
		if (!this.#server.listening) return;
		await new Promise((resolve) => this.#server.close(resolve));
		this.#server = this.#make();
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
	}

	#make(): Http2Server | Http2SecureServer {
		const server = this.#tls === undefined ? createServer({ settings: this.#settings }) : createSecureServer(this.#tls);
		server.on("session", (session: ServerHttp2Session) => {
			this.#sessions.add(session);
			session.on("error", () => {});
			session.once("close", () => this.#sessions.delete(session));
		});
		server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
			stream.on("error", () => {});
			this.streams++;
			stream.once("close", () => this.streams--);
			void this.#answer(stream, headers);
		});
		return server;
	}

	async #answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
		const gone = new AbortController();
		stream.once("close", () => gone.abort());
		try {
			const { name, input } = read(headers);
			this.asked.push({ name, path: String(headers[":path"]), headers });
			if (this.harm.asked?.(name, stream, headers)) return;
			if (name === "logs") return await this.#output(stream, input, gone.signal);
			if (name === "events") return await this.#events(stream, input, gone.signal);
			if (name === "send") return await this.#send(stream, input, gone.signal);
			const body = ROUTES[name as keyof typeof ROUTES].method === "GET" ? {} : await bodyOf(stream);
			const warnings: string[] = [];
			const how = { signal: gone.signal, onWarning: (text: string) => warnings.push(encodeURIComponent(text)) };
			const answer = await this.#act(name, { ...input, ...body }, how);
			if (this.harm.done?.(name, stream)) return;
			const warned = warnings.length === 0 ? {} : { "chore-warning": warnings };
			stream.respond({ ":status": 200, "chore-version": "1", "content-type": "application/json", ...warned });
			stream.end(JSON.stringify(answer));
		} catch (error) {
			if (stream.destroyed || gone.signal.aborted) return;
			if (!isChoreError(error)) throw error;
			const { code, message: detail, hint = null } = error;
			if (stream.headersSent) return void stream.end(frame(254, 0, Buffer.from(JSON.stringify({ code, detail, hint }))));
			stream.respond({ ":status": STATUS[code], "content-type": "application/problem+json" });
			stream.end(JSON.stringify({ type: "about:blank", title: "", status: STATUS[code], detail, code, hint }));
		}
	}

	async #act(name: string, input: Unchecked, how: object): Promise<unknown> {
		const jobs = this.#jobs;
		const { reference, ...options } = dated(input);
		switch (name) {
			case "info":
				return {
					schema: 1,
					version: "1",
					client: "test",
					role: "admin",
					session: "default",
					sessions: ["*"],
					certificateDaysLeft: null,
					capabilities: await jobs.capabilities(),
				};
			case "run": {
				const { requestKey, ...rest } = options;
				return this.#keyed(requestKey, () => jobs.run({ environment: { PATH: process.env["PATH"] }, directory: "/", ...rest, ...how }));
			}
			case "list":
				return options.limit === undefined
					? jobs.list(options)
					: (await jobs.list({ all: true })).toSorted((one, other) => (one.id < other.id ? 1 : -1)).slice(0, options.limit);
			case "start":
				return jobs.rerun(reference, { ...options, ...how });
			case "wait":
				try {
					return await jobs.wait(reference, { ...options, ...how });
				} catch (error) {
					if (!isChoreError(error) || error.code !== "TIMED_OUT") throw error;
					return jobs.get(reference);
				}
			case "upcoming":
				return jobs.upcoming(reference, options.count);
			case "eventsAfter":
				return jobs.eventsAfter(options.cursor, options);
			case "moveCursor":
				return (await jobs.moveCursor(options.cursor, options.to)) ?? {};
			case "removeTriggers":
			case "pauseTriggers":
			case "resumeTriggers":
				return jobs[name](reference, options.triggers);
			case "changeTrigger":
				return jobs.changeTrigger(reference, options.trigger, options);
			case "schedules":
				return jobs.schedules();
			case "history":
			case "prune":
			case "doctor":
				return jobs[name](options);
			default:
				return (jobs as Unchecked)[name](reference, { ...options, ...(name === "set" || name === "restart" ? how : {}) });
		}
	}

	readonly #keys = new Map<string, Promise<unknown>>();

	#keyed(key: string, start: () => Promise<unknown>): Promise<unknown> {
		const made = this.#keys.get(key) ?? start();
		this.#keys.set(key, made);
		return made;
	}

	async #output(stream: ServerHttp2Stream, { reference, ...options }: Unchecked, signal: AbortSignal): Promise<void> {
		const pieces = this.#jobs.logs(reference, { ...options, begins: true, signal });
		const first = await pieces.next(); // an error comes before the headers
		stream.respond({ ":status": 200, "chore-version": "1", "content-type": "application/vnd.chore.output" });
		let sent = 0;
		for (let next = first; !next.done; next = await pieces.next()) {
			const { bytes, offset, stream: which } = next.value;
			const most = this.harm.cutAfterBytes ?? Number.POSITIVE_INFINITY;
			await write(stream, frame(which === "output" ? 0 : which === "stdout" ? 1 : 2, offset, bytes.subarray(0, most - sent)));
			sent += bytes.length;
			if (sent < most) continue;
			delete this.harm.cutAfterBytes;
			await pieces.return();
			stream.session?.destroy();
			return;
		}
		if (signal.aborted) return;
		const ended = options.follow ? await this.#jobs.wait(reference, { run: options.run, signal }) : undefined;
		stream.end(frame(255, 0, Buffer.from(ended === undefined ? "" : JSON.stringify(ended))));
	}

	async #events(stream: ServerHttp2Stream, { since, follow, changes }: Unchecked, signal: AbortSignal): Promise<void> {
		stream.respond({ ":status": 200, "chore-version": "1", "content-type": "application/x-ndjson", date: new Date().toUTCString() });
		const tell = (value: unknown): boolean => stream.write(`${JSON.stringify(value)}\n`);
		const onChange = changes ? (changed: unknown) => void tell({ changed }) : undefined;
		const from = since === undefined || since === "now" ? since : new Date(since);
		for await (const event of this.#jobs.events({ since: from, follow, onChange, signal })) tell(event);
		if (!signal.aborted) stream.end();
	}

	async #send(stream: ServerHttp2Stream, { reference, end }: Unchecked, signal: AbortSignal): Promise<void> {
		for await (const bytes of stream) await this.#jobs.send(reference, bytes as Buffer, { signal, timeoutMs: Number.POSITIVE_INFINITY });
		if (end) await this.#jobs.send(reference, "", { end: true, signal });
		stream.respond({ ":status": 200, "chore-version": "1", "content-type": "application/json" });
		stream.end("{}");
	}
}

/** Finds the operation, and reads path and query. */
function read(headers: IncomingHttpHeaders): { readonly name: string; readonly input: Unchecked } {
	const url = new URL(String(headers[":path"]), "http://localhost");
	for (const [name, { method, path, query }] of Object.entries(ROUTES)) {
		const found = new RegExp(`^${path.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`).exec(url.pathname);
		if (found === null || headers[":method"] !== method) continue;
		const input: Record<string, unknown> = {};
		for (const [field, value] of Object.entries(found.groups ?? {})) input[field] = decodeURIComponent(value);
		for (const [parameter, how] of Object.entries(query)) {
			const { field, kind } = typeof how === "object" ? how : { field: parameter, kind: how };
			if (url.searchParams.has(parameter)) input[field] = asKind(kind, url.searchParams.getAll(parameter));
		}
		return { name, input };
	}
	throw new ChoreError("JOB_NOT_FOUND", `there is no ${headers[":path"]}`);
}

function asKind(kind: QueryKind, [first = "", ...others]: readonly string[]): unknown {
	return kind === "number" ? Number(first) : kind === "boolean" ? first === "true" : kind === "list" ? [first, ...others] : first;
}

async function bodyOf(stream: ServerHttp2Stream): Promise<object> {
	const parts: Buffer[] = [];
	for await (const part of stream) parts.push(part as Buffer);
	const text = Buffer.concat(parts).toString();
	return text === "" ? {} : (JSON.parse(text) as object);
}

/** Moments and bytes as the library has them. */
function dated(input: Unchecked): Unchecked {
	const moments = ["at", "notBefore", "notAfter", "since", "until"];
	const entries = Object.entries(input).map(([name, value]: [string, Unchecked]) => {
		if (moments.includes(name) && typeof value === "string") return [name, new Date(value)];
		if (name === "data" && value?.base64 !== undefined) return [name, Buffer.from(value.base64, "base64")];
		return [name, name === "schedule" ? dated(value) : value];
	});
	return Object.fromEntries(entries);
}

function frame(kind: number, offset: number, bytes: Uint8Array): Buffer {
	const head = Buffer.alloc(13);
	head.writeUInt8(kind, 0);
	head.writeUInt32BE(bytes.length, 1);
	head.writeBigUInt64BE(BigInt(offset), 5);
	return Buffer.concat([head, bytes]);
}

function write(stream: ServerHttp2Stream, bytes: Buffer): Promise<void> {
	return new Promise((resolve) => {
		stream.once("close", resolve);
		stream.write(bytes, () => {
			stream.off("close", resolve);
			resolve();
		});
	});
}
