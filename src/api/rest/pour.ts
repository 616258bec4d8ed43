/** Sends what comes piece by piece, no faster than the client reads. */
import { once } from "node:events";
import type { Exchange } from "./http.ts";

/**
 * Sends the pieces, and ends the answer. When the client has gone, the pieces are given back, and it resolves.
 * @param pieces each is a buffer of its own: it may be held until the client has read it
 * @throws what the pieces throw
 */
export async function pour({ response, signal }: Exchange, pieces: AsyncIterable<Buffer>): Promise<void> {
	try {
		for await (const piece of pieces) {
			if (signal.aborted) return;
			// The signal is raised when the response is closed: "drain" does not come then.
			if (!response.write(piece)) await once(response, "drain", { signal });
		}
		response.end();
	} catch (error) {
		if (!signal.aborted) throw error;
	}
}
