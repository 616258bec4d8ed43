/** A web server on loopback for tests of HTTP jobs. It keeps what it was asked. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Asked {
	readonly method: string;
	readonly path: string;
	readonly headers: IncomingHttpHeaders;
	readonly body: Buffer;
}

export interface Web extends AsyncDisposable {
	/** "http://127.0.0.1:49152" */
	readonly url: string;
	/** "127.0.0.1:49152" */
	readonly address: string;
	readonly asked: readonly Asked[];
}

/** @param answer is called for each request once all of it has come; `nth` counts them from 1 */
export async function serve(answer: (asked: Asked, response: ServerResponse, nth: number) => void): Promise<Web> {
	const asked: Asked[] = [];
	const server = createServer((request, response) => {
		const parts: Buffer[] = [];
		request.on("data", (part: Buffer) => parts.push(part));
		request.on("end", () => {
			const { method = "", url: path = "", headers } = request;
			const one = { method, path, headers, body: Buffer.concat(parts) };
			answer(one, response, asked.push(one));
		});
	});
	await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
	const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
	return {
		url: `http://${address}`,
		address,
		asked,
		async [Symbol.asyncDispose]() {
			const closed = new Promise((resolve) => server.close(resolve));
			server.closeAllConnections();
			await closed;
		},
	};
}
