/** Jobs under the user's systemd manager: Linux with systemd 240 or later. */
import type { Detection, Platform, PlatformContext } from "../contract.ts";
import { ChoreError } from "../errors.ts";
import { findBus, pathsOfBus } from "./address.ts";

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
	if ("reason" in bus) {
		throw new ChoreError("PLATFORM_UNAVAILABLE", bus.reason, { hint: "`chore doctor` shows what works here" });
	}
	// Loaded only here: most of it is the message bus, which whoever only asks whether it is there need not wait for.
	const { SystemdPlatform } = await import("./manager.ts");
	return new SystemdPlatform(bus.socketPath, userId, context);
}
