/** A server of gRPC alone, for its tests: HTTP/2 and HTTP/1.1 without TLS, and operations that use a real session of jobs. */
import { once } from "node:events";
import { createServer as createHttp } from "node:http";
import { createServer as createHttp2, type ServerHttp2Session } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { Caller } from "../../src/api/caller.ts";
import { createGrpcHandler } from "../../src/api/grpc/handler.ts";
import type { Operations } from "../../src/api/operations/operation.ts";
import { ChoreError, isChoreError, type Jobs, type RunOptions } from "../../src/index.ts";

export const ALICE: Caller = { client: "alice", role: "run", sessions: ["alice"], quota: {}, daysLeft: null };

/** Not the operations of the product, which check more. */
export const operations = {
	info: {
		role: "read",
		readOnly: true,
		act: async (_, { caller, session, warn }) => {
			warn("zwölf Tage");
			const { client, role, sessions } = caller;
			return { schema: 1, version: "1", client, role, session, sessions, certificateDaysLeft: null, capabilities: null };
		},
	},
	run: { role: "run", readOnly: false, act: (input, { jobs }) => jobs.run(input as RunOptions) },
	get: { role: "read", readOnly: true, act: ({ reference }, { jobs }) => jobs.get(reference) },
	list: { role: "read", readOnly: true, act: ({ all, states }, { jobs }) => jobs.list({ all, states }) },
	stop: { role: "run", readOnly: false, act: ({ reference, graceMs }, { jobs }) => jobs.stop(reference, { graceMs }) },
	wait: {
		role: "read",
		readOnly: true,
		act: async ({ reference, run, timeoutMs = 20 }, { jobs, signal }) => {
			try {
				return await jobs.wait(reference, { run, timeoutMs, signal });
			} catch (error) {
				if (isChoreError(error) && error.code === "TIMED_OUT") return jobs.get(reference);
				throw error;
			}
		},
	},
	logs: {
		role: "read",
		readOnly: true,
		async *stream({ reference, ...options }, { jobs, signal }) {
			yield* jobs.logs(reference, { ...options, signal });
			if (options.follow && !signal.aborted) yield { ended: await jobs.wait(reference, { signal }) };
		},
	},
} satisfies Partial<Operations>;

export interface TestServer extends AsyncDisposable {
	/** "127.0.0.1:1234", HTTP/2 by prior knowledge. */
	readonly address: string;
	/** "http://127.0.0.1:1235", HTTP/1.1. */
	readonly url: string;
	/** What the server was told to report. */
	readonly reported: readonly unknown[];
}

/** @param before what the server does with a response before it is answered */
export async function serve(
	jobs: Jobs | undefined,
	more: object = {},
	caller: Caller = ALICE,
	before?: (response: NodeJS.EventEmitter) => Promise<unknown>,
): Promise<TestServer> {
	const reported: unknown[] = [];
	const handler = createGrpcHandler({
		operations: { ...operations, ...more } as unknown as Operations,
		check(name, input) {
			if (name === "kill") throw new ChoreError("INVALID_ARGUMENT", `wrong: ${JSON.stringify(input)}`);
		},
		report: (error) => reported.push(error),
	});
	const who = {
		caller,
		call(session: string | undefined, around: { signal: AbortSignal; warn(text: string): void }) {
			if (session !== undefined && session !== "alice") throw new ChoreError("JOB_NOT_FOUND", `there is no session ${session}`);
			return { caller, session: "alice", jobs: jobs as Jobs, ...around };
		},
	};
	const answer = (request: Parameters<typeof handler>[0], response: Parameters<typeof handler>[1]): void => {
		if (before === undefined) handler(request, response, who);
		else before(response).then(() => handler(request, response, who));
	};
	const open = new Set<Socket | ServerHttp2Session>();
	const http2 = createHttp2(answer);
	http2.on("session", (session) => open.add(session));
	const http = createHttp(answer);
	http.on("connection", (socket) => open.add(socket));
	for (const server of [http, http2]) await once(server.listen(0, "127.0.0.1"), "listening");
	return {
		address: `127.0.0.1:${(http2.address() as AddressInfo).port}`,
		url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
		reported,
		async [Symbol.asyncDispose]() {
			for (const one of open) one.destroy();
			for (const server of [http, http2]) await new Promise((closed) => server.close(closed));
		},
	};
}
