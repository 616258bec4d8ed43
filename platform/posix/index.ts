/** Runs jobs on any POSIX system, with nothing but its shell: the BSDs, containers, root by sudo, Alpine, WSL 1. */
import type { Detection, Platform, PlatformContext } from "../contract.ts";
import { leaderOfThisSystem } from "../shell/leader.ts";
import type { ProcessTable } from "../shell/processes.ts";
import { tableOfThisSystem } from "../shell/table.ts";
import { PosixPlatform } from "./platform.ts";

/** What tests replace. */
export interface PosixOptions {
	/** The words by which the shim and the start scripts are run. Each that is a path is absolute. */
	readonly shell?: readonly string[];
	readonly table?: ProcessTable;
	/** The words by which a job gets a process group of its own; empty: it has the shim's. */
	readonly leader?: string;
}

/** Available on every system that has process groups and FIFOs. */
export function detect(): Detection {
	return process.platform === "win32"
		? { available: false, reason: "Windows has no POSIX shell and no process groups", paths: [] }
		: { available: true, reason: "any system with a POSIX shell and process groups will do", paths: [] };
}

/** Opens the platform with /bin/sh as its shell. */
export function open(context: PlatformContext): Promise<Platform> {
	return openWith(context, {});
}

/** For tests: opens the platform with another shell, process table or leader. */
export async function openWith(context: PlatformContext, { shell = ["/bin/sh"], table, leader }: PosixOptions): Promise<Platform> {
	const install: PlatformContext["install"] = (name, text) => context.install(name, text);
	return new PosixPlatform(shell, table ?? tableOfThisSystem(), leader ?? leaderOfThisSystem(), install);
}
