/** What the API asks of the library, and what it tells of its answers: with a library that only notes what it is asked. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ChoreError, type Jobs } from "../../src/index.ts";
import { PATIENCE } from "../support/cli.ts";
import { eventually } from "../support/eventually.ts";
import { startServer } from "./server.ts";

/** A library whose every method is given its arguments, and answers with what the test says. */
function noting(answers: Readonly<Record<string, (...given: never[]) => unknown>>): {
	readonly jobs: Jobs;
	readonly calls: readonly (readonly unknown[])[];
} {
	const calls: (readonly unknown[])[] = [];
	const jobs = new Proxy(
		{},
		{
			get: (_, name: string) =>
				name === "then"
					? undefined
					: (...given: never[]) => {
							calls.push([name, ...given]);
							return answers[name]?.(...given);
						},
		},
	);
	return { jobs: jobs as Jobs, calls };
}

const CAPABLE = { capabilities: async () => ({ native: { slice: [] } }) };
const BODY = { command: ["true"], environment: {} };

test("warnings are told beside the answer", PATIENCE, async () => {
	const { jobs } = noting({
		...CAPABLE,
		run: async (options: { onWarning: (text: string) => void }) => {
			options.onWarning("100 % é, or so");
			options.onWarning("second\nline");
			return { id: "1", session: "default" };
		},
	});
	await using server = await startServer({ jobs });
	const { status, headers } = await server.ask("POST", "/v1/jobs", { body: BODY });
	const warnings = String(headers["chore-warning"]).split(", ").map(decodeURIComponent);
	assert.deepEqual([status, warnings], [201, ["100 % é, or so", "second\nline"]]);
});

test("a job is asked for with the key of its request, and a job that was there is not a new one", PATIENCE, async () => {
	const { jobs, calls } = noting({
		...CAPABLE,
		run: async (options: { onFound: () => void }) => {
			options.onFound();
			return { id: "1", session: "default" };
		},
	});
	await using server = await startServer({ jobs, caller: { client: "alice" } });
	const { status, headers } = await server.ask("POST", "/v1/jobs", { body: BODY, headers: { "Idempotency-Key": "k1" } });
	assert.deepEqual([status, headers.location], [200, "/v1/jobs/1"]);
	const [, options] = calls.find(([name]) => name === "run") ?? [];
	const { requestKey, origin } = options as { readonly requestKey: unknown; readonly origin: unknown };
	assert.deepEqual([requestKey, origin], ["k1", { client: "alice" }]);
	const differ = await server.ask("POST", "/v1/jobs", { body: { ...BODY, requestKey: "k2" }, headers: { "Idempotency-Key": "k1" } });
	assert.equal(differ.status, 400);
});

test("the jobs of a client go into its slice, where there are slices", PATIENCE, async () => {
	for (const [native, expected] of [
		[{ slice: [] }, { slice: "alice.slice" }],
		[{}, undefined],
	] as const) {
		const { jobs, calls } = noting({ capabilities: async () => ({ native }), run: async () => ({ id: "1" }) });
		await using server = await startServer({ jobs, caller: { role: "run", quota: { slice: "alice.slice" } } });
		await server.ask("POST", "/v1/jobs", { body: BODY });
		assert.deepEqual((calls.find(([name]) => name === "run")?.[1] as { native?: object } | undefined)?.native, expected);
	}
});

test("a platform that looks for what it can do is not asked by each request", PATIENCE, async () => {
	let looked = 0;
	const capabilities = {
		get schedule() {
			looked++;
			return true;
		},
	};
	const { jobs } = noting({ capabilities: async () => capabilities });
	await using server = await startServer({ jobs });
	const first = await server.ask("GET", "/v1");
	const second = await server.ask("GET", "/v1");
	assert.deepEqual([first.json.capabilities, second.json.capabilities, looked], [{ schedule: true }, { schedule: true }, 1]);
});

test("a page of jobs leads to the next one", PATIENCE, async () => {
	const { jobs, calls } = noting({ list: async () => [{ id: "b" }, { id: "a" }] });
	await using server = await startServer({ jobs });
	const full = await server.ask("GET", "/v1/jobs?limit=2&after=c&state=failed");
	assert.deepEqual(calls, [["list", { states: ["failed"], limit: 2, after: "c" }]]);
	assert.equal(full.headers["link"], '</v1/jobs?state=failed&limit=2&after=a>; rel="next"');
	assert.equal((await server.ask("GET", "/v1/jobs?limit=3")).headers["link"], undefined);
	assert.equal((await server.ask("GET", "/v1/jobs")).headers["link"], undefined);
});

test("the bounds of a client are kept", PATIENCE, async () => {
	const counts = { request: 0, start: 0, followers: 0 };
	const { jobs } = noting({
		async *events({ signal }: { signal: AbortSignal }) {
			await new Promise((resolve) => signal.addEventListener("abort", resolve));
		},
	});
	await using server = await startServer({
		jobs,
		bounds: {
			request: () => {
				counts.request++;
				if (counts.request > 2) throw new ChoreError("TOO_MANY_REQUESTS", "slower");
			},
			start: () => {
				throw new ChoreError("TOO_MANY_REQUESTS", "fewer starts");
			},
			follower: () => {
				counts.followers++;
				return { [Symbol.dispose]: () => void counts.followers-- };
			},
		},
	});
	const following = await server.open("GET", "/v1/events?follow");
	assert.equal(counts.followers, 1);
	following.destroy();
	await eventually("the follower is not counted any more", () => counts.followers, 0);
	const start = await server.ask("POST", "/v1/jobs", { body: BODY });
	assert.deepEqual([start.status, start.json.detail, start.headers["retry-after"]], [429, "fewer starts", "1"]);
	assert.equal((await server.ask("GET", "/v1/jobs")).json.detail, "slower");
});

test("what is for gRPC is passed on, with whoever asks", PATIENCE, async () => {
	const seen: string[] = [];
	await using server = await startServer({
		caller: { client: "alice" },
		grpc: (request, response, { caller }) => {
			seen.push(`${caller.client} ${request.url}`);
			response.end("done");
		},
	});
	for (const path of ["/chore.v1.Jobs/List", "/grpc.health.v1.Health/Check"]) assert.equal((await server.ask("POST", path)).text, "done");
	assert.deepEqual(seen, ["alice /chore.v1.Jobs/List", "alice /grpc.health.v1.Health/Check"]);
	for (const path of ["/chore.v1.Jobs", "/chore.v2.Jobs/List", "/grpcx/y"]) assert.equal((await server.ask("POST", path)).status, 404);
});

test("a wait ends when its client goes", PATIENCE, async () => {
	let isAborted = false;
	const { jobs, calls } = noting({
		get: async () => ({ id: "1", run: 1 }),
		wait: (_: string, { signal }: { signal: AbortSignal }) =>
			new Promise((_resolve, reject) =>
				signal.addEventListener("abort", () => {
					isAborted = true;
					reject(new ChoreError("ABORTED", "given up"));
				}),
			),
	} as never);
	await using server = await startServer({ jobs });
	const gone = server.curl("--max-time", "0.2", "http://localhost/v1/jobs/1/end").catch(() => {});
	await eventually("the wait is over", () => isAborted);
	await gone;
	assert.deepEqual(
		calls.map(([name]) => name),
		["get", "wait"],
	);
	await eventually("it is logged", () => server.lines.some((line) => / GET \/v1\/jobs\/1\/end 499 /.test(line)));
	assert.equal(server.lines.length, 1);
});
