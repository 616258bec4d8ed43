/** Sends what comes piece by piece, no faster than the client reads. */
import type { Exchange } from "./http.ts";

/** A piece of at least this length is sent before the next one is asked for. To copy it would cost more than to wait. */
const LONG_BYTES = 64 * 1024;

/**
 * Sends the pieces, and ends the answer. When the client has gone, the pieces are given back, and it resolves.
 * @param pieces each need be valid only until the next one is asked for
 * @throws what the pieces throw
 */
export async function pour(exchange: Exchange, pieces: AsyncIterable<Uint8Array>): Promise<void> {
	const { response, signal } = exchange;
	try {
		for await (const piece of pieces) {
			if (signal.aborted) return;
			await (piece.length < LONG_BYTES ? write(exchange, Buffer.from(piece), "room") : write(exchange, piece, "sent"));
		}
		response.end();
	} catch (error) {
		if (!signal.aborted) throw error;
	}
}

/** Resolves when there is room for more, or when all is sent. @throws when the client has gone: nobody tells of the write then */
async function write({ response, signal }: Exchange, piece: Uint8Array, until: "room" | "sent"): Promise<void> {
	let leave = (): void => {};
	try {
		await new Promise<void>((resolve, reject) => {
			leave = () => reject(signal.reason);
			signal.addEventListener("abort", leave);
			const isRoom = response.write(piece, (error) => (error ? reject(error) : resolve()));
			if (isRoom && until === "room") resolve();
		});
	} finally {
		signal.removeEventListener("abort", leave);
	}
}
