/** Servers in processes of their own, and the least that can ask them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";
import { connect as connectSocket } from "node:net";
import { createInterface } from "node:readline";

/** As much as the client of chore lets be under way. */
const WINDOW_BYTES = 1024 * 1024;

export interface Server extends AsyncDisposable {
	readonly pid: number;
}

/** Starts a server and waits until it has printed a line with "listens". It is ended when it is disposed. */
export async function startServer(words: readonly string[], environment: NodeJS.ProcessEnv): Promise<Server> {
	const [program = "", ...rest] = words;
	const child = spawn(program, rest, { env: environment, stdio: ["pipe", "pipe", "pipe"] });
	const ended = once(child, "exit");
	const said: string[] = [];
	await new Promise<void>((resolve, reject) => {
		for (const output of [child.stdout, child.stderr])
			createInterface(output).on("line", (line) => {
				said.push(line);
				if (/listens|Listening/.test(line)) resolve();
			});
		child.once("error", reject).once("exit", () => reject(new Error(`${words.join(" ")} has ended:\n${said.join("\n")}`)));
	});
	return {
		pid: child.pid ?? 0,
		async [Symbol.asyncDispose]() {
			child.kill("SIGKILL");
			await ended;
		},
	};
}

/** A connection to a socket. */
export async function http2On(path: string): Promise<ClientHttp2Session & AsyncDisposable> {
	const session = connect("http://localhost", {
		createConnection: () => connectSocket(path),
		settings: { initialWindowSize: WINDOW_BYTES },
	});
	await once(session, "remoteSettings");
	session.setLocalWindowSize(WINDOW_BYTES * 2);
	return Object.assign(session, {
		async [Symbol.asyncDispose]() {
			session.destroy();
		},
	});
}

/** Makes a request and throws away the answer. @returns how many bytes it had. @throws Error unless its status is 200 or 201 */
export async function ask(session: ClientHttp2Session, headers: Record<string, string>, body?: Buffer): Promise<number> {
	const stream = session.request(headers, { endStream: body === undefined });
	if (body !== undefined) stream.end(body);
	let bytes = 0;
	stream.on("data", (piece: Buffer) => {
		bytes += piece.length;
	});
	const ended = once(stream, "end");
	const [head] = (await once(stream, "response")) as [IncomingHttpHeaders];
	await ended;
	const status = Number(head[":status"]);
	if (status !== 200 && status !== 201) throw new Error(`the answer was ${status}`);
	return bytes;
}
