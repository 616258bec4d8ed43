/** What all doors have in common: a way in to the server. */
import type { Server } from "node:net";
import { ChoreError } from "../../index.ts";
import type { Limits } from "../limits.ts";
import type { Connections, Handler } from "./connections.ts";

export interface Door {
	/** Where it is, for people. */
	readonly where: string;
	/** Takes no more connections from now on. Those that are there stay. */
	close(): void;
}

/** What a door needs. */
export interface Surroundings {
	readonly handler: Handler;
	readonly connections: Connections;
	readonly limits: Limits;
}

/** Waits until a server listens. @throws ChoreError in words about the place */
export async function listening(server: Server, where: string, begin: () => void): Promise<void> {
	try {
		await new Promise<void>((resolve, reject) => {
			server.once("error", reject);
			server.once("listening", () => {
				server.off("error", reject);
				resolve();
			});
			begin();
		});
	} catch (error) {
		throw new ChoreError("INVALID_ARGUMENT", `cannot listen on ${where}: ${error instanceof Error ? error.message : error}`, {
			cause: error,
		});
	}
}
