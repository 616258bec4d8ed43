/**
 * The identity of whoever comes to a TLS server, as the folder says it at this moment. Keeps the pool and the server's own
 * files true while they change, and cuts the connections of those who are no longer let in, or may do other things than
 * before. Files that are damaged by a change leave the server as it was; a damaged pool lets fewer in, never more.
 */
import { createHash, createHmac, randomBytes, type X509Certificate } from "node:crypto";
import type { TlsOptions } from "node:tls";
import { isDeepStrictEqual } from "node:util";
import { ChoreError } from "../../index.ts";
import type { Caller } from "../caller.ts";
import { Attempts } from "./attempts.ts";
import { messageOf, type ServeFolder } from "./folder.ts";
import { callerOf, identify, type Shown, type Verdict } from "./gate.ts";
import { type Credentials, DECOY, isPassword, PasswordNeeded, readCredentials } from "./password.ts";
import { type Pool, readPool } from "./pool.ts";
import { factsOf } from "./shown.ts";
import { readTlsFiles, type TlsFiles, tlsOptions } from "./tls.ts";
import { FoldersWatch } from "./watch.ts";

/** One TLS connection, or the session of HTTP/2 in one. */
interface Connection {
	destroy(): unknown;
	once(event: "close", listener: () => void): unknown;
}

/** What is used of a socket of node:tls, which node:http2 shows through a stand-in. */
interface TlsPeer extends Connection {
	readonly authorized: boolean;
	/** OpenSSL's word for why not; node:tls declares it to be an error, but it is a text. */
	readonly authorizationError: unknown;
	readonly remoteAddress?: string | undefined;
	getPeerX509Certificate(): X509Certificate | undefined;
}

/** A request of node:http or node:http2 on TLS. */
interface Request {
	readonly socket: unknown;
	readonly stream?: { readonly session?: (Connection & { readonly socket: unknown }) | undefined } | undefined;
	readonly headers: { readonly authorization?: string | undefined };
}

/** A server of node:tls, node:https or node:http2. */
interface TlsServer {
	setSecureContext(options: TlsOptions): void;
	on(event: "secureConnection" | "session", listener: (connection: object) => void): unknown;
}

/** What is known of a connection: what it showed, and who was let in by it. */
interface Guest {
	readonly shown: Omit<Shown, "credentials">;
	/** The authority that judged it in the handshake. */
	readonly authority: string;
	/** By the name of the client, of whom a proxy may bring several; of one who came by a password, the hash that it fits. */
	readonly callers: Map<string, { readonly rights: string; readonly hash: string | undefined }>;
}

/** How often those who are connected are judged again: certificates end. */
const JUDGE_MS = 30_000;
/** Passwords examined at a time: each takes 32 MB and a processor for a while. */
const MOST_AT_ONCE = 2;
const MOST_REMEMBERED = 256;

export class Identity implements Disposable {
	readonly #folder: ServeFolder;
	readonly #log: (line: string) => void;
	readonly #now: () => number;
	readonly #watch: FoldersWatch;
	readonly #timer: NodeJS.Timeout;
	readonly #servers: TlsServer[] = [];
	readonly #guests = new Map<Connection, Guest>();
	/** The authority that was in force at the handshake of a connection. */
	readonly #authorities = new WeakMap<object, string>();
	readonly #attempts = new Attempts();
	/** By a keyed hash of what was shown: the hash in the settings that it was examined against and fits; or its examination under way. */
	readonly #examined = new Map<string, string>();
	readonly #examinations = new Map<string, Promise<boolean>>();
	readonly #secret = randomBytes(32);
	#files: TlsFiles;
	/** What stands for the authority that is in force. */
	#authority: string;
	#pool: Pool;
	/** What was told last, so that it is told once. */
	#told = "";

	/**
	 * @param options.log takes a line about what is wrong in the folder, for whoever keeps the server
	 * @throws ChoreError when there is no certificate and key that a server could use
	 */
	constructor(folder: ServeFolder, options: { readonly log: (line: string) => void; readonly now?: () => number }) {
		this.#folder = folder;
		this.#log = options.log;
		this.#now = options.now ?? Date.now;
		this.#files = readTlsFiles(folder);
		this.#authority = authorityOf(this.#files);
		this.#pool = readPool(folder);
		this.#tell(this.#pool.faults);
		this.#watch = new FoldersWatch([folder.path, folder.clients], () => this.reload());
		this.#timer = setInterval(() => this.#judgeGuests(), JUDGE_MS).unref();
	}

	/** For the server that `guard` is called with. */
	get tlsOptions(): TlsOptions {
		return tlsOptions(this.#files);
	}

	/** When the server's certificate ends. */
	get validTo(): Date {
		return this.#files.validTo;
	}

	get pool(): Pool {
		return this.#pool;
	}

	/** Keeps the certificate and the authority of a server true. Call it before the server listens. */
	guard(server: TlsServer): void {
		this.#servers.push(server);
		const note = (connection: object) => this.#authorities.set(connection, this.#authority);
		server.on("secureConnection", note);
		server.on("session", note); // of HTTP/2, in the same turn; its sockets are shown through a stand-in
	}

	/**
	 * Who makes this request. To be asked for each: what is kept of a connection is what it showed, not the verdict.
	 * @throws ChoreError NOT_ALLOWED with the reason; TOO_MANY_REQUESTS when passwords are tried too fast
	 */
	async identify(request: Request): Promise<Caller> {
		this.#watch.look();
		// A request of HTTP/2 whose connection is over has no session any more.
		const connection = request.stream === undefined ? (request.socket as Connection) : request.stream.session;
		if (connection === undefined) throw notAllowed("the connection is over");
		const peer = (request.stream?.session?.socket ?? request.socket) as TlsPeer;
		const guest = this.#guests.get(connection) ?? this.#welcome(connection, peer);
		const verdict = this.#judge(guest, readCredentials(request.headers.authorization));
		if (verdict.kind === "password") return this.#examine(verdict, guest, peer.remoteAddress ?? "");
		if (verdict.kind === "refused" && verdict.needsPassword) throw new PasswordNeeded(verdict.reason);
		if (verdict.kind === "refused") throw notAllowed(verdict.reason, verdict.hint);
		return letIn(verdict.caller, guest);
	}

	/** Reads everything again, as on SIGHUP. Never throws. */
	reload(): void {
		this.#pool = readPool(this.#folder);
		const fault = this.#reloadTls();
		this.#tell([...this.#pool.faults, ...(fault === undefined ? [] : [`the server keeps the certificate that it has: ${fault}`])]);
		this.#judgeGuests();
	}

	[Symbol.dispose](): void {
		this.#watch[Symbol.dispose]();
		clearInterval(this.#timer);
	}

	/** @returns what is wrong with the files, if they cannot be used */
	#reloadTls(): string | undefined {
		try {
			const files = readTlsFiles(this.#folder);
			if (isDeepStrictEqual(files, this.#files)) return undefined;
			// OpenSSL checks them, too, before it gives up anything of the old ones.
			for (const server of this.#servers) server.setSecureContext(tlsOptions(files));
			this.#files = files;
			this.#authority = authorityOf(files);
			this.#log("the server's certificate and authority were read again");
			return undefined;
		} catch (error) {
			return messageOf(error);
		}
	}

	#tell(faults: readonly string[]): void {
		const all = faults.join("\n");
		if (all !== this.#told) for (const fault of faults) this.#log(fault);
		this.#told = all;
	}

	#welcome(connection: Connection, peer: TlsPeer): Guest {
		const certificate = peer.getPeerX509Certificate();
		const doubt = String(peer.authorizationError ?? "no reason is known");
		const guest: Guest = {
			shown: {
				certificate: certificate === undefined ? undefined : factsOf(certificate),
				authority: peer.authorized ? "vouches" : { doubt },
			},
			authority: this.#authorities.get(connection) ?? "",
			callers: new Map(),
		};
		this.#guests.set(connection, guest);
		connection.once("close", () => this.#guests.delete(connection));
		return guest;
	}

	#judge({ shown, authority }: Guest, credentials: Credentials | undefined): Verdict {
		const isSame = authority === this.#authority;
		return identify(
			{ ...shown, authority: isSame ? shown.authority : { doubt: "AUTHORITY_CHANGED" }, credentials },
			this.#pool,
			this.#now(),
		);
	}

	/** Cuts the connections of those who were let in and would not be any more, or not as the same. */
	#judgeGuests(): void {
		for (const [connection, guest] of this.#guests) {
			if (![...guest.callers].every(([client, as]) => this.#isStill(guest, client, as))) connection.destroy();
		}
	}

	#isStill(guest: Guest, client: string, { rights, hash }: { readonly rights: string; readonly hash: string | undefined }): boolean {
		const verdict = this.#judge(guest, hash === undefined ? undefined : { client, password: "" });
		if (verdict.kind === "caller") return rightsOf(verdict.caller) === rights;
		if (verdict.kind !== "password" || verdict.client === undefined) return false;
		return verdict.client.settings.password === hash && rightsOf(callerOf(verdict.client, null)) === rights;
	}

	/** Examines a password, unless it was found right before. The same one that is shown many times at once is examined once. */
	async #examine({ credentials, client }: Verdict & { readonly kind: "password" }, guest: Guest, address: string): Promise<Caller> {
		const hash = client?.settings.password ?? DECOY;
		const key = createHmac("sha256", this.#secret)
			.update(JSON.stringify([credentials, hash, address]))
			.digest("base64");
		if (this.#examined.get(key) !== hash) {
			const examination = this.#examinations.get(key) ?? this.#begin(key, credentials, hash, address);
			const isRight = await examination;
			if (!isRight) throw new PasswordNeeded("the name or the password is wrong");
		}
		// The settings may have changed while it was examined.
		const present = this.#pool.withPassword(credentials.client);
		if (present?.settings.password !== hash) throw new PasswordNeeded("the name or the password is wrong");
		return letIn(callerOf(present, null), guest, hash);
	}

	#begin(key: string, credentials: Credentials, hash: string, address: string): Promise<boolean> {
		const waitMs = this.#attempts.waitMs(credentials.client, address, this.#now());
		if (waitMs > 0 || this.#examinations.size >= MOST_AT_ONCE) {
			throw new ChoreError("TOO_MANY_REQUESTS", "passwords are tried too fast", {
				hint: `try again in ${Math.max(1, Math.ceil(waitMs / 1000))} s`,
			});
		}
		const examination = isPassword(credentials.password, hash)
			.then((isRight) => {
				if (isRight) {
					this.#attempts.right(credentials.client, address);
					this.#examined.set(key, hash);
					if (this.#examined.size > MOST_REMEMBERED) this.#examined.delete(this.#examined.keys().next().value ?? "");
				} else this.#attempts.wrong(credentials.client, address, this.#now());
				return isRight;
			})
			.finally(() => this.#examinations.delete(key));
		this.#examinations.set(key, examination);
		return examination;
	}
}

function letIn(caller: Caller, guest: Guest, hash?: string): Caller {
	guest.callers.set(caller.client, { rights: rightsOf(caller), hash });
	return caller;
}

function notAllowed(reason: string, hint?: string): ChoreError {
	return new ChoreError("NOT_ALLOWED", reason, hint === undefined ? {} : { hint });
}

/** All that decides what a caller may see and do. */
function rightsOf({ client, role, sessions }: Caller): string {
	return JSON.stringify([client, role, sessions]);
}

function authorityOf({ authority, revocations }: TlsFiles): string {
	return createHash("sha256")
		.update(JSON.stringify([authority, revocations]))
		.digest("hex");
}
