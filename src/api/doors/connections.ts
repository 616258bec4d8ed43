/**
 * The connections of all doors, with the requests under way on each: bounds their number, tells when there is none, closes
 * those who are refused, and lets requests end when the server stops.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Session } from "node:http2";
import { TooManyRequests } from "../limiter.ts";
import type { Limits } from "../limits.ts";
import { limitBody } from "./body.ts";

/** Answers a request of node:http or node:http2. */
export type Handler = (request: AnyRequest, response: AnyResponse) => void;
export type AnyRequest = IncomingMessage | Http2ServerRequest;
export type AnyResponse = ServerResponse | Http2ServerResponse;

/** What is used of a socket. */
interface Ended {
	destroy(): unknown;
	once(event: "close", listener: () => void): unknown;
}

/** A connection. */
interface Guest {
	readonly socket: Ended;
	/** Whether somebody must have said who it is before it may stay. */
	readonly isAsked: boolean;
	/** The client that was let in on it. */
	client?: string;
	session?: ServerHttp2Session;
	readonly responses: Set<AnyResponse>;
}

/** When a client with too many connections may try again: nobody knows when it closes one. */
const RETRY_SECONDS = 1;

export class Connections {
	readonly #limits: Limits;
	readonly #changed: (count: number) => void;
	readonly #guests = new Set<Guest>();
	/** By the object that a request names: the session of HTTP/2, else the socket. */
	readonly #known = new WeakMap<object, Guest>();
	/** Those who have not been let in, the oldest first. */
	readonly #notLetIn = new Set<Guest>();
	#isClosing = false;

	/** @param changed is called with the number of connections, whenever it has changed */
	constructor(limits: Limits, changed: (count: number) => void = () => {}) {
		this.#limits = limits;
		this.#changed = changed;
	}

	get count(): number {
		return this.#guests.size;
	}

	/**
	 * Takes in a new connection. If there are too many, it is destroyed; if too many have not been let in, the oldest of them:
	 * else those who connect and say nothing would keep everybody out.
	 * @param isAsked whether `letIn` has to be called
	 * @returns whether it stays
	 */
	begin(socket: Ended, isAsked: boolean): boolean {
		if (this.#isClosing || this.#guests.size >= this.#limits.connections) {
			socket.destroy();
			return false;
		}
		const guest: Guest = { socket, isAsked, responses: new Set() };
		this.#guests.add(guest);
		this.#known.set(socket, guest);
		socket.once("close", () => {
			this.#guests.delete(guest);
			this.#notLetIn.delete(guest);
			this.#changed(this.#guests.size);
		});
		this.#changed(this.#guests.size);
		if (isAsked) {
			this.#notLetIn.add(guest);
			const [oldest] = this.#notLetIn;
			if (this.#notLetIn.size > this.#limits.connectionsNotLetIn) oldest?.socket.destroy();
		}
		return true;
	}

	/** Tells that `other` is the same connection as `socket`: the TLS that runs on it, or the session of HTTP/2. */
	alias(socket: object, other: object): void {
		const guest = this.#known.get(socket);
		if (guest !== undefined) this.#known.set(other, guest);
	}

	/** The same for a session of HTTP/2, which is closed otherwise than a socket. */
	session(socket: object, session: ServerHttp2Session): void {
		this.alias(socket, session);
		const guest = this.#known.get(session);
		if (guest !== undefined) guest.session = session;
	}

	/** To be called once it is known who makes a request. @throws TooManyRequests when the client has too many connections */
	letIn(request: AnyRequest, client: string): void {
		const guest = this.#of(request);
		if (guest === undefined || !guest.isAsked || guest.client !== undefined) return;
		const own = [...this.#guests].filter((other) => other.client === client).length;
		if (own >= this.#limits.connectionsOfClient) throw new TooManyRequests(`${client} has ${own} connections already`, RETRY_SECONDS);
		guest.client = client;
		this.#notLetIn.delete(guest);
	}

	/** Makes a handler that counts the requests of each connection. Those who were not let in get one answer. */
	counted(handler: Handler): Handler {
		return (request, response) => {
			const guest = this.#of(request);
			if (guest === undefined) return void response.destroy();
			guest.responses.add(response);
			if (this.#isClosing) endAfter(response);
			limitBody(request, response, "stream" in request ? this.#limits.bodyMs : this.#limits.requestMs);
			response.once("close", () => {
				guest.responses.delete(response);
				const isRefused = guest.isAsked && guest.client === undefined;
				if ((isRefused || this.#isClosing) && guest.responses.size === 0) end(guest);
			});
			handler(request, response);
		};
	}

	/** Lets the requests under way end, within the limit; takes no others. Resolves when no connection is left. */
	async close(): Promise<void> {
		this.#isClosing = true;
		const gone = [...this.#guests].map((guest) => new Promise<void>((resolve) => guest.socket.once("close", resolve)));
		const timer = setTimeout(() => {
			for (const { socket } of this.#guests) socket.destroy();
		}, this.#limits.stopMs);
		for (const guest of this.#guests) {
			for (const response of guest.responses) endAfter(response);
			if (guest.session !== undefined || guest.responses.size === 0) end(guest);
		}
		await Promise.all(gone);
		clearTimeout(timer);
	}

	#of(request: AnyRequest): Guest | undefined {
		// After its connection is over a request of HTTP/2 has no session.
		const key = "stream" in request ? request.stream.session : request.socket;
		return key === undefined ? undefined : this.#known.get(key);
	}
}

/** Ends a connection after the requests under way; one of HTTP/1.1 must have none. */
function end({ socket, session }: Guest): void {
	if (session === undefined) socket.destroy();
	else session.close();
}

/** Has HTTP/1.1 tell that this is the last answer on its connection, if it can still be told. */
function endAfter(response: AnyResponse): void {
	if ("shouldKeepAlive" in response && !response.headersSent) response.shouldKeepAlive = false;
}
