/** What the server bounds, and by how much: so that nobody who can reach it can use it up. Those that `KEYS` names can be set in config.toml. */
import { ChoreError } from "../index.ts";
import { readOwnFile } from "./identity/folder.ts";
import { parse, TomlError } from "./toml.ts";

export interface Limits {
	/** Connections of all doors together; of one client at the doors that ask who it is; of those who have not been let in there yet. */
	readonly connections: number;
	readonly connectionsOfClient: number;
	readonly connectionsNotLetIn: number;
	/** For the TLS handshake, in milliseconds as all that end so. */
	readonly handshakeMs: number;
	/** HTTP/1.1: for the headers, for the body of a request, between two requests; and how often the first is looked at. */
	readonly headerMs: number;
	readonly requestMs: number;
	readonly keepAliveMs: number;
	readonly checkMs: number;
	/** HTTP/2: until the first stream is there, for the body of a request, while no stream is open. Input for a job has as long for each piece. */
	readonly firstStreamMs: number;
	readonly bodyMs: number;
	readonly noStreamMs: number;
	/** How often the other end is asked whether it is there, and how long it may take to answer. */
	readonly pingMs: number;
	readonly pongMs: number;
	/** Requests at a time on a connection of HTTP/2. */
	readonly streams: number;
	readonly headerBytes: number;
	/** Answers that go on while something happens: of one client, and of all. */
	readonly followersOfClient: number;
	readonly followers: number;
	/** Of one client in the long run, and at once; requests that start a job count in both. */
	readonly requestsPerSecond: number;
	readonly requestsAtOnce: number;
	readonly startsPerSecond: number;
	readonly startsAtOnce: number;
	/** A server that was started by a socket ends after so long without a connection; Infinity for never. */
	readonly idleMs: number;
	/** How long the requests under way may take to end when the server is stopped. */
	readonly stopMs: number;
}

export const DEFAULT_LIMITS: Limits = {
	connections: 256,
	connectionsOfClient: 16,
	connectionsNotLetIn: 16,
	handshakeMs: 10_000,
	headerMs: 10_000,
	requestMs: 30_000,
	keepAliveMs: 15_000,
	checkMs: 2000,
	firstStreamMs: 10_000,
	bodyMs: 30_000,
	noStreamMs: 120_000,
	pingMs: 30_000,
	pongMs: 10_000,
	streams: 32,
	headerBytes: 16 * 1024,
	followersOfClient: 32,
	followers: 256,
	requestsPerSecond: 50,
	requestsAtOnce: 100,
	startsPerSecond: 10,
	startsAtOnce: 50,
	idleMs: 60_000,
	stopMs: 10_000,
};

/** The limits of config.toml, by their names there. */
const KEYS: Readonly<Record<string, keyof Limits>> = {
	connections: "connections",
	followers: "followers",
	requests_per_second: "requestsPerSecond",
	requests_at_once: "requestsAtOnce",
	starts_per_second: "startsPerSecond",
	starts_at_once: "startsAtOnce",
	idle_seconds: "idleMs",
};

/** The limits of a config.toml, which need not be there. @throws ChoreError CONFIG_INVALID */
export function configuredLimits(path: string): Limits {
	const source = readOwnFile(path);
	return source === undefined ? DEFAULT_LIMITS : readLimits(source, path);
}

/**
 * @param source the text of config.toml
 * @param path where it is, for messages
 * @throws ChoreError CONFIG_INVALID
 */
export function readLimits(source: string, path: string): Limits {
	let found: Readonly<Record<string, unknown>>;
	try {
		found = parse(source);
	} catch (error) {
		if (!(error instanceof TomlError)) throw error;
		throw invalid(`${path}:${error.line}: ${error.message.split("\n")[0]}`);
	}
	const set = Object.entries(found).map(([key, value]): [keyof Limits, number] => {
		const name = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
		if (name === undefined) throw invalid(`${path}: "${key}" is no setting of the server`);
		if (key === "idle_seconds" && value === 0) return [name, Number.POSITIVE_INFINITY];
		if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1)
			throw invalid(`${path}: ${key} must be a whole number of 1 or more${key === "idle_seconds" ? ", or 0 for never" : ""}`);
		return [name, name === "idleMs" ? value * 1000 : value];
	});
	return { ...DEFAULT_LIMITS, ...Object.fromEntries(set) };
}

function invalid(message: string): ChoreError {
	return new ChoreError("CONFIG_INVALID", message, { hint: `it may hold ${Object.keys(KEYS).join(", ")}` });
}
