/** The platforms in the order of preference: the first that is available is used. One line each, loaded when needed. */
import type { PlatformModule } from "./contract.ts";

export type Registry = readonly (readonly [name: string, load: () => Promise<PlatformModule>])[];

export const registry: Registry = [
	["systemd", () => import("./systemd/index.ts")],
	["launchd", () => import("./launchd/index.ts")],
	["posix", () => import("./posix/index.ts")],
	["systemd-system", async () => (await import("./systemd/index.ts")).system],
];
