/** Message buses for tests: one without systemd, and a proxy to any bus that can be silenced or cut. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { eventually } from "../support/eventually.ts";

export const noDaemon: string | false = spawnSync("dbus-daemon", ["--version"]).status === 0 ? false : "no dbus-daemon here";

/** A bus of our own, on which there is no systemd. */
export async function startBus(limits = ""): Promise<{ readonly socketPath: string } & Disposable> {
	const folder = mkdtempSync(`${tmpdir()}/bus-`);
	const socketPath = `${folder}/bus`;
	const policy =
		'<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>';
	writeFileSync(
		`${folder}/config`,
		`<busconfig><type>session</type><listen>unix:path=${socketPath}</listen>${policy}${limits}</busconfig>`,
	);
	const daemon = spawn("dbus-daemon", ["--nofork", `--config-file=${folder}/config`], { stdio: "ignore" });
	await eventually("the bus answers", () => answers(socketPath));
	return {
		socketPath,
		[Symbol.dispose]: () => {
			daemon.kill("SIGKILL");
			rmSync(folder, { recursive: true, force: true });
		},
	};
}

/** The socket exists a moment before the bus listens at it. */
function answers(socketPath: string): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = createConnection(socketPath);
		socket.on("error", () => resolve(false));
		socket.on("connect", () => {
			socket.destroy();
			resolve(true);
		});
	});
}

/** Listens on a socket of its own and passes everything on; without a destination it takes everything and says nothing. */
export class GoBetween implements Disposable {
	readonly socketPath: string;
	readonly #folder: string;
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();
	readonly #ways: { readonly server: Socket; readonly client: Socket }[] = [];
	connections = 0;
	/** All that was sent to the destination. */
	sent = "";

	private constructor(folder: string, answer: (client: Socket) => Socket | undefined) {
		this.#folder = folder;
		this.socketPath = `${folder}/bus`;
		this.#server = createServer((client) => {
			this.connections += 1;
			for (const socket of [client, answer(client)]) {
				if (socket === undefined) continue;
				this.#sockets.add(socket);
				socket.on("error", () => {});
			}
		});
	}

	static async to(destination: string | ((client: Socket) => void)): Promise<GoBetween> {
		const between = new GoBetween(mkdtempSync(`${tmpdir()}/between-`), (client) => {
			if (typeof destination === "function") {
				destination(client);
				return undefined;
			}
			const server = createConnection(destination);
			client.on("data", (data: Buffer) => {
				between.sent += data.toString("latin1");
			});
			client.pipe(server).pipe(client);
			between.#ways.push({ server, client });
			return server;
		});
		await new Promise<void>((resolve) => between.#server.listen(between.socketPath, resolve));
		return between;
	}

	/** Answers are kept from now on. @returns what lets them through again */
	hold(): () => void {
		for (const { server, client } of this.#ways) server.unpipe(client);
		return () => {
			for (const { server, client } of this.#ways) server.pipe(client);
		};
	}

	/** Neither requests nor answers come through any more. */
	silence(): void {
		for (const socket of this.#sockets) socket.unpipe().pause();
	}

	cut(): void {
		for (const socket of this.#sockets) socket.destroy();
		this.#sockets.clear();
	}

	[Symbol.dispose](): void {
		this.cut();
		this.#server.close();
		rmSync(this.#folder, { recursive: true, force: true });
	}
}
