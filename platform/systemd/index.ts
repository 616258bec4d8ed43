/** Jobs under the user's systemd manager, or for root under that of the system: Linux with systemd 240 or later. */
import type { Detection, Platform, PlatformContext, PlatformModule } from "../contract.ts";
import { ChoreError } from "../errors.ts";
import { findBus, findSystemBus, pathsOfBus, pathsOfSystemBus } from "./address.ts";
import { SYSTEM, USER } from "./scope.ts";

/** Whether a user manager and its bus seem to be there. Connects to nothing. */
export function detect(): Detection {
	const userId = process.geteuid?.();
	if (userId === undefined) return { available: false, reason: "this system has no systemd", paths: [] };
	const bus = findBus(process.env, userId);
	const paths = pathsOfBus(process.env, userId);
	return "reason" in bus
		? { available: false, reason: bus.reason, paths }
		: { available: true, reason: "this user has a systemd manager and a message bus", paths };
}

/** Connects with the first request, which throws PLATFORM_UNAVAILABLE when nobody answers. */
export async function open(context: PlatformContext): Promise<Platform> {
	const userId = process.geteuid?.() ?? -1;
	const bus = findBus(process.env, userId);
	if ("reason" in bus) throw unavailable(bus.reason);
	// Loaded only here: most of it is the message bus, which whoever only asks whether it is there need not wait for.
	const { SystemdPlatform } = await import("./platform.ts");
	return new SystemdPlatform(bus.socketPath, { userId, scope: USER }, context);
}

/** The system's own manager, which root alone may tell to start jobs. They outlive every session. */
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
