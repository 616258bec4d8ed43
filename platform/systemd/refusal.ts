/** Turns systemd's errors about the properties of a run into messages that name the properties. Pure. */
import { ChoreError } from "../errors.ts";
import { split } from "./properties.ts";
import { busErrorName } from "./wire.ts";

/** The D-Bus errors by which the manager refuses a property or its value. */
const REFUSALS = [
	"org.freedesktop.DBus.Error.PropertyReadOnly",
	"org.freedesktop.DBus.Error.UnknownProperty",
	"org.freedesktop.DBus.Error.InvalidArgs",
	"org.freedesktop.DBus.Error.NotSupported",
	"org.freedesktop.systemd1.NoSuchUnit",
];

/** By exit code: the step of setting up a process that failed (systemd.exec(5)), and the properties that may be the cause. */
const STEPS: ReadonlyMap<number, readonly [step: string, properties: RegExp]> = new Map([
	[201, ["NICE", /^Nice$/]],
	[203, ["EXEC", /./]],
	[205, ["LIMITS", /^Limit/]],
	[206, ["OOM_ADJUST", /^OOMScoreAdjust$/]],
	[211, ["IOPRIO", /^IOScheduling/]],
	[214, ["SETSCHEDULER", /^CPUScheduling/]],
	[215, ["CPUAFFINITY", /^CPUAffinity$/]],
	[217, ["USER", /^(Private|Protect|ReadOnly|ReadWrite|Inaccessible)/]],
	[218, ["CAPABILITIES", /^(Private|Protect|ReadOnly|ReadWrite|Inaccessible)/]],
	[219, ["CGROUP", /^Delegate$/]],
	[225, ["NETWORK", /^PrivateNetwork$/]],
	[226, ["NAMESPACE", /^(Private|Protect|ReadOnly|ReadWrite|Inaccessible)/]],
	[227, ["NO_NEW_PRIVILEGES", /^NoNewPrivileges$/]],
	[228, ["SECCOMP", /^(LockPersonality|MemoryDeny|Restrict|Protect)/]],
]);

/** The error for a unit that the manager refused. Returns `error` itself when properties are not the cause. */
export function refusedProperty(error: unknown, words: readonly string[]): unknown {
	if (words.length === 0 || !REFUSALS.includes(busErrorName(error) ?? "")) return error;
	const message = (error as Error).message;
	const named = words.filter((word) => message.includes(split(word)[0]));
	return new ChoreError("INVALID_ARGUMENT", `${(named.length > 0 ? named : words).join(", ")}: ${message}`, {
		hint: "this systemd does not take it; leave it out",
		cause: error,
		refused: true,
	});
}

/** Which of these properties the manager refused or does not know, as an older one than those of today; undefined if none. */
export function refusedName(error: unknown, names: readonly string[]): string | undefined {
	if (!REFUSALS.includes(busErrorName(error) ?? "")) return undefined;
	return names.find((name) => (error as Error).message.includes(` ${name},`));
}

/** The message for a process that could not be set up; undefined when no property in `words` can be the cause. */
export function impossibleProperties(exitCode: number, words: readonly string[]): string | undefined {
	const [step, properties] = STEPS.get(exitCode) ?? [];
	const concerned = properties === undefined ? [] : words.filter((word) => properties.test(split(word)[0]));
	if (concerned.length === 0) return undefined;
	return `systemd cannot give a job ${concerned.join(", ")} here: it failed at ${step} (exit code ${exitCode})`;
}
