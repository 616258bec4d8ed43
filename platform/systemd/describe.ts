/** What `chore doctor` tells of this platform. Pure. */
import type { Capabilities, Description } from "../contract.ts";
import { USER } from "./scope.ts";

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
	/** What the manager is called. */
	readonly manager: string;
	/** Null where that is of no consequence. */
	readonly lingers: boolean | null;
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
			...(found.lingers === null ? [] : [{ name: "lingering", value: lingering(found.lingers, found.hasLogind) }]),
			{ name: "shell", value: found.shell },
		],
		lacking: controllers === null ? withoutTree(found) : withoutControllers(found.manager, controllers),
	};
}

function lingering(isOn: boolean, hasLogind: boolean): string {
	if (isOn) return "on";
	return hasLogind ? "off" : "off; there is no logind to turn it on";
}

function withoutTree({ manager, cgroupMode }: Surroundings): Description["lacking"] {
	const why = `${manager} has no cgroup v2 tree: cgroups are mounted the ${cgroupMode} way`;
	return { memoryLimit: why, cpuLimit: why, taskLimit: why, accounting: why };
}

function withoutControllers(manager: string, controllers: ReadonlySet<string>): Description["lacking"] {
	const missing = Object.entries(CONTROLLERS).filter(([, controller]) => !controllers.has(controller)) as [keyof Capabilities, string][];
	return Object.fromEntries(
		missing.map(([capability, controller]) => [
			capability,
			manager === USER.manager
				? `the ${controller} controller is not delegated to the user manager (Delegate= of user@.service)`
				: `${manager} has no ${controller} controller in its cgroup v2 tree`,
		]),
	);
}
