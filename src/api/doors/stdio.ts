/** The door for whoever started this process, as ssh does for somebody else: HTTP/2 by stdin and stdout, as one connection. */
import { createServer, type ServerHttp2Session } from "node:http2";
import { Duplex } from "node:stream";
import type { Door, Surroundings } from "./door.ts";
import { http2Options, watchSession } from "./session.ts";

export function openStdioDoor(
	streams: { readonly stdin: NodeJS.ReadableStream; readonly stdout: NodeJS.WritableStream },
	{ handler, connections, limits }: Surroundings,
): Door {
	const socket = Duplex.from({ readable: streams.stdin, writable: streams.stdout });
	socket.on("error", () => {}); // its close is enough
	const server = createServer(http2Options(limits), connections.counted(handler));
	server.on("session", (session: ServerHttp2Session) => {
		connections.session(socket, session);
		// It lasts as long as the one who started the process wants it to.
		watchSession(session, { ...limits, firstStreamMs: NEVER_MS, noStreamMs: NEVER_MS });
	});
	connections.begin(socket, false);
	server.emit("connection", socket);
	return { where: "standard input and output", close: () => {} };
}

/** The longest time of a timer, 24 days. */
const NEVER_MS = 2 ** 31 - 1;
