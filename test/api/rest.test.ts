/** The addresses of REST, with the real library behind them. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { homedir } from "node:os";
import { test } from "node:test";
import { PATIENCE } from "../support/cli.ts";
import { eventually } from "../support/eventually.ts";
import { type Answer, startServer } from "./server.ts";

const QUICK = { environment: { PATH: "/usr/bin:/bin" } } as const;

/** What is known of a refusal. */
function refusal({ status, json }: Answer): readonly [number, string, string] {
	return [status, json.code, json.detail];
}

test("a job is run, waited for, looked at, run again and removed", PATIENCE, async () => {
	await using server = await startServer();
	const made = await server.ask("POST", "/v1/jobs", { body: { ...QUICK, command: ["sh", "-c", "pwd; exit 3"], name: "one" } });
	assert.deepEqual([made.status, made.headers.location, made.json.name], [201, `/v1/jobs/${made.json.id}`, "one"]);
	assert.deepEqual([made.headers["content-type"], made.headers["cache-control"]], ["application/json", "no-store"]);
	const end = await server.ask("GET", "/v1/jobs/one/end");
	assert.deepEqual([end.status, end.json.state, end.json.exitCode, end.json.directory], [200, "failed", 3, homedir()]);
	assert.deepEqual((await server.ask("GET", "/v1/jobs/one")).json, end.json);
	assert.equal((await server.ask("GET", "/v1/jobs/one/output")).text, `${homedir()}\n`);
	assert.deepEqual((await server.ask("GET", "/v1/jobs?all=true&state=failed")).json, [end.json]);
	assert.deepEqual((await server.ask("GET", "/v1/jobs?all&state=succeeded&state=lost")).json, []);
	assert.deepEqual((await server.ask("GET", "/v1/jobs/one/status?lines=1")).json.lastLines, [homedir()]);
	assert.equal((await server.ask("PATCH", "/v1/jobs/one", { body: { command: ["true"] } })).json.nextRun.command[0], "true");
	assert.equal((await server.ask("POST", "/v1/jobs/one/start")).json.run, 2);
	assert.equal((await server.ask("GET", "/v1/jobs/one/end?run=2&timeoutMs=60000")).json.state, "succeeded");
	assert.deepEqual(
		(await server.ask("GET", "/v1/jobs/one/runs")).json.map(({ run, exitCode }: { run: number; exitCode: number }) => [run, exitCode]),
		[
			[1, 3],
			[2, 0],
		],
	);
	const history = await server.ask("GET", "/v1/history?job=one&limit=1&since=2026-01-01T00:00:00Z");
	assert.deepEqual(
		history.json.map(({ run }: { run: number }) => run),
		[2],
	);
	assert.equal((await server.ask("DELETE", "/v1/jobs/one")).json.id, made.json.id);
	assert.deepEqual(refusal(await server.ask("GET", `/v1/jobs/${made.json.id}`)).slice(0, 2), [404, "JOB_NOT_FOUND"]);
	assert.match(server.lines[0] ?? "", /^\d{4}-\d\d-\d\dT[\d:.]+Z root POST \/v1\/jobs 201 \d+$/);
});

test("a running job is sent input, signalled, paused and stopped", PATIENCE, async () => {
	await using server = await startServer();
	const octets = { "Content-Type": "application/octet-stream" };
	await server.ask("POST", "/v1/jobs", { body: { ...QUICK, command: ["cat"], stdin: "fifo" } });
	const big = Buffer.alloc(3_000_000, "0123456789abcdef");
	assert.equal((await server.ask("POST", "/v1/jobs/cat/input", { headers: octets, body: big })).status, 200);
	assert.deepEqual((await server.ask("POST", "/v1/jobs/cat/input?end", { headers: octets, body: "é\0" })).json, {});
	assert.equal((await server.ask("GET", "/v1/jobs/cat/end")).json.state, "succeeded");
	assert.ok(Buffer.concat([big, Buffer.from("é\0")]).equals((await server.ask("GET", "/v1/jobs/cat/output")).bytes));
	await server.ask("POST", "/v1/jobs", { body: { ...QUICK, command: ["sleep", "600"], name: "long" } });
	assert.equal((await server.ask("POST", "/v1/jobs/long/pause")).json.state, "paused");
	assert.equal((await server.ask("POST", "/v1/jobs/long/resume")).json.state, "running");
	assert.equal((await server.ask("GET", "/v1/jobs/long/end?timeoutMs=1")).json.state, "running");
	assert.equal((await server.ask("POST", "/v1/jobs/long/kill", { body: { signal: "SIGCONT", whom: "main" } })).status, 200);
	for (const state of ["stopped", "stopped"]) {
		assert.equal((await server.ask("POST", "/v1/jobs/long/stop", { body: { graceMs: 1000 } })).json.state, state);
	}
	assert.deepEqual(refusal(await server.ask("POST", "/v1/jobs/long/pause")).slice(0, 2), [409, "JOB_NOT_ACTIVE"]);
});

test("a schedule is made, changed, paused and asked for", PATIENCE, async () => {
	await using server = await startServer();
	const schedule = { calendar: ["Mon 9:00"], zone: "UTC", notBefore: "2027-01-01T00:00:00Z", wake: "tick" };
	const made = await server.ask("POST", "/v1/jobs", { body: { ...QUICK, command: ["true"], schedule } });
	assert.deepEqual([made.status, made.json.schedule.notBefore], [201, "2027-01-01T00:00:00.000Z"]);
	assert.deepEqual((await server.ask("GET", "/v1/jobs/true/upcoming?count=1")).json, ["2027-01-04T09:00:00.000Z"]);
	assert.equal((await server.ask("POST", "/v1/jobs/true/triggers", { body: { cron: ["0 9 * * *"], zone: "UTC" } })).status, 200);
	const changed = await server.ask("PUT", "/v1/jobs/true/triggers/t2", { body: { calendar: ["9:00 UTC"] } });
	assert.deepEqual(
		changed.json.schedule.triggers.map(({ id }: { id: string }) => id),
		["t1", "t2"],
	);
	assert.equal((await server.ask("POST", "/v1/jobs/true/triggers/remove", { body: { triggers: ["t1"] } })).status, 200);
	assert.equal((await server.ask("PATCH", "/v1/jobs/true/schedule", { body: { at: "2027-06-01T00:00:00+02:00" } })).status, 200);
	assert.equal((await server.ask("POST", "/v1/jobs/true/schedule/pause")).json.schedule.paused, true);
	assert.equal((await server.ask("POST", "/v1/jobs/true/schedule/resume")).json.schedule.next, "2027-05-31T22:00:00.000Z");
	assert.equal((await server.ask("GET", "/v1/schedules")).json.length, 1);
	const wrong = await server.ask("PATCH", "/v1/jobs/true/schedule", { body: { at: "tomorrow" } });
	assert.deepEqual(refusal(wrong), [400, "INVALID_ARGUMENT", 'at is no moment: "tomorrow"']);
});

test("the server tells about itself and examines itself", PATIENCE, async () => {
	await using server = await startServer({ caller: { client: "alice", daysLeft: 13 } });
	const { headers, json } = await server.ask("GET", "/v1");
	assert.deepEqual(
		[json.schema, json.client, json.role, json.session, json.sessions, json.certificateDaysLeft, json.capabilities.restart],
		[1, "alice", "admin", "default", ["default", "*"], 13, true],
	);
	assert.equal(headers["chore-certificate-expires"], "13");
	assert.equal((await server.ask("POST", "/v1/prune", { body: { all: true, dryRun: true } })).json.dryRun, true);
	assert.ok(Array.isArray((await server.ask("GET", "/v1/doctor")).json.platforms));
});

test("each session has its own jobs, and only those of the client are there", PATIENCE, async () => {
	await using server = await startServer({ caller: { client: "alice", role: "run", sessions: ["alice", "shared"] } });
	const body = { ...QUICK, command: ["true"] };
	const made = await server.ask("POST", "/v1/jobs?session=shared", { body });
	assert.deepEqual([made.json.session, made.headers.location], ["shared", `/v1/jobs/${made.json.id}?session=shared`]);
	assert.equal((await server.ask("GET", `/v1/jobs/${made.json.id}`)).status, 404);
	assert.equal((await server.ask("GET", `/v1/jobs/${made.json.id}`, { headers: { "Chore-Session": "shared" } })).status, 200);
	const other = await server.ask("GET", "/v1/jobs?session=bob");
	assert.deepEqual(refusal(other), [404, "JOB_NOT_FOUND", 'there is no session "bob"']);
	const two = await server.ask("GET", "/v1/jobs?session=shared", { headers: { "Chore-Session": "alice" } });
	assert.deepEqual(refusal(two).slice(0, 2), [400, "INVALID_ARGUMENT"]);
	assert.equal((await server.ask("GET", "/v1")).json.session, "alice");
});

test("a role may do what it says, and no more", PATIENCE, async () => {
	for (const [role, expected] of [
		["read", { "GET /v1/jobs": 200, "POST /v1/jobs": 403, "POST /v1/jobs/x/stop": 403, "POST /v1/prune": 403, "GET /v1/doctor": 403 }],
		["run", { "GET /v1/jobs": 200, "POST /v1/jobs": 400, "POST /v1/jobs/x/stop": 404, "POST /v1/prune": 403, "GET /v1/doctor": 403 }],
	] as const) {
		await using server = await startServer({ caller: { client: "alice", role } });
		for (const [what, status] of Object.entries(expected)) {
			const [method = "", path = ""] = what.split(" ");
			const answer = await server.ask(method, path);
			assert.equal(answer.status, status, `${role}: ${what}`);
			if (status === 403)
				assert.match(answer.json.detail, new RegExp(`^alice has the role ${role} on this server, and "\\w+" needs the role`));
		}
	}
});

test("only an admin chooses the user, the group and the platform's own options", PATIENCE, async () => {
	await using server = await startServer({ caller: { client: "alice", role: "run" } });
	for (const [name, value] of Object.entries({ user: "root", group: "root", native: { slice: "x.slice" } })) {
		const refused = await server.ask("POST", "/v1/jobs", { body: { ...QUICK, command: ["true"], [name]: value } });
		assert.deepEqual(refusal(refused), [403, "NOT_ALLOWED", `alice may not choose ${name} of a job`]);
	}
	await using admins = await startServer();
	const inherited = await admins.ask("POST", "/v1/jobs", { body: { command: ["true"], native: { sliceInherit: "yes" } } });
	assert.deepEqual(refusal(inherited).slice(0, 2), [422, "OPTION_UNSUPPORTED"]);
});

test("a job has the variables and the home of the server's user, and nothing of the client", PATIENCE, async () => {
	await using server = await startServer();
	const { json } = await server.ask("POST", "/v1/jobs", { body: { command: ["sh", "-c", 'pwd; echo "$HOME"'], output: "split" } });
	assert.equal(json.directory, homedir());
	await server.ask("GET", `/v1/jobs/${json.id}/end`);
	assert.equal((await server.ask("GET", `/v1/jobs/${json.id}/output?stream=stdout`)).text, `${homedir()}\n${homedir()}\n`);
	const relative = await server.ask("POST", "/v1/jobs", { body: { command: ["true"], directory: "src" } });
	assert.deepEqual(refusal(relative), [400, "INVALID_ARGUMENT", 'directory must be an absolute path on the server, not "src"']);
});

test("what is wrong with a request is said in words, before anything is done", PATIENCE, async () => {
	await using server = await startServer();
	const json = (text: string | Buffer) => ({ body: text, headers: { "Content-Type": "application/json" } });
	const cases: readonly (readonly [what: string, asked: Parameters<typeof server.ask>[2], status: number, detail: RegExp])[] = [
		["POST /v1/jobs", { body: { command: ["true"], timeoutMS: 1 } }, 400, /^there is no field "timeoutMS"$/],
		["POST /v1/jobs", { body: { command: ["true"], timeoutMs: "1" } }, 400, /^timeoutMs must be a number, not a string$/],
		["POST /v1/jobs", { body: { command: "true" } }, 400, /^command must be a list, not a string$/],
		["POST /v1/jobs", { body: { command: ["true", 1] } }, 400, /^command\[1\] must be a string, not a number$/],
		["POST /v1/jobs", { body: { command: ["true"], output: "both" } }, 400, /^output must be "merged", "split" or "null", not "both"$/],
		["POST /v1/jobs", { body: { command: ["true"], schedule: { everyMs: null } } }, 400, /^schedule.everyMs must be a number, not null$/],
		["POST /v1/jobs", { body: { kind: "http", url: 3 } }, 400, /^url must be a string, not a number$/],
		["POST /v1/jobs", { body: { kind: "http", url: "http://x/", data: { base64: "?" } } }, 400, /^data.base64 is no base64$/],
		["POST /v1/jobs", json('{"command":["true"],"__proto__":{"name":"x"}}'), 400, /^there is no field "__proto__"$/],
		["POST /v1/jobs", {}, 400, /^command is missing$/],
		["POST /v1/jobs", json("{"), 400, /^the body is no JSON$/],
		["POST /v1/jobs", json("[]"), 400, /^the body must be an object/],
		["POST /v1/jobs", json(Buffer.from([0x22, 0xff, 0x22])), 400, /^the body is not UTF-8$/],
		["POST /v1/jobs/x/stop", { body: { reference: "y" } }, 400, /^"reference" is in the address/],
		["GET /v1/jobs?al=true", {}, 400, /^there is no parameter "al" here$/],
		["GET /v1/jobs?all=perhaps", {}, 400, /^the parameter all must be true or false$/],
		["GET /v1/jobs?limit=ten", {}, 400, /^the parameter limit must be a number$/],
		["GET /v1/jobs?limit=1&limit=2", {}, 400, /^the parameter limit is given twice$/],
		["GET /v1/jobs?state=happy", {}, 400, /^states\[0\] must be "queued", .* or "unknown", not "happy"$/],
		["GET /v1/jobs/x/upcoming?count=1e9", {}, 400, /^the parameter count must be a number$/],
		["GET /v1/jobs/x/upcoming?count=1001", {}, 400, /^count must be 1 to 1000, not 1001$/],
		["GET /v1/jobs/x/upcoming", {}, 400, /^count is missing$/],
		["GET /v1/history?since=yesterday", {}, 400, /^since is no moment: "yesterday"$/],
		["GET /v1/events?since=yesterday", {}, 400, /^since is no moment: "yesterday"$/],
		["GET /v1/jobs/x/end?timeoutMs=60001", {}, 400, /^timeoutMs must be 0 to 60000, not 60001$/],
		["GET /v1/jobs?session=..", {}, 400, /cannot be the name of a session$/],
		[
			"POST /v1/jobs",
			{ body: "command=true", headers: { "Content-Type": "application/x-www-form-urlencoded" } },
			415,
			/application\/json, not/,
		],
		["POST /v1/jobs", { body: "{}", headers: { "Content-Type": "application/json; charset=latin1" } }, 415, /must be of the type/],
		[
			"POST /v1/jobs",
			{ body: "{}", headers: { "Content-Type": "application/json", "Content-Encoding": "gzip" } },
			415,
			/is compressed: gzip$/,
		],
		["POST /v1/jobs/x/input", { body: "x", headers: { "Content-Type": "text/plain" } }, 404, /no job/],
		["GET /v1/jobs", { body: "{}", headers: { "Content-Length": 2 } }, 400, /takes no body$/],
	];
	for (const [what, asked, status, detail] of cases) {
		const [method = "", path = ""] = what.split(" ");
		const answer = await server.ask(method, path, asked);
		assert.equal(answer.status, status, `${what} ${JSON.stringify(asked)}: ${answer.text}`);
		assert.match(answer.json.detail, detail);
		assert.equal(answer.headers["content-type"], "application/problem+json");
	}
	assert.deepEqual(await server.chore.list({ all: true }), []);
});

test("an address that is none is refused, and a path cannot be two", PATIENCE, async () => {
	await using server = await startServer();
	for (const path of [
		"/v2/jobs",
		"/v1/job",
		"/v1/jobs/",
		"/v1//jobs",
		"/v1/jobs/..",
		"/v1/jobs/%2e%2e",
		"/v1/jobs/%2e%2e%2fx",
		"/v1/jobs/%252e%252e",
		"/v1/./jobs",
		"/v1/jobs/a%2fb",
		"/v1/jobs/a%5cb",
		"/v1/jobs/a%00b",
		"http://localhost/v1/jobs",
		"*",
	]) {
		const { status, json } = await server.ask("GET", path);
		assert.deepEqual([status, json.status], [404, 404], path);
	}
	assert.equal((await server.ask("GET", "/v1/jobs/%ff")).status, 400);
	assert.equal((await server.ask("GET", "/v1/j%6fbs")).status, 200);
	const wrong = await server.ask("PUT", "/v1/jobs/x");
	assert.deepEqual([wrong.status, wrong.headers.allow], [405, "GET, PATCH, DELETE, HEAD"]);
	assert.equal((await server.ask("OPTIONS", "/v1/jobs")).status, 405);
});

test("HEAD has the headers of GET and no body", PATIENCE, async () => {
	await using server = await startServer();
	const [get, head] = [await server.ask("GET", "/v1/jobs"), await server.ask("HEAD", "/v1/jobs")];
	assert.deepEqual([head.status, head.headers["content-length"], head.text], [200, get.headers["content-length"], ""]);
	assert.deepEqual((await server.ask("HEAD", "/v1/jobs/x")).status, 404);
});

test("a body that is too long is refused, and the client gets to see why", PATIENCE, async () => {
	await using server = await startServer();
	const body = JSON.stringify({ command: ["true", "x".repeat(2_000_000)] });
	for (const headers of [{}, { "Transfer-Encoding": "chunked" }]) {
		const answer = await server.ask("POST", "/v1/jobs", { body, headers: { "Content-Type": "application/json", ...headers } });
		assert.deepEqual(refusal(answer), [413, "TOO_LARGE", "the body is longer than 1048576 bytes"]);
	}
	const { stdout } = await server.curl(
		"-H",
		"Content-Type: application/json",
		"-d",
		`{"a":"${"x".repeat(100_000)}"}`,
		"http://localhost/v1/jobs",
	);
	assert.equal(JSON.parse(stdout).code, "INVALID_ARGUMENT");
});

test("a client that goes in the middle of a body is no fault of the server", PATIENCE, async () => {
	await using server = await startServer();
	for (const head of ["Content-Length: 100", "Transfer-Encoding: chunked"]) {
		const before = server.lines.length;
		const connection = connect(server.socket);
		connection.write(`POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${head}\r\n\r\n`);
		connection.write('2\r\n{"');
		await new Promise<void>((resolve) => connection.end(() => resolve()));
		await eventually("it is logged", () => server.lines.length > before);
		connection.destroy();
	}
	assert.deepEqual(
		server.lines.map((line) => line.replace(/ [0-9]+$/, "").slice(25)),
		["root POST /v1/jobs 499", "root POST /v1/jobs 499"],
	);
});

test("what a page of elsewhere has a browser ask is refused", PATIENCE, async () => {
	await using server = await startServer();
	for (const [headers, status] of [
		[{ "Sec-Fetch-Site": "cross-site" }, 403],
		[{ "Sec-Fetch-Site": "same-site" }, 403],
		[{ "Sec-Fetch-Site": "same-origin" }, 200],
		[{ "Sec-Fetch-Site": "none" }, 200],
		[{ Origin: "http://evil.example", Host: "localhost" }, 403],
		[{ Origin: "null" }, 403],
		[{ Origin: "http://localhost:8080", Host: "localhost:8080" }, 200],
		[{ Host: "rebound.example:8080" }, 403],
		[{ Host: "127.0.0.1:8080" }, 200],
		[{ Host: "[::1]:8080" }, 200],
	] as const) {
		const answer = await server.ask("GET", "/v1/jobs", { headers });
		assert.equal(answer.status, status, JSON.stringify(headers));
		if (status === 403) assert.equal(answer.json.code, "NOT_ALLOWED");
	}
});

test("whoever is not let in is told why, and the connection is closed", PATIENCE, async () => {
	const { ChoreError } = await import("../../src/index.ts");
	await using server = await startServer({
		identify: () => {
			throw new ChoreError("NOT_ALLOWED", "the certificate has ended");
		},
	});
	for (const path of ["/v1/jobs", "/v1/openapi.json", "/x"]) {
		const answer = await server.ask("POST", path, { body: { command: ["true"] }, headers: { Connection: "keep-alive" } });
		assert.deepEqual(refusal(answer), [403, "NOT_ALLOWED", "the certificate has ended"]);
		assert.equal(answer.headers.connection, "close");
	}
	assert.match(server.lines[0] ?? "", / - POST \/v1\/jobs 403 \d+$/);
});

test("events are given as lines, and as server-sent events that go on where they were cut", PATIENCE, async () => {
	await using server = await startServer();
	const following = await server.open("GET", "/v1/events?follow&changes&since=now");
	const body = { ...QUICK, command: ["true"] };
	const { id } = (await server.ask("POST", "/v1/jobs", { body })).json;
	let text = "";
	following.on("data", (chunk) => {
		text += chunk;
	});
	await eventually("the end is told", () => text.includes('"exited"'));
	following.destroy();
	const past = (await server.ask("GET", "/v1/events")).text
		.trim()
		.split("\n")
		.map((line) => JSON.parse(line));
	assert.deepEqual(
		past.map(({ event }) => event),
		["created", "started", "exited"],
	);
	const told = text
		.trim()
		.split("\n")
		.map((line) => JSON.parse(line));
	assert.deepEqual(
		told.filter((one) => "event" in one),
		past,
	);
	assert.ok(told.some((one) => one.changed?.id === id));
	const sent = await server.ask("GET", "/v1/events", { headers: { Accept: "text/event-stream" } });
	const ids = [...sent.text.matchAll(/^id: (.*)$/gm)].map(([, one]) => one ?? "");
	assert.equal(ids.length, 3);
	const rest = await server.ask("GET", "/v1/events", { headers: { Accept: "text/event-stream", "Last-Event-ID": ids[0] } });
	assert.deepEqual(
		[...rest.text.matchAll(/^id: (.*)$/gm)].map(([, one]) => one),
		ids.slice(1),
	);
	const batch = (await server.ask("GET", "/v1/cursors/mine/events?max=2")).json;
	assert.equal(batch.events.length, 2);
	assert.deepEqual((await server.ask("PUT", "/v1/cursors/mine", { body: { to: batch.next } })).json, {});
	assert.deepEqual((await server.ask("GET", "/v1/cursors/mine/events")).json.events, past.slice(2));
});
