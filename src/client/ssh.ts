/** Reaches a server by ssh(1), with the user's own configuration: `chore serve --stdio` is started on the other machine. */
import { type ChildProcess, spawn } from "node:child_process";
import { Duplex } from "node:stream";
import type { ChoreError } from "../index.ts";
import type { Address } from "./address.ts";
import { ConnectionLost } from "./failure.ts";

/** How much of the end of what ssh says is kept for the message. */
const MOST_TEXT = 2000;

/** How long ssh may take to end once its output has. */
const ENDING_MS = 5000;

/** Exit statuses of a shell that does not find a program, and of ssh(1) for errors of its own. */
const NOT_FOUND_STATUS = 127;
const SSH_STATUS = 255;

export interface Tunnel {
	readonly stream: Duplex;
	/** Why it ended, once it has. */
	failure(): Promise<ChoreError>;
	close(): void;
}

export function openTunnel(address: Address & { readonly kind: "ssh" }): Tunnel {
	const { host, port, user } = address;
	const options = [...(port === "" ? [] : ["-p", port]), ...(user === "" ? [] : ["-l", user])];
	const child = spawn("ssh", ["-T", ...options, "--", host, "chore serve --stdio"], { stdio: ["pipe", "pipe", "pipe"] });
	let said = "";
	child.stderr.setEncoding("utf8").on("data", (text: string) => {
		said = (said + text).slice(-MOST_TEXT);
	});
	const ended = new Promise<number | Error | null>((resolve) => {
		child.once("error", resolve); // there is no ssh here
		child.once("close", resolve);
	});
	child.stdin.on("error", () => {}); // the stream below ends with it
	const stream = Duplex.from({ writable: child.stdin, readable: child.stdout });
	return {
		stream,
		async failure() {
			const late = new Promise<null>((resolve) => setTimeout(resolve, ENDING_MS, null).unref());
			return explain(address, await Promise.race([ended, late]), said.trim());
		},
		close: () => end(child),
	};
}

function explain({ url, host }: Address & { readonly kind: "ssh" }, status: number | Error | null, said: string): ChoreError {
	const words = said === "" ? "" : `: ${said}`;
	if (status instanceof Error) return new ConnectionLost(`ssh cannot be started: ${status.message}`, { cause: status });
	if (status === NOT_FOUND_STATUS)
		return new ConnectionLost(`chore was not found on ${host}${words}`, {
			hint: `it must be in the PATH that \`ssh ${host} env\` shows`,
		});
	if (status === SSH_STATUS) return new ConnectionLost(`ssh does not reach ${url}${words}`, { hint: `try it alone: ssh ${host}` });
	return new ConnectionLost(`the server at ${url} has ended${words}`, { hint: `try it alone: ssh ${host} chore serve --stdio` });
}

/** Ends ssh: its input ends, and it is asked to. */
function end(child: ChildProcess): void {
	child.stdin?.end();
	child.kill();
}
