/** Who may call what, with the jobs of which session. The same for all doors. */
import { ChoreError, type Jobs } from "../index.ts";
import type { Caller, Quota, Role } from "./caller.ts";
import type { Call } from "./operations/operation.ts";

/** The sessions of the state folder, as `openSessions` gives them. */
export interface Sessions {
	/** The same object for the same name and bounds. @throws ChoreError INVALID_ARGUMENT for an impossible name */
	session(name: string, bounds?: Pick<Quota, "maxJobs" | "keepBytes">): Jobs;
}

/** What is known of a request before it is read. */
export interface Entrance {
	readonly sessions: Sessions;
	readonly caller: Caller;
	/** Raised when the client has gone. */
	readonly signal: AbortSignal;
}

/** How a call tells things beside its answer. */
export type Beside = Pick<Call, "warn" | "onFound">;

const RANKS: Readonly<Record<Role, number>> = { read: 0, run: 1, admin: 2 };

/** @throws ChoreError NOT_ALLOWED */
export function checkRole({ client, role }: Caller, name: string, needed: Role): void {
	if (RANKS[role] >= RANKS[needed]) return;
	throw new ChoreError("NOT_ALLOWED", `${client} has the role ${role} on this server, and "${name}" needs the role ${needed}`, {
		hint: "whoever runs the server gives roles",
	});
}

/**
 * The call of a client with one session.
 * @param asked the session that it names; default: its own
 * @throws ChoreError JOB_NOT_FOUND for a session that is not the client's, in the same words as for one that is not there;
 * INVALID_ARGUMENT for an impossible name
 */
export function enter({ sessions, caller, signal }: Entrance, asked: string | undefined, beside: Beside): Call {
	const [own = "default"] = caller.sessions;
	const session = asked ?? (own === "*" ? "default" : own);
	if (!caller.sessions.includes(session) && !caller.sessions.includes("*"))
		throw new ChoreError("JOB_NOT_FOUND", `there is no session ${JSON.stringify(session.slice(0, 70))}`);
	const { maxJobs, keepBytes } = caller.quota;
	const bounds = { ...(maxJobs === undefined ? {} : { maxJobs }), ...(keepBytes === undefined ? {} : { keepBytes }) };
	return { caller, session, jobs: sessions.session(session, bounds), signal, ...beside };
}
