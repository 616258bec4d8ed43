/** What `chore doctor` tells of this platform. Pure. */
import type { Capabilities, Description } from "../contract.ts";

/** What was found. */
export interface Surroundings {
	/** As the manager tells it: "252.22-1~deb12u1". */
	readonly version: string;
	/** The manager's own. */
	readonly controlGroup: string;
	/** How the kernel's hierarchies are mounted: "unified", "hybrid", "legacy". */
	readonly cgroupMode: string;
	/** Null without a cgroup v2 tree. */
	readonly controllers: ReadonlySet<string> | null;
	readonly lingers: boolean;
	readonly hasLogind: boolean;
	/** What /bin/sh is: "/usr/bin/dash". */
	readonly shell: string;
}

/** The capabilities that hang on a resource controller. */
const CONTROLLERS = { memoryLimit: "memory", cpuLimit: "cpu", taskLimit: "pids" } as const;

export function description(found: Surroundings): Description {
	const { controllers } = found;
	return {
		facts: [
			{ name: "systemd", value: found.version },
			{ name: "cgroup", value: `${found.controlGroup} (${found.cgroupMode})` },
			{ name: "controllers", value: [...(controllers ?? [])].join(" ") || "none" },
			{ name: "lingering", value: found.lingers ? "on" : found.hasLogind ? "off" : "off; there is no logind to turn it on" },
			{ name: "shell", value: found.shell },
		],
		lacking: controllers === null ? withoutTree(found.cgroupMode) : withoutControllers(controllers),
	};
}

function withoutTree(mode: string): Description["lacking"] {
	const why = `the user manager has no cgroup v2 tree: cgroups are mounted the ${mode} way`;
	return { memoryLimit: why, cpuLimit: why, taskLimit: why, accounting: why };
}

function withoutControllers(controllers: ReadonlySet<string>): Description["lacking"] {
	const missing = Object.entries(CONTROLLERS).filter(([, controller]) => !controllers.has(controller)) as [keyof Capabilities, string][];
	return Object.fromEntries(
		missing.map(([capability, controller]) => [
			capability,
			`the ${controller} controller is not delegated to the user manager (Delegate= of user@.service)`,
		]),
	);
}
