/** What `chore doctor` shows about this platform. Pure. */
import type { Capabilities, Description } from "../contract.ts";
import { USER } from "./scope.ts";

/** What `description` puts into words. */
export interface Surroundings {
	/** The version of systemd, such as "252.22-1~deb12u1". */
	readonly version: string;
	/** The manager's own cgroup. */
	readonly controlGroup: string;
	/** How the kernel's hierarchies are mounted: "unified", "hybrid", "legacy". */
	readonly cgroupMode: string;
	/** Null without a cgroup v2 tree. */
	readonly controllers: ReadonlySet<string> | null;
	/** Scope.manager. */
	readonly manager: string;
	/** Null for the system's manager. */
	readonly lingers: boolean | null;
	readonly hasLogind: boolean;
	/** The program that /bin/sh is a link to: "/usr/bin/dash". */
	readonly shell: string;
}

/** The capabilities that need a cgroup controller. */
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
