/** A small real TLS server behind the gate, with a folder of its own, and clients of it. */
import { mkdtempSync, rmSync } from "node:fs";
import { createSecureServer } from "node:http2";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import type { Caller } from "../../src/api/caller.ts";
import { type ServeFolder, serveFolder } from "../../src/api/identity/folder.ts";
import { Identity } from "../../src/api/identity/identity.ts";
import { initServer } from "../../src/api/identity/keep.ts";
import { isChoreError } from "../../src/index.ts";

/** What the server answered. */
export interface Answer {
	readonly status: number;
	readonly caller?: Caller;
	readonly reason?: string;
	readonly hint?: string;
}

export interface Ticket {
	readonly cert?: string;
	readonly key?: string;
	/** "name:password" */
	readonly auth?: string;
}

export class Serving implements AsyncDisposable {
	readonly folder: ServeFolder;
	readonly identity: Identity;
	/** What the server told of its folder. */
	readonly told: string[] = [];
	/** Moves the clock by which the gate judges. */
	aheadMs = 0;
	readonly #server: ReturnType<typeof createSecureServer>;

	private constructor() {
		this.folder = serveFolder();
		this.identity = new Identity(this.folder, { log: (line) => this.told.push(line), now: () => Date.now() + this.aheadMs });
		this.#server = createSecureServer({ ...this.identity.tlsOptions, allowHTTP1: true }, async (asked, answer) => {
			const { status, ...body } = await this.identity.identify(asked).then(
				(caller): Answer => ({ status: 200, caller }),
				(error: unknown): Answer => {
					if (!isChoreError(error)) throw error;
					return { status: error.code === "NOT_ALLOWED" ? 403 : 429, reason: error.message, ...(error.hint ? { hint: error.hint } : {}) };
				},
			);
			answer.writeHead(status).write(JSON.stringify(body));
			if (asked.url !== "/open") answer.end();
		});
		this.identity.guard(this.#server);
	}

	static async begin(): Promise<Serving> {
		const serving = new Serving();
		await new Promise<void>((resolve) => serving.#server.listen(0, "127.0.0.1", resolve));
		return serving;
	}

	get port(): number {
		return (this.#server.address() as AddressInfo).port;
	}

	/** One request on a connection of its own. */
	ask({ auth, ...ticket }: Ticket = {}): Promise<Answer> {
		return new Promise((resolve, reject) => {
			const options = { ...ticket, auth: auth ?? null, port: this.port, host: "127.0.0.1", agent: false, rejectUnauthorized: false };
			request(options, (answer) => {
				const parts: Buffer[] = [];
				answer.on("data", (part: Buffer) => parts.push(part)).on("error", reject);
				answer.on("end", () => resolve({ status: answer.statusCode ?? 0, ...JSON.parse(Buffer.concat(parts).toString()) }));
			})
				.on("error", reject)
				.end();
		});
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.identity[Symbol.dispose]();
		await new Promise((resolve) => {
			this.#server.close(resolve);
		});
	}
}

/** Makes a configuration of the test's own that of this process, with a certificate for a server. */
export function configure(): Disposable & { readonly path: string } {
	const path = mkdtempSync(`${tmpdir()}/chore-serve-`);
	process.env["XDG_CONFIG_HOME"] = path;
	initServer([]);
	return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
