/** Ends connections of HTTP/2 on which nothing happens, or whose other end has gone: Node has no bounds for these. */
import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Limits } from "../limits.ts";

/** Options of a server of HTTP/2. The one who connects is told the settings. */
export function http2Options({ streams, headerBytes }: Limits) {
	return { settings: { maxConcurrentStreams: streams, maxHeaderListSize: headerBytes, enablePush: false } } as const;
}

/** To be called for each session when it begins. */
export function watchSession(session: ServerHttp2Session, { firstStreamMs, noStreamMs, pingMs, pongMs }: Limits): void {
	let open = 0;
	const close = () => session.destroy();
	let unused = setTimeout(close, firstStreamMs);
	session.on("stream", (stream: ServerHttp2Stream) => {
		open += 1;
		clearTimeout(unused);
		stream.once("close", () => {
			open -= 1;
			if (open === 0 && !session.closed && !session.destroyed) unused = setTimeout(close, noStreamMs);
		});
	});
	let pong: NodeJS.Timeout | undefined;
	const ping = setInterval(() => {
		// One at a time: the timer of the last runs.
		if (pong !== undefined || session.closed || session.destroyed) return;
		pong = setTimeout(close, pongMs);
		session.ping(() => {
			clearTimeout(pong);
			pong = undefined;
		});
	}, pingMs);
	session.once("close", () => {
		for (const timer of [unused, ping, pong]) clearTimeout(timer);
	});
	session.on("error", () => {}); // its close is enough
}
