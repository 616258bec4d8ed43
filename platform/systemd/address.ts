/** Finds the message bus of the user or the system. Looks at files only; never connects. */
import { type Stats, statSync } from "node:fs";
import type { Fact } from "../contract.ts";

export type BusAddress = { readonly socketPath: string } | { readonly reason: string };

/**
 * The socket of the bus that the user's systemd manager is on, or why there is none.
 *
 * @param environment DBUS_SESSION_BUS_ADDRESS and XDG_RUNTIME_DIR are used; after su(1) or sudo(8) they may be another user's
 * @param userId the effective user; sockets and folders of other users are skipped
 */
export function findBus(environment: NodeJS.ProcessEnv, userId: number): BusAddress {
	const runtimeFolder = ownRuntimeFolder(environment["XDG_RUNTIME_DIR"], userId);
	const socketPath = busPaths(environment, runtimeFolder).find((path) => isOwnSocket(path, userId));
	if (socketPath === undefined) return { reason: `there is no message bus of this user (no socket ${runtimeFolder}/bus)` };
	if (!isOwnSocket(`${runtimeFolder}/systemd/private`, userId)) {
		return { reason: `no systemd user manager is running (no socket ${runtimeFolder}/systemd/private)` };
	}
	// dbus-next splits addresses at these characters.
	if (/[:;,=]/.test(socketPath))
		return { reason: `the address of the message bus, ${socketPath}, has a character that chore cannot pass on` };
	return { socketPath };
}

/** The paths that `findBus` looks at, for `chore doctor`. */
export function pathsOfBus(environment: NodeJS.ProcessEnv, userId: number): readonly Fact[] {
	const runtimeFolder = ownRuntimeFolder(environment["XDG_RUNTIME_DIR"], userId);
	return [
		{ name: "runtime", value: runtimeFolder },
		...busPaths(environment, runtimeFolder).map((path) => ({ name: "bus", value: path })),
		{ name: "manager", value: `${runtimeFolder}/systemd/private` },
	];
}

/** The folder that exists when the system was booted with systemd (sd_booted(3)). */
const BOOTED = "/run/systemd/system";
const SYSTEM_BUS = "/run/dbus/system_bus_socket";

/** The socket of the system's bus, or why the system's manager cannot be used. @param userId undefined on Windows */
export function findSystemBus(
	userId: number | undefined,
	places: { readonly booted: string; readonly bus: string } = { booted: BOOTED, bus: SYSTEM_BUS },
): BusAddress {
	if (userId === undefined) return { reason: "this system has no systemd" };
	if (userId !== 0) return { reason: "only root can have jobs of the system's own manager" };
	if (lookAt(places.booted)?.isDirectory() !== true)
		return { reason: `this system was not booted with systemd (no folder ${places.booted})` };
	if (!isOwnSocket(places.bus, 0)) return { reason: `there is no message bus of the system (no socket ${places.bus})` };
	return { socketPath: places.bus };
}

/** The paths that `findSystemBus` looks at, for `chore doctor`. */
export function pathsOfSystemBus(): readonly Fact[] {
	return [
		{ name: "booted", value: BOOTED },
		{ name: "bus", value: SYSTEM_BUS },
	];
}

/** The manager's own bus first: dbus-run-session(1) and dbus-launch(1) put the address of one without it into the environment. */
function busPaths(environment: NodeJS.ProcessEnv, runtimeFolder: string): readonly string[] {
	const given = pathInAddress(environment["DBUS_SESSION_BUS_ADDRESS"]);
	return [...new Set([`${runtimeFolder}/bus`, ...(given === undefined ? [] : [given])])];
}

function ownRuntimeFolder(folder: string | undefined, userId: number): string {
	return folder?.startsWith("/") && lookAt(folder)?.uid === userId ? folder : `/run/user/${userId}`;
}

/** The first path in a list of addresses (D-Bus specification, "Server Addresses"). */
function pathInAddress(addresses: string | undefined): string | undefined {
	const encoded = /(?:^|;)unix:(?:[^;]*,)?path=([^,;]+)/.exec(addresses ?? "")?.[1];
	try {
		return encoded === undefined ? undefined : decodeURIComponent(encoded);
	} catch {
		return undefined;
	}
}

function isOwnSocket(path: string, userId: number): boolean {
	const file = lookAt(path);
	return file?.isSocket() === true && file.uid === userId;
}

/** Undefined for a file that does not exist or cannot be looked at. */
function lookAt(path: string): Stats | undefined {
	try {
		return statSync(path);
	} catch {
		return undefined;
	}
}
