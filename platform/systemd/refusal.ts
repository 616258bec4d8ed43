/** What systemd says against the properties of a run, in words that name them. Pure. */
import { ChoreError } from "../errors.ts";
import { split } from "./properties.ts";
import { busErrorName } from "./wire.ts";

/** Error answers by which the manager refuses a property, or the value of one. */
const REFUSALS = [
	"org.freedesktop.DBus.Error.PropertyReadOnly",
	"org.freedesktop.DBus.Error.UnknownProperty",
	"org.freedesktop.DBus.Error.InvalidArgs",
	"org.freedesktop.DBus.Error.NotSupported",
	"org.freedesktop.systemd1.NoSuchUnit",
];

/** Steps of setting up a process, by the exit code that tells that one failed (systemd.exec(5)), and whose they are. */
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

/** The error for a unit that the manager did not accept, or the error itself where properties have nothing to do with it. */
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

/** What to say of a process that could not be set up as the properties say; undefined where they have nothing to do with it. */
export function impossibleProperties(exitCode: number, words: readonly string[]): string | undefined {
	const [step, properties] = STEPS.get(exitCode) ?? [];
	const concerned = properties === undefined ? [] : words.filter((word) => properties.test(split(word)[0]));
	if (concerned.length === 0) return undefined;
	return `systemd cannot give a job ${concerned.join(", ")} here: it failed at ${step} (exit code ${exitCode})`;
}
