/** Reaches a server by ssh(1), with the user's own configuration: `chore serve --stdio` is started on the other machine. */
import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import type { ChoreError } from "../index.ts";
import type { Address } from "./address.ts";
import { ConnectionLost } from "./failure.ts";

/** How much of the end of what ssh says is kept for the message. */
const MOST_TEXT = 2000;

/** How long ssh may take to end once its output has. */
const ENDING_MS = 5000;

/** Exit statuses of a shell that does not find a program, of ssh(1) for errors of its own, and where there is no ssh. */
const NOT_FOUND_STATUS = 127;
const SSH_STATUS = 255;
const NO_SSH_STATUS = 254;

/**
 * One socket as both stdin and stdout: node:http2 fails an assertion when a stream made of two pipes is closed while it writes
 * (JSStreamSocket.doWrite).
 */
const START_SSH = `command -v ssh >/dev/null || exit ${NO_SSH_STATUS}; exec ssh "$@" <&3 >&3 3>&-`;

export interface Tunnel {
	readonly stream: Socket;
	/** Why it ended, once it has. */
	failure(): Promise<ChoreError>;
	close(): void;
}

export function openTunnel(address: Address & { readonly kind: "ssh" }): Tunnel {
	const { host, port, user } = address;
	const options = [...(port === "" ? [] : ["-p", port]), ...(user === "" ? [] : ["-l", user])];
	const words = ["-T", ...options, "--", host, "chore serve --stdio"];
	const child = spawn("/bin/sh", ["-c", START_SSH, "ssh", ...words], { stdio: ["ignore", "ignore", "pipe", "pipe"] });
	let said = "";
	child.stderr?.setEncoding("utf8").on("data", (text: string) => {
		said = (said + text).slice(-MOST_TEXT);
	});
	const ended = new Promise<number | Error | null>((resolve) => {
		child.once("error", resolve);
		child.once("close", resolve);
	});
	const stream = child.stdio[3] as Socket;
	return {
		stream,
		async failure() {
			const late = new Promise<null>((resolve) => setTimeout(resolve, ENDING_MS, null).unref());
			return explain(address, await Promise.race([ended, late]), said.trim());
		},
		close() {
			stream.destroy();
			child.kill();
		},
	};
}

function explain({ url, host, port, user }: Address & { readonly kind: "ssh" }, status: number | Error | null, said: string): ChoreError {
	const ssh = `ssh ${port === "" ? "" : `-p ${port} `}${user === "" ? "" : `${user}@`}${host}`;
	const words = said === "" ? "" : `: ${said}`;
	if (status instanceof Error) return new ConnectionLost(`ssh cannot be started: ${status.message}`, { cause: status });
	if (status === NO_SSH_STATUS && said === "") return new ConnectionLost("there is no ssh here", { hint: "it must be in the PATH" });
	if (status === NOT_FOUND_STATUS)
		return new ConnectionLost(`chore was not found on ${host}${words}`, {
			hint: `it must be in the PATH that \`${ssh} env\` shows`,
		});
	if (status === SSH_STATUS) return new ConnectionLost(`ssh does not reach ${url}${words}`, { hint: `try it alone: ${ssh}` });
	return new ConnectionLost(`the server at ${url} has ended${words}`, { hint: `try it alone: ${ssh} chore serve --stdio` });
}
