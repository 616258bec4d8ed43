/** The server of `chore serve`: opens the doors, and ends when it is stopped or idle. Loaded by that command only. */
import { userInfo } from "node:os";
import { type ChoreOptions, isChoreError, openSessions } from "../index.ts";
import type { Caller } from "./caller.ts";
import { check } from "./check.ts";
import { takeActivated } from "./doors/activated.ts";
import { openClosedDoor } from "./doors/closed.ts";
import { type AnyRequest, Connections, type Handler } from "./doors/connections.ts";
import type { Door } from "./doors/door.ts";
import { Idle } from "./doors/idle.ts";
import { openStdioDoor } from "./doors/stdio.ts";
import { openTlsDoor, type Place } from "./doors/tls.ts";
import { defaultSocket, openUnixDoor } from "./doors/unix.ts";
import { type Entrance, enter } from "./enter.ts";
import type { GrpcHandler } from "./grpc/handler.ts";
import { serveFolder } from "./identity/folder.ts";
import { Identity } from "./identity/identity.ts";
import { type Bounds, countCall, Limiter } from "./limiter.ts";
import { configuredLimits } from "./limits.ts";
import { OPERATIONS } from "./operations/index.ts";
import { certificateWarning, nodeWarning } from "./readiness.ts";
import { createHandler, type HandlerOptions, stackOf } from "./server.ts";
import { Upkeep } from "./upkeep.ts";

export { install, uninstall } from "./install/install.ts";
export { type Examined, examine } from "./readiness.ts";

export interface ServeOptions {
	/** For the sessions, and the session of the user who comes by the unix socket. */
	readonly chore: ChoreOptions;
	/** Where other machines may come; nowhere by default. */
	readonly listen?: { readonly host: string; readonly port: number } | undefined;
	/** The path of the unix socket; default `defaultSocket()`. */
	readonly socket?: string | undefined;
	/** One connection by stdin and stdout in the place of all others. It ends with it. */
	readonly stdio?: boolean | undefined;
	/** How long without a connection before it ends; Infinity for never, which is the default unless a socket started it. */
	readonly idleMs?: number | undefined;
	/** Takes a line for whoever keeps the server. */
	log(line: string): void;
}

/** A server under way. */
export interface Serving {
	/** Resolves when it has ended, by `stop` or because it was idle. */
	readonly ended: Promise<void>;
	/** Listens no more, and lets the requests under way end, within the limit. */
	stop(): void;
	/** Reads certificates and clients again. */
	reload(): void;
}

/** @throws ChoreError when a door cannot be opened, or a file of the server is wrong */
export async function serve({ chore, log, ...options }: ServeOptions): Promise<Serving> {
	const activated = takeActivated();
	const limits = configuredLimits(`${serveFolder().path}/config.toml`);
	const { session: ownSession, ...rest } = chore;
	const opened = await openSessions(rest);
	const report = (error: unknown) => log(stackOf(error));
	const sessions = new Upkeep(opened, report);
	let end: (closing: Promise<void>) => void = () => {};
	const ended = new Promise<void>((resolve) => {
		end = resolve;
	});
	const isTimed = options.idleMs !== undefined || activated.length > 0;
	const letNobodyIn = () => {
		idle[Symbol.dispose]();
		for (const door of doors) door.close();
		identity?.[Symbol.dispose]();
		sessions[Symbol.dispose]();
	};
	const stop = () => {
		letNobodyIn();
		end(connections.close().finally(() => opened.close()));
	};
	const idle = new Idle(isTimed ? (options.idleMs ?? limits.idleMs) : Number.POSITIVE_INFINITY, stop);
	const connections = new Connections(limits, (count) => {
		idle.count(count);
		if (options.stdio && count === 0) stop();
	});
	const doors: Door[] = [];
	let identity: Identity | undefined;
	const surroundings = (identify: HandlerOptions["identify"], bounds?: Bounds) => ({
		handler: createHandler({
			sessions,
			identify,
			bounds,
			log: options.stdio ? () => {} : log,
			grpc: grpcDoor(bounds, report),
		}) satisfies Handler,
		connections,
		limits,
	});
	try {
		const own = ownUser(ownSession);
		// Who comes by these could do the same without a server, as often.
		const forUser = surroundings(async () => own);
		if (options.stdio) doors.push(openStdioDoor(process, forUser));
		else {
			const unix = activated.filter(({ kind }) => kind === "unix");
			if (unix.length === 0) doors.push(await openUnixDoor({ path: options.socket ?? defaultSocket() }, forUser));
			for (const place of unix) doors.push(await openUnixDoor(place, forUser));
			const handed = activated.filter(({ kind }) => kind === "tls");
			const places: readonly Place[] = options.listen === undefined ? handed : [...handed, options.listen];
			const shut: Door[] = [];
			const gate = places.length > 0 ? openGate(log, options.listen !== undefined) : undefined;
			if (gate === undefined) for (const place of handed) shut.push(await openClosedDoor(place));
			else {
				identity = gate;
				const forClients = surroundings((request) => letIn(gate, connections, request), new Limiter(limits));
				for (const place of places) doors.push(await openTlsDoor(place, gate.tlsOptions, forClients, (server) => gate.guard(server)));
				for (const warning of [nodeWarning(), certificateWarning(gate.validTo)]) if (warning !== undefined) log(`warning: ${warning}`);
			}
			log(`chore serve listens on ${doors.map(({ where }) => where).join(" and ")} as ${own.client}`);
			doors.push(...shut);
		}
	} catch (error) {
		letNobodyIn();
		throw error;
	}
	return { ended, stop: once(stop), reload: () => identity?.reload() };
}

/**
 * Who is let in from other machines. Where systemd holds the sockets, a certificate that is damaged closes that door only:
 * otherwise systemd would start a server that ends again and again, and give up the unix socket, too.
 * @returns undefined if nobody can be
 */
function openGate(log: (line: string) => void, isAskedFor: boolean): Identity | undefined {
	try {
		return new Identity(serveFolder(), { log });
	} catch (error) {
		if (isAskedFor || !isChoreError(error)) throw error;
		log(`other machines are turned away: ${error.message}${error.hint === undefined ? "" : ` (${error.hint})`}`);
		return undefined;
	}
}

/** Answers gRPC and Connect. What they need is most of the server's code, so it is loaded when somebody first speaks them. */
function grpcDoor(bounds: Bounds | undefined, report: (error: unknown) => void): NonNullable<HandlerOptions["grpc"]> {
	let handler: Promise<GrpcHandler> | undefined;
	const load = async (): Promise<GrpcHandler> => {
		const { createGrpcHandler } = await import("./grpc/handler.ts");
		return createGrpcHandler({
			operations: OPERATIONS,
			check,
			count: (caller, name, input) => countCall(bounds, caller, name, input),
			report,
		});
	};
	return async (request, response, entrance: Entrance) => {
		handler ??= load();
		(await handler)(request, response, {
			caller: entrance.caller,
			call: (session, around) => enter({ ...entrance, signal: around.signal }, session, around),
		});
	};
}

/** Who comes by the unix socket: nobody else can. */
function ownUser(session = "default"): Caller {
	return { client: userInfo().username, role: "admin", sessions: [session, "*"], quota: {}, daysLeft: null };
}

async function letIn(gate: Identity, connections: Connections, request: AnyRequest): Promise<Caller> {
	const caller = await gate.identify(request);
	connections.letIn(request, caller.client);
	return caller;
}

function once(act: () => void): () => void {
	let isDone = false;
	return () => {
		if (!isDone) act();
		isDone = true;
	};
}
