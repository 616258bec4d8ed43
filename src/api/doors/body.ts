/**
 * Bounds how long the body of a request may take: all of it; or, where it is used as it comes, each piece. Node bounds the whole
 * request of HTTP/1.1, whatever it is, and nothing of HTTP/2.
 */
import { constants } from "node:http2";
import type { AnyRequest, AnyResponse } from "./connections.ts";

interface Limit {
	stop(): void;
	renew(): void;
}

const limits = new WeakMap<object, Limit>();

/** To be called for each request, before it is handled: one whose body has not come after `limitMs` is ended. */
export function limitBody(request: AnyRequest, response: AnyResponse, limitMs: number): void {
	let timer: NodeJS.Timeout | undefined;
	const limit: Limit = {
		stop: () => clearTimeout(timer),
		renew() {
			clearTimeout(timer);
			if (!response.destroyed && !hasCome(request)) timer = setTimeout(() => endUnlessCome(request, response), limitMs);
		},
	};
	limit.renew();
	limits.set(request, limit);
	response.once("close", limit.stop);
}

/** While a piece of the body is used, nobody waits for the client. Afterwards it has its time again, for the next piece. */
export function holdLimit(request: object): Disposable {
	const limit = limits.get(request);
	limit?.stop();
	return { [Symbol.dispose]: () => limit?.renew() };
}

/** The state of a stream tells it also where nobody reads the body. */
function hasCome(request: AnyRequest): boolean {
	return "stream" in request ? request.stream.state.remoteClose === 1 : request.complete;
}

function endUnlessCome(request: AnyRequest, response: AnyResponse): void {
	if (hasCome(request)) return;
	if ("stream" in request) request.stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
	else if (response.headersSent) request.socket.destroy();
	else {
		request.socket.write("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
		request.socket.destroySoon();
	}
}
