/** The client against a server that does real jobs: each method, cut connections, lost answers, restarts, slow readers. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import * as posix from "../../platform/posix/index.ts";
import { connect, type RemoteJobs } from "../../src/client/index.ts";
import { ChoreError, isChoreError, type Job, type LedgerEvent } from "../../src/index.ts";
import { eventually } from "../support/eventually.ts";
import { type Home, makeHome } from "../support/home.ts";
import { StandIn } from "./stand-in.ts";

const folder = mkdtempSync(join(tmpdir(), "chore-client-"));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Scene extends AsyncDisposable {
	readonly home: Home;
	readonly server: StandIn;
	readonly socket: string;
	readonly jobs: RemoteJobs;
}

let scenes = 0;

async function makeScene(patienceMs?: number): Promise<Scene> {
	const home = await makeHome("posix", posix);
	const server = new StandIn(home.chore);
	const socket = join(folder, `${++scenes}.sock`);
	await server.listen(socket);
	const jobs = await connect(`unix:${socket}`, { patienceMs });
	return {
		...{ home, server, socket, jobs },
		async [Symbol.asyncDispose]() {
			await jobs.close();
			await server.close();
			await home[Symbol.asyncDispose]();
		},
	};
}

const sh = (line: string): readonly string[] => ["/bin/sh", "-c", line];

async function text(pieces: AsyncIterable<{ readonly bytes: Uint8Array }>): Promise<string> {
	const parts: Uint8Array[] = [];
	for await (const { bytes } of pieces) parts.push(Buffer.from(bytes));
	return Buffer.concat(parts).toString();
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
	try {
		await promise;
		return "none";
	} catch (error) {
		if (isChoreError(error)) return error.code;
		throw error;
	}
}

describe("the client", () => {
	test("does with jobs of a server what the library does with those of here", async () => {
		await using scene = await makeScene();
		const { jobs, home } = scene;
		const job = await jobs.run({ command: sh("echo one; read line; echo $line; exit 3"), name: "web", stdin: "fifo" });
		await jobs.send("web", "two\n", { end: true });
		const end = await jobs.wait("web");
		assert.deepEqual([end.state, end.exitCode, end.id], ["failed", 3, job.id]);
		assert.deepEqual(await jobs.get("web"), await home.chore.get(job.id));
		assert.equal(await text(jobs.logs("web")), "one\ntwo\n");
		assert.equal(await text(jobs.logs("web", { lines: 1 })), "two\n");
		assert.deepEqual(
			(await jobs.list({ states: ["failed"] })).map(({ id }) => id),
			[job.id],
		);
		assert.equal((await jobs.newest()).id, job.id);
		assert.deepEqual((await jobs.status("web")).lastLines, ["one", "two"]);
		assert.equal((await jobs.rerun("web")).run, 2);
		assert.equal((await jobs.stop("web", { graceMs: 0 })).state, "stopped");
		assert.deepEqual(
			(await jobs.runs("web")).map(({ state }) => state),
			["failed", "stopped"],
		);
		assert.equal((await jobs.history({ since: new Date(0), limit: 1 })).length, 1);
		assert.equal((await jobs.eventsAfter("mine", { max: 1 })).events.length, 1);
		await jobs.set("web", { description: null, command: sh("sleep 600") });
		await jobs.restart("web");
		await eventually("it runs", async () => (await jobs.get("web")).state === "running");
		assert.equal((await jobs.pause("web")).state, "paused");
		assert.equal((await jobs.resume("web")).state, "running");
		assert.equal(await codeOf(jobs.remove("web")), "JOB_ACTIVE");
		assert.equal((await jobs.kill("web", { signal: "SIGKILL" })).id, job.id);
		assert.equal((await jobs.wait("web")).signal, "SIGKILL");
		assert.equal((await jobs.remove("web")).id, job.id);
		assert.equal(await codeOf(jobs.get("web")), "JOB_NOT_FOUND");
		assert.equal(await codeOf(jobs.newest()), "JOB_NOT_FOUND");
		assert.equal(await codeOf(jobs.get("")), "INVALID_ARGUMENT");
		assert.equal(await codeOf(jobs.get("..")), "JOB_NOT_FOUND");
		assert.equal((await jobs.prune({ all: true, dryRun: true })).dryRun, true);
		assert.deepEqual(await jobs.capabilities(), await home.chore.capabilities());
	});

	test("sends moments, and gives schedules and triggers back", async () => {
		await using scene = await makeScene();
		const { jobs } = scene;
		const at = new Date("2199-01-01T10:00:00.000Z");
		const job = await jobs.run({ command: ["true"], name: "later", schedule: { at, wake: "tick" } });
		assert.deepEqual([job.state, job.schedule?.next], ["scheduled", at.toISOString()]);
		assert.deepEqual(await jobs.upcoming("later", 2), [at.toISOString()]);
		assert.deepEqual(
			(await jobs.schedules()).map(({ id }) => id),
			[job.id],
		);
		const moved = new Date("2199-01-02T10:00:00.000Z");
		assert.equal(
			(await jobs.changeTrigger("later", job.schedule?.triggers[0]?.id ?? "", { at: moved })).schedule?.next,
			moved.toISOString(),
		);
		assert.equal((await jobs.pauseSchedule("later")).schedule?.paused, true);
		assert.equal((await jobs.resumeSchedule("later")).schedule?.paused, false);
		assert.equal((await jobs.reschedule("later", { zone: "UTC", keepRuns: 3 })).schedule?.next, moved.toISOString());
		await jobs.remove("later");
	});

	test("makes a lost start again, and there is one job", async () => {
		await using scene = await makeScene();
		const { jobs, server, home } = scene;
		await jobs.list();
		server.harm.done = (_, stream) => {
			delete server.harm.done;
			stream.session?.destroy();
			return true;
		};
		const job = await jobs.run({ command: ["true"], name: "once" });
		assert.deepEqual(
			(await home.chore.list({ all: true })).map(({ id }) => id),
			[job.id],
		);
		assert.equal(server.asked.filter(({ name }) => name === "run").length, 2);
	});

	test("does not repeat what would be done twice", async () => {
		await using scene = await makeScene();
		const { jobs, server } = scene;
		const { id } = await jobs.run({ command: ["sleep", "600"] });
		server.harm.done = (_, stream) => {
			stream.session?.destroy();
			return true;
		};
		assert.equal(await codeOf(jobs.kill(id, { signal: "SIGCONT" })), "SERVER_UNREACHABLE");
		assert.equal(server.asked.filter(({ name }) => name === "kill").length, 1);
	});

	test("follows output across cut connections, and no byte is lost or given twice", async () => {
		await using scene = await makeScene();
		const { jobs, server, home } = scene;
		const { id } = await jobs.run({ command: sh("seq 1 100000; read line; seq 100001 200000"), stdin: "fifo" });
		server.harm.cutAfterBytes = 300_000;
		const hash = createHash("sha256");
		let [next, cuts] = [0, 0];
		for await (const { bytes, offset } of jobs.logs(id, { follow: true })) {
			assert.equal(offset, next);
			next += bytes.length;
			hash.update(bytes);
			if (cuts === 0 && next > 350_000) {
				cuts++;
				server.cut();
				await home.chore.send(id, "\n");
				server.harm.cutAfterBytes = 400_000;
			}
		}
		const all = Array.from({ length: 200_000 }, (_, index) => `${index + 1}\n`).join("");
		assert.equal(hash.digest("hex"), createHash("sha256").update(all).digest("hex"));
		assert.ok(server.asked.filter(({ name }) => name === "logs").length >= 3);
	});

	test("misses nothing that is written after a cut, though nothing came before it", async () => {
		await using scene = await makeScene();
		const { jobs, server, home } = scene;
		const { id, output } = await jobs.run({ command: sh("echo before; read line; echo after; read line"), stdin: "fifo" });
		const [path = ""] = output.paths;
		await eventually("the first line is there", () => readFileSync(path, "utf8") === "before\n");
		let connections = 0;
		server.harm.asked = (name, stream) => {
			if (name !== "logs") return false;
			if (++connections === 1) server.harm.cutAfterBytes = 0;
			if (connections === 2) void home.chore.send(id, "\n");
			if (connections === 1 || readFileSync(path, "utf8") === "before\nafter\n") return false;
			stream.session?.destroy();
			return true;
		};
		for await (const { bytes, offset } of jobs.logs(id, { lines: 0, follow: true })) {
			assert.deepEqual([offset, Buffer.from(bytes).toString()], [7, "after\n"]);
			break;
		}
	});

	test("tells why a follow cannot go on, and does not ask again", async () => {
		const job = { id: "1", run: 1 };
		async function* logs() {
			yield { bytes: Buffer.from("a"), offset: 0, stream: "output" };
			throw new ChoreError("JOB_UNKNOWN", "nobody can say how it ended");
		}
		await using server = new StandIn({ get: async () => job, logs } as never);
		const socket = join(folder, "failing.sock");
		await server.listen(socket);
		await using jobs = await connect(`unix:${socket}`);
		assert.equal(await codeOf(text(jobs.logs("1", { follow: true }))), "JOB_UNKNOWN");
		assert.deepEqual(
			server.asked.map(({ name }) => name),
			["get", "logs"],
		);
	});

	test("follows both streams of a split output across a cut connection", async () => {
		await using scene = await makeScene();
		const { jobs, server, home } = scene;
		const line = "seq 1 20000; seq 1 30000 >&2; read line; seq 20001 40000; seq 30001 60000 >&2";
		const { id } = await jobs.run({ command: sh(line), stdin: "fifo", output: "split" });
		const got = { output: "", stdout: "", stderr: "" };
		let isCut = false;
		for await (const { bytes, stream } of jobs.logs(id, { follow: true })) {
			got[stream] += Buffer.from(bytes).toString("latin1");
			if (isCut || got.stdout.length < 50_000) continue;
			isCut = true;
			server.cut();
			await home.chore.send(id, "\n");
		}
		const numbers = (last: number): string => Array.from({ length: last }, (_, index) => `${index + 1}\n`).join("");
		assert.deepEqual([got.stdout === numbers(40_000), got.stderr === numbers(60_000)], [true, true]);
	});

	test("reads no more than its reader takes, and answers others meanwhile", async () => {
		await using scene = await makeScene();
		const { jobs } = scene;
		const { id } = await jobs.run({ command: sh("head -c 20000000 /dev/zero") });
		await jobs.wait(id);
		let size = 0;
		for await (const { bytes } of jobs.logs(id)) {
			if (size === 0) assert.equal((await jobs.get(id)).id, id); // while the window of that answer is full
			size += bytes.length;
		}
		assert.equal(size, 20_000_000);
	});

	test("ends a request whose reader has left", async () => {
		await using scene = await makeScene();
		const { jobs, server } = scene;
		const { id } = await jobs.run({ command: sh("head -c 3000000 /dev/zero; sleep 600") });
		for await (const { bytes } of jobs.logs(id, { follow: true })) if (bytes.length > 0) break;
		await eventually("the server is rid of it", () => server.streams === 0);
	});

	test("asks for more ends at once than the server takes requests on a connection", async () => {
		await using home = await makeHome("posix", posix);
		await using server = new StandIn(home.chore, undefined, { maxConcurrentStreams: 2 });
		const socket = join(folder, "few.sock");
		await server.listen(socket);
		await using jobs = await connect(`unix:${socket}`);
		const { id } = await jobs.run({ command: sh("read line"), stdin: "fifo" });
		const waits = Array.from({ length: 5 }, () => jobs.wait(id));
		await eventually("all of them wait", () => server.streams === 5);
		assert.equal((await jobs.get(id)).id, id);
		await home.chore.send(id, "\n");
		assert.deepEqual(
			(await Promise.all(waits)).map(({ state }) => state),
			Array(5).fill("succeeded"),
		);
	});

	test("waits across a restart of the server", async () => {
		await using scene = await makeScene();
		const { jobs, server, socket } = scene;
		const { id } = await jobs.run({ command: sh("read line; exit 7"), stdin: "fifo" });
		const waiting = jobs.wait(id);
		await eventually("the server was asked", () => server.asked.some(({ name }) => name === "wait"));
		await server.close();
		await scene.home.chore.send(id, "\n");
		await server.listen(socket);
		assert.equal((await waiting).exitCode, 7);
	});

	test("gives a server up that does not come back", async () => {
		await using scene = await makeScene(0);
		const { jobs, server } = scene;
		const { id } = await jobs.run({ command: ["sleep", "600"] });
		const waiting = codeOf(jobs.wait(id));
		await eventually("the server was asked", () => server.asked.some(({ name }) => name === "wait"));
		await server.close();
		assert.equal(await waiting, "SERVER_UNREACHABLE");
		assert.equal(await codeOf(text(jobs.logs(id, { follow: true }))), "SERVER_UNREACHABLE");
	});

	test("ends a wait by its time limit and by its signal, and the job goes on", async () => {
		await using scene = await makeScene();
		const { jobs } = scene;
		const { id } = await jobs.run({ command: ["sleep", "600"] });
		assert.equal(await codeOf(jobs.wait(id, { timeoutMs: 1 })), "TIMED_OUT");
		const given = new AbortController();
		const waiting = codeOf(jobs.wait(id, { signal: given.signal }));
		given.abort();
		assert.equal(await waiting, "ABORTED");
		const following = text(jobs.logs(id, { follow: true, signal: AbortSignal.abort() }));
		assert.equal(await following, "");
		assert.equal((await jobs.get(id)).endedAt, null);
	});

	test("gives a job up that does not read its input, and not one that reads slowly", async () => {
		await using scene = await makeScene();
		const { jobs } = scene;
		const silent = await jobs.run({ command: ["sleep", "600"], stdin: "fifo" });
		assert.equal(await codeOf(jobs.send(silent.id, Buffer.alloc(3_000_000), { timeoutMs: 50 })), "TIMED_OUT");
		const reader = await jobs.run({ command: sh("sha256sum"), stdin: "fifo" });
		const bytes = Buffer.alloc(3_000_000, "abc");
		await jobs.send(reader.id, bytes, { end: true });
		await jobs.wait(reader.id);
		assert.match(await text(jobs.logs(reader.id)), new RegExp(createHash("sha256").update(bytes).digest("hex")));
	});

	test("follows events across a cut connection, each once, and changes of jobs", async () => {
		await using scene = await makeScene();
		const { jobs, server } = scene;
		const seen: LedgerEvent[] = [];
		const changed: Job[] = [];
		const done = new AbortController();
		const following = (async () => {
			for await (const event of jobs.events({ follow: true, onChange: (job) => changed.push(job), signal: done.signal })) seen.push(event);
		})();
		const first = await jobs.run({ command: ["true"], name: "first" });
		const has = (id: string, kind: string) => () => seen.some((event) => event.id === id && event.event === kind);
		await eventually("the end of the first job is told", has(first.id, "exited"));
		server.cut();
		const second = await jobs.run({ command: sh("read line"), stdin: "fifo", name: "second" });
		await eventually("the second job is seen running", () => changed.some(({ id, state }) => id === second.id && state === "running"));
		await jobs.send(second.id, "\n");
		await eventually("the end of the second job is told", has(second.id, "exited"));
		done.abort();
		await following;
		const told: LedgerEvent[] = [];
		for await (const event of jobs.events()) told.push(event);
		assert.deepEqual(seen, told);
	});

	test("tells the time by the clock of the server", async () => {
		await using scene = await makeScene();
		const { jobs, server } = scene;
		server.harm.asked = (_, stream) => {
			stream.respond({ ":status": 200, "chore-version": "1", date: "Fri, 01 Jan 2038 00:00:00 GMT" });
			stream.end("{}");
			return true;
		};
		assert.equal((await jobs.clock()).toISOString(), "2038-01-01T00:00:00.000Z");
	});

	test("tells warnings, and keeps what it does not know", async () => {
		await using scene = await makeScene();
		const { jobs, server } = scene;
		server.harm.asked = (_, stream) => {
			stream.respond({ ":status": 200, "chore-version": "1", "chore-warning": ["not%20so%2C%20well", "caf%C3%A9"] });
			stream.end(JSON.stringify({ id: "x", ofLater: { a: 1 } }));
			return true;
		};
		const warnings: string[] = [];
		const job = await jobs.run({ command: ["true"], onWarning: (text) => warnings.push(text) });
		assert.deepEqual([warnings, job], [["not so, well", "café"], { id: "x", ofLater: { a: 1 } }]);
	});
});

describe("an answer that is no success", () => {
	const cases: readonly (readonly [title: string, status: number, body: string, code: string, message: RegExp])[] = [
		["of chore is the error that it tells of", 409, '{"code":"JOB_ACTIVE","detail":"it runs","hint":"stop it"}', "JOB_ACTIVE", /^it runs$/],
		[
			"of a later version keeps its words",
			418,
			'{"code":"TEAPOT","detail":"no coffee","hint":null}',
			"PLATFORM_FAILED",
			/no coffee.*TEAPOT/,
		],
		["of status 403 without words is a refusal", 403, "", "SERVER_UNREACHABLE", /refuses this client/],
		["of another program is not taken for one of chore", 404, "<html>", "SERVER_UNREACHABLE", /does not answer as chore does: status 404/],
		["in form only is told, too", 200, "<html>", "SERVER_UNREACHABLE", /is no server of chore/],
	];
	test("of another program is not taken for one of chore, also if it is the JSON that was asked for", async () => {
		await using server = new StandIn({} as never);
		const socket = join(folder, "foreign.sock");
		await server.listen(socket);
		await using jobs = await connect(`unix:${socket}`);
		server.harm.asked = (_, stream) => {
			stream.respond({ ":status": 200, "content-type": "application/json" });
			stream.end('{"id":"web"}');
			return true;
		};
		const asked = [
			() => jobs.list(),
			() => jobs.get("web"),
			() => jobs.kill("web"),
			() => text(jobs.logs("web")),
			() => jobs.events().next(),
		];
		for (const ask of asked)
			await assert.rejects(
				ask,
				(error) =>
					isChoreError(error) &&
					`${error.code}: ${error.message}` === `SERVER_UNREACHABLE: what listens at unix:${socket} is no server of chore`,
			);
	});

	test("is told also when the server hangs up with it", async () => {
		await using server = new StandIn({} as never);
		const socket = join(folder, "refusing.sock");
		await server.listen(socket);
		await using jobs = await connect(`unix:${socket}`);
		server.harm.asked = (_, stream) => {
			stream.respond({ ":status": 403 });
			stream.write('{"code":"NOT_ALLOWED","detail":"no such client","hint":null}', () => setImmediate(() => stream.session?.destroy()));
			return true;
		};
		assert.equal(await codeOf(jobs.run({ command: ["true"] })), "NOT_ALLOWED");
		assert.equal(await codeOf(jobs.list()), "NOT_ALLOWED");
	});

	test("is one error with one code", async (context) => {
		await using server = new StandIn({} as never);
		const socket = join(folder, "answers.sock");
		await server.listen(socket);
		await using jobs = await connect(`unix:${socket}`);
		for (const [title, status, body, code, message] of cases)
			await context.test(title, async () => {
				server.harm.asked = (_, stream) => {
					stream.respond({ ":status": status });
					stream.end(body);
					return true;
				};
				await assert.rejects(jobs.get("web"), (error) => isChoreError(error) && error.code === code && message.test(error.message));
			});
	});
});
