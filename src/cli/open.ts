/** Opens the jobs that a command is for: those of a session here, or with --host those of a server. */
import type { RemoteJobs } from "../client/index.ts";
import { type Jobs, openChore } from "../index.ts";
import { UsageError } from "./failure.ts";
import { type CommonOptions, choreOptions } from "./settings.ts";

/** The host that a command is for, by name or URL; undefined for this machine. */
export function hostOf({ host }: CommonOptions): string | undefined {
	return host ?? (process.env["CHORE_HOST"] || undefined);
}

export async function openJobs(options: CommonOptions): Promise<Jobs & AsyncDisposable> {
	const host = hostOf(options);
	return host === undefined ? openChore(await choreOptions(options)) : openRemote(host, options);
}

/** @throws UsageError for what only this machine has */
export async function openRemote(host: string, options: CommonOptions): Promise<RemoteJobs> {
	const { platform, user, system } = options;
	const given = [platform !== undefined && "--platform", user && "--user", system && "--system"].find(Boolean);
	if (given) throw new UsageError(`${given} is not for another machine`, "the server there chooses the platform");
	const { connectTo } = await import("../client/index.ts");
	// Without the session of config.toml, which is about the jobs of this machine.
	return connectTo(host, { session: options.session ?? (process.env["CHORE_SESSION"] || undefined) });
}

/** @param what "chore listen", @param why a clause. @throws UsageError when the command is for another machine */
export function refuseHost(what: string, why: string, isAsked: boolean): void {
	if (isAsked) throw new UsageError(`${what} is not possible on another machine: ${why}`, "run it there, such as by ssh");
}

/** How a command line to the same jobs begins: "chore", or "chore --host build". */
export function selfOf({ host }: CommonOptions): string {
	return host === undefined ? "chore" : `chore --host ${host}`;
}
