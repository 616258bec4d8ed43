/**
 * merge: this file goes. `createHandler` is that of ./server.ts, and `Identity` and `serveFolder` those of ./identity/; the
 * shapes are theirs. Until then nobody is let in from other machines, and requests are answered with who makes them.
 */
import { constants } from "node:crypto";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { TlsOptions } from "node:tls";
import { ChoreError, isChoreError } from "../index.ts";
import type { Caller } from "./caller.ts";
import type { AnyRequest, Handler } from "./doors/connections.ts";
import type { Limiter } from "./limiter.ts";
import { STATUS } from "./rest/problem.ts";

export function createHandler(options: {
	readonly identify: (request: AnyRequest) => Promise<Caller>;
	readonly log: (line: string) => void;
	readonly limits?: Limiter | undefined;
}): Handler {
	return (request, response) => {
		const beganMs = performance.now();
		const answer = (status: number, client: string, body: object) => {
			const write = response as { writeHead(status: number, headers: object): unknown; end(text: string): unknown };
			write.writeHead(status, { "Content-Type": status === 200 ? "application/json" : "application/problem+json" });
			write.end(`${JSON.stringify(body)}\n`);
			const path = request.url?.split("?")[0];
			options.log(`${new Date().toISOString()} ${client} ${request.method} ${path} ${status} ${Math.round(performance.now() - beganMs)}`);
		};
		options
			.identify(request)
			.then((caller) => {
				options.limits?.request(caller);
				answer(200, caller.client, caller);
			})
			.catch((error: unknown) => answer(isChoreError(error) ? STATUS[error.code] : 500, "-", { detail: String(error) }));
	};
}

export function serveFolder(environment: NodeJS.ProcessEnv = process.env): { path: string; certificate: string; key: string } {
	const xdg = environment["XDG_CONFIG_HOME"];
	const path = join(xdg && isAbsolute(xdg) ? xdg : join(environment["HOME"] || homedir(), ".config"), "chore", "serve");
	return { path, certificate: `${path}/server.pem`, key: `${path}/server.key` };
}

export class Identity implements Disposable {
	readonly tlsOptions: TlsOptions;
	readonly validTo = new Date(8.64e15);

	constructor(folder: ReturnType<typeof serveFolder>, _options: { readonly log: (line: string) => void }) {
		const read = (path: string): Buffer => {
			try {
				return readFileSync(path);
			} catch (error) {
				throw new ChoreError("CONFIG_INVALID", `${path} is missing`, { hint: "`chore cert init` makes it", cause: error });
			}
		};
		this.tlsOptions = {
			cert: read(folder.certificate),
			key: read(folder.key),
			ca: [],
			minVersion: "TLSv1.3",
			maxVersion: "TLSv1.3",
			ciphers: "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
			secureOptions: constants.SSL_OP_NO_TICKET,
			requestCert: true,
			rejectUnauthorized: false,
		};
	}

	guard(_server: object): void {}

	async identify(_request: AnyRequest): Promise<Caller> {
		throw new ChoreError("NOT_ALLOWED", "no client is let in");
	}

	reload(): void {}

	[Symbol.dispose](): void {}
}
