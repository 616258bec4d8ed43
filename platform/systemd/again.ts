/** Repeats requests while the manager is restarted: it is not on the bus then. Gives up after RESTART_MS. */
import { setTimeout as delay } from "node:timers/promises";
import { busErrorName } from "./wire.ts";

/** How long a restart of the manager may take, from the first request that fails. */
const RESTART_MS = 3000;
/** The time between two attempts of a request. */
const LOOK_EVERY_MS = 50;

/** Repeats a request that no manager received. One that was delivered is never repeated. */
export function delivered<Answer>(request: () => Promise<Answer>): Promise<Answer> {
	return again(request, wasUndelivered);
}

/** Repeats a request that does no harm when it arrives twice, such as a question, also after the manager left it unanswered. */
export function answered<Answer>(question: () => Promise<Answer>): Promise<Answer> {
	return again(question, (error) => wasUndelivered(error) || busErrorName(error) === "org.freedesktop.DBus.Error.NoReply");
}

async function again<Answer>(request: () => Promise<Answer>, isTransient: (error: unknown) => boolean): Promise<Answer> {
	let deadlineMs: number | undefined;
	for (;;) {
		try {
			return await request();
		} catch (error) {
			deadlineMs ??= performance.now() + RESTART_MS;
			if (!isTransient(error) || performance.now() > deadlineMs) throw error;
			await delay(LOOK_EVERY_MS);
		}
	}
}

/** Whether no manager received the request. */
function wasUndelivered(error: unknown): boolean {
	const name = busErrorName(error);
	return name === "org.freedesktop.DBus.Error.NameHasNoOwner" || name === "org.freedesktop.DBus.Error.ServiceUnknown";
}
