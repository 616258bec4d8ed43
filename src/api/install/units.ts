/** The units by which the user manager of systemd starts the server at the first request. Pure. */

export interface Installed {
	/** The program of Node and the script of chore, absolute. */
	readonly node: string;
	readonly script: string;
	/** What the server is to have of the environment of whoever installs it. */
	readonly environment: Readonly<Record<string, string>>;
	/** The path of the unix socket; default the one in the runtime folder. */
	readonly socket?: string | undefined;
	/** Where other machines may come. */
	readonly listen?: { readonly host: string; readonly port: number } | undefined;
}

export const SOCKET = "chore.socket";
export const TLS_SOCKET = "chore-tls.socket";
export const SERVICE = "chore.service";

/** The text of each unit by its name. */
export function units({ node, script, environment, socket, listen }: Installed): Readonly<Record<string, string>> {
	const variables = Object.entries(environment).map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`);
	return {
		[SOCKET]: lines(
			"[Unit]",
			"Description=chore: jobs of this user by a socket",
			"[Socket]",
			`ListenStream=${socket === undefined ? "%t/chore/api.sock" : socket.replaceAll("%", "%%")}`,
			"FileDescriptorName=unix",
			"SocketMode=0600",
			"DirectoryMode=0700",
			`Service=${SERVICE}`,
			"[Install]",
			"WantedBy=sockets.target",
		),
		...(listen && {
			[TLS_SOCKET]: lines(
				"[Unit]",
				"Description=chore: jobs of this user by TLS",
				"[Socket]",
				`ListenStream=${listen.host.includes(":") ? `[${listen.host}]` : listen.host}:${listen.port}`,
				"FileDescriptorName=tls",
				"Backlog=128",
				`Service=${SERVICE}`,
				"[Install]",
				"WantedBy=sockets.target",
			),
		}),
		[SERVICE]: lines(
			"[Unit]",
			"Description=chore serve: ends when it is idle",
			// It is started at each request after it was idle.
			"StartLimitIntervalSec=0",
			"[Service]",
			"Type=exec",
			// Jobs of the posix platform are in its cgroup, and outlive it.
			"KillMode=process",
			...variables,
			`ExecStart=${[node, script].map(quotedWord).join(" ")} serve`,
		),
	};
}

function lines(...all: readonly string[]): string {
	return `${all.map((line, index) => (line.startsWith("[") && index > 0 ? `\n${line}` : line)).join("\n")}\n`;
}

/** A quoted value (systemd.syntax(7)), in which specifiers are not expanded. */
function quoted(text: string): string {
	const escaped = text.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n");
	return `"${escaped.replaceAll("%", "%%")}"`;
}

/** A word of a command line, in which variables are not expanded either. */
function quotedWord(text: string): string {
	return quoted(text).replaceAll("$", "$$$$");
}
