/**
 * The jobs of another machine: everything that `Chore` can do with jobs, by a connection to `chore serve`.
 *
 * @example
 * import { connect } from "chore-jobs/client";
 * const jobs = await connect("ssh://build.example"); // or https://build.example:8443, or unix:/run/user/1000/chore/api.sock
 * const job = await jobs.run({ command: ["make", "test"], directory: "/srv/project" });
 * const end = await jobs.wait(job.id); // also across a restart of the server
 * await jobs.close(); // or `await using` above
 *
 * @packageDocumentation
 */
import { isUrl, readAddress } from "./address.ts";
import { Connection } from "./connection.ts";
import type { Credentials } from "./dial.ts";
import { openHostFiles } from "./hosts.ts";
import { RemoteJobs } from "./remote-jobs.ts";
import { Requests } from "./requests.ts";

export interface ConnectOptions extends Credentials {
	/** The set of jobs to work with. Default: the one of this client. */
	readonly session?: string | undefined;
	/** The password of the user in the URL, for a server that takes one instead of a certificate. */
	readonly password?: string | undefined;
	/** How long a server that was there may be away before what can be repeated fails, in milliseconds. Default 30,000. */
	readonly patienceMs?: number | undefined;
}

const DEFAULT_PATIENCE_MS = 30_000;

/**
 * Connects to a server: `https://HOST:PORT` over TLS 1.3, `unix:/PATH`, or `ssh://USER@HOST`, which starts `chore serve --stdio`
 * there. The connection is made with the first request, and again when it was lost.
 *
 * @throws ChoreError INVALID_ARGUMENT for another URL. The methods of what is returned throw SERVER_UNREACHABLE, too
 */
export async function connect(url: string, options: ConnectOptions = {}): Promise<RemoteJobs> {
	const address = readAddress(url);
	const { session } = options;
	const [user, password] = address.kind === "tls" ? [address.user, options.password ?? address.password] : ["", ""];
	const headers = {
		...(session === undefined ? {} : { "chore-session": session }),
		...(password === "" ? {} : { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` }),
	};
	return new RemoteJobs(new Requests(new Connection(address, options), headers, options.patienceMs ?? DEFAULT_PATIENCE_MS));
}

/** Connects to a host that `chore host add` knows, to a URL, or by ssh to USER@HOST. @throws ChoreError INVALID_ARGUMENT for an unknown name */
export async function connectTo(host: string, options: ConnectOptions = {}): Promise<RemoteJobs> {
	if (isUrl(host)) return connect(host, options);
	// As systemctl -H and others write it.
	if (/^[^@/]+@[^@/]+$/.test(host)) return connect(`ssh://${host}`, options);
	const { url, ...credentials } = openHostFiles(host);
	return connect(url, { ...credentials, ...options });
}

export type { Info } from "../api/operations/messages.ts";
export type { Credentials } from "./dial.ts";
export { addHost, type Host, hostNames, listHosts, removeHost } from "./hosts.ts";
export type { RemoteJobs } from "./remote-jobs.ts";
