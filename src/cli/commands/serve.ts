/** `chore serve`: runs the server in the foreground, or has systemd start it at the first request. */
import { type Command, InvalidArgumentError } from "commander";
import { duration } from "../arguments.ts";
import { type Invocation, jsonLines, unopened, verb } from "../command.ts";
import { UsageError } from "../failure.ts";
import { choreOptions } from "../settings.ts";
import { printable } from "../words.ts";
import { passwdCommand } from "./serve-passwd.ts";

interface Options {
	readonly listen?: { readonly host: string; readonly port: number };
	/** In milliseconds. */
	readonly idle?: number;
	readonly socket?: string;
	readonly stdio?: boolean;
	readonly check?: boolean;
	readonly install?: boolean;
	readonly uninstall?: boolean;
}

type Asked = Omit<Invocation<Options>, "chore">;

export function serveCommand(): Command {
	return verb("serve", "answer requests about jobs by a socket, and by TLS from other machines, until it is stopped")
		.option("--listen <host:port>", "also by TLS, at this address and port", address)
		.option("--socket <path>", "the socket (default: chore/api.sock in XDG_RUNTIME_DIR)")
		.option("--idle <duration>", "end after so long without a connection, or never (default: never; 1min if started by a socket)", idle)
		.option("--stdio", "answer one client on standard input and output, as through ssh")
		.option("--check", "say whether a server could be started here, and what is missing")
		.option("--install", "have the user manager of systemd start it at the first request")
		.option("--uninstall", "take that back; jobs stay as they are")
		.addHelpText("after", "\n  chore serve --install\n  curl --unix-socket $XDG_RUNTIME_DIR/chore/api.sock http://localhost/v1/jobs")
		.addCommand(passwdCommand())
		.action(
			unopened<Options, []>(async (asked) => {
				const { check, install, uninstall, stdio, listen, socket, idle } = asked.options;
				const ways = Object.entries({ check, install, uninstall, stdio }).filter(([, isGiven]) => isGiven);
				if (ways.length > 1) throw new UsageError(`${ways.map(([name]) => `--${name}`).join(" and ")} exclude each other`);
				const [way] = ways.map(([name]) => name);
				for (const [name, value, fits] of [
					["listen", listen, [undefined, "install"]],
					["socket", socket, [undefined, "install", "check"]],
					["idle", idle, [undefined]],
				] as const)
					if (value !== undefined && !(fits as readonly unknown[]).includes(way)) throw new UsageError(`serve --${way} takes no --${name}`);
				if (check) return examine(asked);
				return install || uninstall ? units(asked) : run(asked);
			}),
		);
}

async function run({ options, output }: Asked): Promise<void> {
	const { serve } = await import("../../api/serve.ts");
	const log = (line: string) => {
		try {
			output.note(printable(line));
		} catch {} // nobody reads it; the server goes on
	};
	const { listen, socket, idle, stdio } = options;
	const server = await serve({ chore: await choreOptions(options), listen, socket, idleMs: idle, stdio, log });
	for (const name of ["SIGTERM", "SIGINT"] as const)
		process.once(name, () => {
			server.stop();
			process.once(name, () => process.exit(1)); // who asks again does not want to wait
		});
	// From a terminal it means that the terminal is gone.
	process.on("SIGHUP", () => (output.isTerminalAt(2) ? server.stop() : server.reload()));
	await server.ended;
}

async function examine({ options, output, setStatus }: Asked): Promise<void> {
	const { examine } = await import("../../api/serve.ts");
	const found = examine(options.socket);
	if (found.some(({ level }) => level === "problem")) setStatus(1);
	if (options.json) return output.line(jsonLines(found));
	for (const { what, level, says, cure } of found) {
		const mark = level === "ok" ? " " : level === "note" ? "-" : output.paint("red", "!");
		output.line(`${mark} ${what.padEnd(11)} ${printable(says)}`);
		if (cure !== null) output.line(`  ${"".padEnd(11)} mend it: ${printable(cure)}`);
	}
}

async function units({ options, output }: Asked): Promise<void> {
	const { install, uninstall } = await import("../../api/serve.ts");
	const paths = options.install ? install(options) : uninstall();
	for (const path of paths) output.line(path);
	if (options.quiet) return;
	if (options.uninstall) output.note(paths.length === 0 ? "nothing was installed" : "these are gone; jobs are as they were");
	else output.note("written; the server is started by the first request, and ends when it is idle");
}

/** `HOST:PORT`, an address of IPv6 in brackets. */
function address(text: string): { readonly host: string; readonly port: number } {
	const [, six, host = six, digits] = /^(?:\[([0-9a-f:.]+)\]|([^[\]:/\s]+)):([0-9]{1,5})$/i.exec(text) ?? [];
	const port = Number(digits);
	if (host === undefined || !(port <= 65_535))
		throw new InvalidArgumentError(`"${text}" is no address with a port; one is written 127.0.0.1:8443, [::1]:8443 or 0.0.0.0:8443.`);
	return { host, port };
}

function idle(text: string): number {
	return text === "never" ? Number.POSITIVE_INFINITY : duration(text);
}
