/** Stands in for the door to other machines while it cannot be opened, on the socket that was handed over for it. */
import { createServer } from "node:net";
import { type Door, listening } from "./door.ts";

/** Whoever connects is turned away at once: systemd has them connected, and they would wait for as long as the server runs. */
export async function openClosedDoor(place: { readonly fd: number }): Promise<Door> {
	const server = createServer((socket) => socket.destroy());
	await listening(server, "the socket that was handed over", () => server.listen(place));
	return { where: "nowhere", close: () => void server.close() };
}
