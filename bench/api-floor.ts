/**
 * The floor under `chore serve`: a bare server of node:http2 on a unix socket. Sends the file at `/file` and the same bytes again and
 * again at `/bytes`. Ends with its stdin.
 */
import { createReadStream, readFileSync } from "node:fs";
import { createServer } from "node:http2";
import { pipeline } from "node:stream";

/** @param file for `/file`, @param body a file with the bytes for `/bytes` */
const [socket = "", file = "", body = ""] = process.argv.slice(2);
const bytes = readFileSync(body);

const server = createServer((request, response) => {
	if (request.url === "/file") pipeline(createReadStream(file, { highWaterMark: 64 * 1024 }), response, () => {});
	else response.writeHead(200, { "content-type": "application/json", "content-length": bytes.length }).end(bytes);
});
server.listen(socket, () => console.log("listens"));
process.stdin.on("end", () => process.exit()).resume();
