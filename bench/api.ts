/** `chore serve` and `chore --host`: what asking for something costs more than doing it here, or than a bare server. */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Benchmark } from "./support/benchmark.ts";
import { fill } from "./support/fill.ts";
import { inFlight } from "./support/in-flight.ts";
import type { NotMeasured, Row } from "./support/row.ts";
import { command, type Scene } from "./support/scene.ts";
import { ask, http2On, type Server, startServer } from "./support/server.ts";
import { BARE_NODE, inTurns, pause, textOf, timed, until } from "./support/timing.ts";

const JOBS = 100;
const LIST_COUNT = 50;
const LIST_WIDTH = 8;
const MEBIBYTES = 256;
const STARTS = 20;
const FOLLOWERS = 256;
/** As many as one connection may have. */
const STREAMS = 32;

const ACTIVATE = "/usr/bin/systemd-socket-activate";

export const api: Benchmark = {
	name: "api",
	platforms: ["posix"],
	measure: async (scene) => [
		await psRow(scene),
		await startRow(scene),
		await activationRow(scene),
		...(await listRows(scene)),
		...(await outputRows(scene)),
		await followersRow(scene),
	],
};

/** From the prompt to the prompt, with a server and without. */
async function psRow(scene: Scene): Promise<Row> {
	const session = scene.newSession();
	const environment = scene.environment(session);
	await using server = await serve(scene, session);
	const ps = (...words: readonly string[]) => timed(command(...words, "ps"), environment).ms;
	const [far = 0, here = 0] = await inTurns(
		scene.rounds(25),
		() => ps("--host", `unix:${server.socket}`),
		() => ps(),
	);
	return {
		what: "--host unix:… ps, no jobs",
		unit: "ms",
		chore: far,
		peer: { name: "ps", value: here },
		bound: { of: "ratio", atMost: 1.2 },
		rest: "the client's code and that of node:http2 in the place of the core's, a connection, and the server's own work",
	};
}

/** Starts one after the other, on one connection. Their ends are not part of it. */
async function startRow(scene: Scene): Promise<Row> {
	const session = scene.newSession();
	await using server = await serve(scene, session);
	await using connection = await http2On(server.socket);
	const chore = await scene.open(session);
	const body = Buffer.from(JSON.stringify({ command: ["true"], environment: {} }));
	const post = { ":method": "POST", ":path": "/v1/jobs", "content-type": "application/json" };
	const starts = (start: () => Promise<unknown>) => async (): Promise<number> => {
		let ms = 0;
		for (let index = 0; index < STARTS; index++) {
			const began = performance.now();
			await start();
			ms += performance.now() - began;
			await atRest(scene, session);
		}
		return ms / STARTS;
	};
	const [far = 0, here = 0] = await inTurns(
		scene.rounds(7),
		starts(() => ask(connection, post, body)),
		starts(() => chore.run({ command: ["true"], environment: {} })),
	);
	return {
		what: "a start by POST /v1/jobs",
		unit: "ms",
		chore: far,
		peer: { name: "by the library", value: here },
		bound: { of: "ratio", atMost: 1.1 },
		rest: "a request and its answer between two processes",
	};
}

/** A process for each end would be in the way of the next start. */
async function atRest(scene: Scene, session: string): Promise<void> {
	const folder = join(scene.sessionFolder(session), "jobs");
	const last = readdirSync(folder).sort().at(-1) ?? "";
	await until("the job's end is recorded", () => textOf(join(scene.runFolder(session, last), "exit")).trim() !== "");
}

/** From the first request to its answer, where the socket starts the server. */
async function activationRow(scene: Scene): Promise<Row | NotMeasured> {
	const what = "a first answer, with the start of the server by its socket";
	if (!existsSync(ACTIVATE)) return { what, reason: `${ACTIVATE} is not installed` };
	const environment = scene.environment(scene.newSession());
	let number = 0;
	const first = async (): Promise<number> => {
		const socket = join(scene.folder, `handed-${++number}`);
		await using _ = await startServer([ACTIVATE, "-l", socket, "--fdname=unix", ...PASSED, ...command("serve")], environment);
		const began = performance.now();
		await using connection = await http2On(socket);
		await ask(connection, { ":path": "/v1/jobs" });
		return performance.now() - began;
	};
	// The first time its code is compiled.
	await first();
	const [ours = 0, bare = 0] = await inTurns(scene.rounds(15), first, () => timed(BARE_NODE, environment).ms);
	return {
		what,
		unit: "ms",
		chore: ours,
		peer: { name: "node -e 0", value: bare },
		bound: { of: "ratio", atMost: 3 },
		rest: "loading the code of the command line and of the server, and Node's own of net, http and http2",
	};
}

/** systemd-socket-activate gives its program these variables and no others. */
const PASSED = ["CHORE_HOME", "CHORE_SESSION", "CHORE_PLATFORM", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "PATH", "HOME"].map(
	(name) => `-E${name}`,
);

/** Lists of jobs on one connection, some at a time, beside a bare server that sends the same bytes. */
async function listRows(scene: Scene): Promise<readonly Row[]> {
	const session = scene.newSession();
	const chore = await scene.open(session);
	await inFlight(JOBS, 4, async () => chore.wait((await chore.run({ command: ["true"] })).id));
	const ended = await listRow(scene, session, `${JOBS} ended jobs`, "/v1/jobs?all");
	await scene.live(chore, JOBS);
	return [ended, await listRow(scene, session, `${JOBS} active jobs`, "/v1/jobs?state=running")];
}

async function listRow(scene: Scene, session: string, jobs: string, path: string): Promise<Row> {
	await using server = await serve(scene, session);
	await using ours = await http2On(server.socket);
	const body = join(scene.folder, "list.json");
	writeFileSync(body, Buffer.alloc(await ask(ours, { ":path": path }), " "));
	await using floor = await startFloor(scene, body, body);
	await using bare = await http2On(floor.socket);
	const rate = (list: () => Promise<unknown>) => async (): Promise<number> => {
		const began = performance.now();
		await inFlight(LIST_COUNT, LIST_WIDTH, list);
		return (LIST_COUNT * 1000) / (performance.now() - began);
	};
	const [lists = 0, least = 0] = await inTurns(
		scene.rounds(7),
		rate(() => ask(ours, { ":path": path })),
		rate(() => ask(bare, { ":path": "/bytes" })),
	);
	return {
		what: `GET /v1/jobs of ${jobs}, ${LIST_WIDTH} at once`,
		unit: "requests/s",
		chore: lists,
		peer: { name: "node:http2, the same bytes", value: least },
		bound: { of: "ratio", atLeast: 0.5 },
		rest: "the files of each job are read each time, and of active ones /proc: nothing tells the server that a job has ended or was removed",
	};
}

/** The output of a job as it is and by gRPC, beside a bare server that pipes the same file. */
async function outputRows(scene: Scene): Promise<readonly Row[]> {
	const session = scene.newSession();
	const chore = await scene.open(session);
	const { id, output } = await chore.run({ command: ["true"] });
	await chore.wait(id);
	const [log = ""] = output.paths;
	fill(log, MEBIBYTES);
	await using server = await serve(scene, session);
	await using ours = await http2On(server.socket);
	await using floor = await startFloor(scene, log, log);
	await using bare = await http2On(floor.socket);
	const rate = (read: () => Promise<number>) => async (): Promise<number> => {
		const began = performance.now();
		const bytes = await read();
		if (bytes < MEBIBYTES * 1024 * 1024) throw new Error(`the answer has ${bytes} bytes only`);
		return bytes / 1000 / (performance.now() - began);
	};
	const grpc = { ":method": "POST", ":path": "/chore.v1.Jobs/Logs", "content-type": "application/grpc", te: "trailers" };
	const [raw = 0, byGrpc = 0, least = 0] = await inTurns(
		scene.rounds(7),
		rate(() => ask(ours, { ":path": `/v1/jobs/${id}/output` })),
		rate(() => ask(ours, grpc, logsRequest(id))),
		rate(() => ask(bare, { ":path": "/file" })),
	);
	const peer = { name: "node:http2, the same file", value: least };
	return [
		{
			what: `GET output of ${MEBIBYTES} MiB`,
			unit: "MB/s",
			chore: raw,
			peer,
			bound: { of: "ratio", atLeast: 0.9 },
			rest: "each piece goes through several generators, and is sent before the next is read",
		},
		{
			what: `gRPC Logs of ${MEBIBYTES} MiB`,
			unit: "MB/s",
			chore: byGrpc,
			peer,
			bound: { of: "ratio", atLeast: 0.35 },
			rest: "protobuf and Connect make a message of each part, and copy it three times",
		},
	];
}

/** A message of gRPC: a byte, the length, and in it the first field, a string. */
function logsRequest(reference: string): Buffer {
	const message = Buffer.concat([Buffer.from([0x0a, reference.length]), Buffer.from(reference)]);
	const head = Buffer.alloc(5);
	head.writeUInt32BE(message.length, 1);
	return Buffer.concat([head, message]);
}

/** What a server holds for those who wait for more output. */
async function followersRow(scene: Scene): Promise<Row> {
	const session = scene.newSession();
	const chore = await scene.open(session);
	const [job] = await scene.live(chore, 1);
	await using server = await serve(scene, session);
	await using first = await http2On(server.socket);
	await ask(first, { ":path": "/v1/jobs" });
	const before = rss(server);
	let following = 0;
	for (let index = 0; index < FOLLOWERS / STREAMS; index++) {
		const connection = (await http2On(server.socket)).on("error", () => {}); // it ends with the server
		for (let stream = 0; stream < STREAMS; stream++)
			connection
				.request({ ":path": `/v1/jobs/${job?.id}/output?follow` })
				.on("error", () => {})
				.once("response", () => following++);
	}
	await until("all follow", () => following === FOLLOWERS);
	await pause(1000);
	return {
		what: `a server with ${FOLLOWERS} followers of a job, RSS`,
		unit: "kB",
		chore: rss(server),
		peer: { name: "with none", value: before },
		bound: null,
	};
}

function rss({ pid }: Server): number {
	return Number(/^VmRSS:\s+([0-9]+) kB/m.exec(textOf(`/proc/${pid}/status`))?.[1]);
}

/** Starts `chore serve` for a session. */
async function serve(scene: Scene, session: string): Promise<Server & { readonly socket: string }> {
	const socket = join(scene.folder, `${session}.sock`);
	return Object.assign(await startServer(command("serve", "--socket", socket), scene.environment(session)), { socket });
}

async function startFloor(scene: Scene, file: string, body: string): Promise<Server & { readonly socket: string }> {
	const socket = join(scene.folder, `floor-${Math.random().toString(36).slice(2)}.sock`);
	const program = fileURLToPath(new URL("api-floor.js", import.meta.url));
	return Object.assign(await startServer([process.execPath, program, socket, file, body], process.env), { socket });
}
