/** The platforms in order of preference: the first that is available is used. Each is loaded only when it is needed. */
import type { PlatformModule } from "./contract.ts";

export interface Registered {
	readonly name: string;
	/** Whose jobs it runs: those of the calling user, or those of the system, for which chore must run as root. */
	readonly scope: Scope;
	readonly load: () => Promise<PlatformModule>;
}

export type Scope = "user" | "system";

export type Registry = readonly Registered[];

export const registry: Registry = [
	{ name: "systemd", scope: "user", load: () => import("./systemd/index.ts") },
	{ name: "launchd", scope: "user", load: () => import("./launchd/index.ts") },
	{ name: "posix", scope: "user", load: () => import("./posix/index.ts") },
	{ name: "systemd-system", scope: "system", load: async () => (await import("./systemd/index.ts")).system },
];
