/** Runs jobs as units of the user's systemd manager, or for root of the system's. Needs systemd 240 or later. */
import type { Detection, Platform, PlatformContext, PlatformModule } from "../contract.ts";
import { ChoreError } from "../errors.ts";
import { findBus, findSystemBus, pathsOfBus, pathsOfSystemBus } from "./address.ts";
import { isOnHost } from "./namespaces.ts";
import { SYSTEM, USER } from "./scope.ts";

/** Whether the sockets of a user manager and its bus exist. Connects to nothing. */
export function detect(): Detection {
	const userId = process.geteuid?.();
	if (userId === undefined) return { available: false, reason: "this system has no systemd", paths: [] };
	const bus = findBus(process.env, userId);
	const paths = pathsOfBus(process.env, userId);
	if ("reason" in bus) return { available: false, reason: bus.reason, paths };
	if (!isOnHost()) return { available: true, reason: "this user has a systemd manager and a message bus", paths };
	return { available: true, elsewhere: true, reason: "the systemd manager is outside of this container, and so would jobs be", paths };
}

/** Opens the platform. It connects with the first request, which throws PLATFORM_UNAVAILABLE when the manager does not answer. */
export async function open(context: PlatformContext): Promise<Platform> {
	const userId = process.geteuid?.() ?? -1;
	const bus = findBus(process.env, userId);
	if ("reason" in bus) throw unavailable(bus.reason);
	// Loaded only here: it is large because of the message bus, and `detect` does not need it.
	const { SystemdPlatform } = await import("./platform.ts");
	return new SystemdPlatform(bus.socketPath, { userId, scope: USER }, context);
}

/** The platform on the system's manager, for root only. Its jobs outlive every login session. */
export const system: PlatformModule = {
	detect() {
		const bus = findSystemBus(process.geteuid?.());
		const paths = pathsOfSystemBus();
		return "reason" in bus
			? { available: false, reason: bus.reason, paths }
			: { available: true, reason: "root may use the system's own manager", paths };
	},
	async open(context) {
		const userId = process.geteuid?.() ?? -1;
		const bus = findSystemBus(userId);
		if ("reason" in bus) throw unavailable(bus.reason);
		const { SystemdPlatform } = await import("./platform.ts");
		return new SystemdPlatform(bus.socketPath, { userId, scope: SYSTEM }, context);
	},
};

function unavailable(reason: string): ChoreError {
	return new ChoreError("PLATFORM_UNAVAILABLE", reason, { hint: "`chore doctor` shows what works here" });
}
