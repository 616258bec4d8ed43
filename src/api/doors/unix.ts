/**
 * The door for the user's own programs: a unix socket in a folder that only the user can enter, which is the whole proof of
 * who comes. HTTP/1.1 and HTTP/2, told apart by the first bytes.
 */
import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Session } from "node:http2";
import { connect, createServer, type Socket } from "node:net";
import { dirname, isAbsolute, join } from "node:path";
import { ChoreError } from "../../index.ts";
import { type Door, listening, type Surroundings } from "./door.ts";
import { http2Options, watchSession } from "./session.ts";

/** What HTTP/2 begins with; no method of HTTP/1.1 does. */
const PREFACE = Buffer.from("PRI");

/** The longest path of a socket on every system (unix(7)). */
const LONGEST_PATH_BYTES = 103;

/** `${XDG_RUNTIME_DIR}/chore/api.sock`. @throws ChoreError when there is no such folder */
export function defaultSocket(environment: NodeJS.ProcessEnv = process.env): string {
	const folder = environment["XDG_RUNTIME_DIR"];
	if (folder !== undefined && isAbsolute(folder)) return join(folder, "chore", "api.sock");
	throw new ChoreError("INVALID_ARGUMENT", "there is no folder for sockets: XDG_RUNTIME_DIR is not set", {
		hint: "--socket PATH says where to listen",
	});
}

/** @param place a path, whose folder is made if it is missing, or a socket that listens already */
export async function openUnixDoor(place: { readonly path: string } | { readonly fd: number }, surroundings: Surroundings): Promise<Door> {
	const { take, close } = protocols(surroundings);
	const server = createServer((socket) => {
		if (surroundings.connections.begin(socket, false)) take(socket);
	});
	if ("path" in place) await bind(place.path, (path) => listening(server, path, () => server.listen({ path })));
	else await listening(server, "the socket that was handed over", () => server.listen(place));
	return {
		where: "path" in place ? place.path : "the socket that was handed over",
		close: () => {
			server.close();
			close();
		},
	};
}

/** Listens on a path. What a server that was killed left there is taken away; one that answers is not disturbed. */
async function bind(path: string, listen: (path: string) => Promise<void>): Promise<void> {
	if (Buffer.byteLength(path) > LONGEST_PATH_BYTES)
		throw new ChoreError("INVALID_ARGUMENT", `the path of the socket is too long: ${path}`, {
			hint: `no system takes more than ${LONGEST_PATH_BYTES} bytes; --socket PATH chooses another`,
		});
	checkFolder(dirname(path));
	if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) await clear(path);
	const before = process.umask(0o177); // listen(2) is done before the promise is there
	const begun = listen(path);
	process.umask(before);
	await begun;
	chmodSync(path, 0o600);
}

/**
 * Takes away a socket on which nobody listens. It is moved aside before it is asked, so that of two servers that begin at once
 * none takes away that of the other.
 */
async function clear(path: string): Promise<void> {
	if (await answers(path)) throw taken(path);
	const aside = `${path}.${process.pid}`;
	renameSync(path, aside);
	if (await answers(aside)) {
		renameSync(aside, path);
		throw taken(path);
	}
	rmSync(aside);
}

function answers(path: string): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect(path);
		socket.once("connect", () => resolve(true));
		socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "ECONNREFUSED" && error.code !== "ENOENT"));
		socket.once("connect", () => socket.destroy());
	});
}

function taken(path: string): ChoreError {
	return new ChoreError("STATE_UNUSABLE", `another chore serve answers at ${path}`, { hint: "--socket PATH chooses another place" });
}

/** Makes the folder, or refuses one that others can enter. */
function checkFolder(path: string): void {
	mkdirSync(path, { recursive: true, mode: 0o700 });
	const found = lstatSync(path);
	const wrong = !found.isDirectory()
		? "it is not a folder"
		: found.uid !== process.geteuid?.()
			? `it belongs to another user (uid ${found.uid})`
			: (found.mode & 0o077) !== 0
				? `others can use it (mode ${(found.mode & 0o777).toString(8)})`
				: undefined;
	if (wrong === undefined) return;
	throw new ChoreError("STATE_UNUSABLE", `cannot listen in ${path}: ${wrong}`, {
		hint: "whoever can use the socket can do all that you can: its folder must be yours alone (chmod 700)",
	});
}

/** Servers that listen nowhere: connections are handed to them. */
function protocols({ handler, connections, limits }: Surroundings) {
	const counted = connections.counted(handler);
	const http1 = createHttpServer(
		{
			headersTimeout: limits.headerMs,
			requestTimeout: 0, // body.ts bounds it
			keepAliveTimeout: limits.keepAliveMs,
			connectionsCheckingInterval: limits.checkMs,
			maxHeaderSize: limits.headerBytes,
		},
		counted,
	);
	http1.emit("listening"); // arms these limits
	const http2 = createHttp2Server(http2Options(limits), counted);
	let current: Socket | undefined;
	http2.on("session", (session: ServerHttp2Session) => {
		if (current !== undefined) connections.session(current, session);
		watchSession(session, limits);
	});
	const hand = (socket: Socket, first: Buffer) => {
		socket.unshift(first);
		current = socket;
		(PREFACE.equals(first.subarray(0, PREFACE.length)) ? http2 : http1).emit("connection", socket);
	};
	const take = (socket: Socket) => {
		const silent = setTimeout(() => socket.destroy(), limits.headerMs);
		socket.once("close", () => clearTimeout(silent));
		socket.on("error", () => {});
		let first = Buffer.alloc(0);
		const look = () => {
			first = Buffer.concat([first, socket.read() ?? first.subarray(0, 0)]);
			if (first.length === 0 || (first.length < PREFACE.length && PREFACE.subarray(0, first.length).equals(first))) return;
			socket.off("readable", look);
			clearTimeout(silent);
			hand(socket, first);
		};
		socket.on("readable", look);
	};
	return { take, close: () => void http1.close() };
}
