/** Opens the jobs of a session: on this machine, or on another one by its `chore serve`. What they can do is the same. */
import type { RemoteJobs } from "../../src/client/index.ts";
import { type Chore, type ChoreOptions, openChore } from "../../src/index.ts";

export interface PlaceOptions extends ChoreOptions {
	/** The other machine, as `chore --host` takes it; undefined for this one. */
	readonly host?: string | undefined;
}

export type OpenJobs = Chore | RemoteJobs;

/** What is to be known of a session before its jobs are read. */
export interface Greeting {
	readonly session: string;
	/** The moment, by the clock of the machine that has the jobs: milliseconds since the epoch. */
	readonly atMs: number;
	/** Whether its jobs can be seen, and nothing else. */
	readonly isReadOnly: boolean;
}

export const DEFAULT_SESSION = "default";

/** How long a server may be away before the window says that it is: a restart is shorter. */
const PATIENCE_MS = 5000;

/** A server is connected to by the first request. The client is loaded when there is a host. */
export async function openJobs({ host, session, ...options }: PlaceOptions): Promise<OpenJobs> {
	if (host === undefined) return openChore({ session, ...options });
	const { connectTo } = await import("../../src/client/index.ts");
	// "" is the session that the server has for this client.
	return connectTo(host, { session: session || undefined, patienceMs: PATIENCE_MS });
}

/** @param session that was asked for. @throws ChoreError SERVER_UNREACHABLE, NOT_ALLOWED */
export async function greet(jobs: OpenJobs, session: string = DEFAULT_SESSION): Promise<Greeting> {
	if (isHere(jobs)) return { session, atMs: Date.now(), isReadOnly: false };
	const [info, clock] = await Promise.all([jobs.info(), jobs.clock()]);
	return { session: info.session, atMs: clock.getTime(), isReadOnly: info.role === "read" };
}

/** The sessions that there are; of a server those that it names to this client. */
export async function sessionsOf(jobs: OpenJobs): Promise<readonly string[]> {
	return isHere(jobs) ? jobs.sessions() : (await jobs.info()).sessions.filter((name) => name !== "*");
}

export function isHere(jobs: OpenJobs): jobs is Chore {
	return "followSessions" in jobs;
}
