/** Runs jobs on any POSIX system, with nothing but its shell: the BSDs, containers, root by sudo, Alpine, WSL 1. */
import type { Detection, Platform, PlatformContext } from "../contract.ts";
import type { ProcessTable } from "../shell/processes.ts";
import { SHIM_TEXT } from "../shell/shim.ts";
import { tableOfThisSystem } from "../shell/table.ts";
import { PosixPlatform } from "./platform.ts";

/** What tests replace. */
export interface PosixOptions {
	/** The words by which the shim and the start scripts are run. Each that is a path is absolute. */
	readonly shell?: readonly string[];
	readonly table?: ProcessTable;
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

/** For tests: opens the platform with another shell or process table. */
export async function openWith(context: PlatformContext, { shell = ["/bin/sh"], table }: PosixOptions): Promise<Platform> {
	return new PosixPlatform(shell, table ?? tableOfThisSystem(), () => context.install("shim", SHIM_TEXT));
}
