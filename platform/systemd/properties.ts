/**
 * The properties that `-p Name=Value` takes, in systemd-run's spelling. Pure. One table: what is not in it is refused, and so
 * is what chore needs for itself, with the option to use instead. Only what works in a user manager, stays as it is over
 * daemon-reload (systemd 252 writes some values in a way that it does not read), and leaves the hook its work.
 */
import { ChoreError } from "../errors.ts";
import { closest } from "./closest.ts";
import { count, flag, INFINITY, integer, type Property, printable, text, texts } from "./property.ts";
import { readBoolean, readCount, readInteger, readPercent, readProcessors, readSignal, readSize, readTime, readWords } from "./values.ts";

/** What comes of properties. */
export interface Settings {
	/** For the manager. */
	readonly properties: readonly Property[];
	/** For the start script, three words each: the flag of ulimit, the soft and the hard limit in its units. */
	readonly limits: readonly string[];
}

interface Kind {
	/** As it follows "takes". */
	readonly takes: string;
	/** Undefined for a value that it does not take. */
	readonly read: (name: string, value: string) => Settings | undefined;
}

const CONTROLLERS = ["cpu", "cpuset", "io", "memory", "pids"];

const TABLE: Readonly<Record<string, Kind>> = {
	// systemd.resource-control(5)
	MemoryMax: memory(1n),
	MemoryHigh: memory(1n),
	MemoryLow: memory(0n),
	MemoryMin: memory(0n),
	MemorySwapMax: memory(0n),
	CPUWeight: weight({ idle: true }),
	CPUQuota: quota(),
	CPUQuotaPeriodSec: span("CPUQuotaPeriodUSec", 1000, 1_000_000),
	AllowedCPUs: processors(),
	TasksMax: tasks(),
	IOWeight: weight({ idle: false }),
	IODeviceWeight: device("a weight from 1 to 10000", (value) => toBigInt(readInteger(value, 1, 10_000))),
	IOReadBandwidthMax: device("bytes a second (5M), or infinity", orInfinity(bandwidth)),
	IOWriteBandwidthMax: device("bytes a second (5M), or infinity", orInfinity(bandwidth)),
	IOReadIOPSMax: device("operations a second (1K), or infinity", orInfinity(bandwidth)),
	IOWriteIOPSMax: device("operations a second (1K), or infinity", orInfinity(bandwidth)),
	Delegate: delegation(),

	// systemd.exec(5)
	Nice: number(-20, 19),
	OOMScoreAdjust: number(0, 1000),
	CPUSchedulingPolicy: numbered({ other: 0, batch: 3, idle: 5, fifo: 1, rr: 2 }),
	CPUSchedulingPriority: number(1, 99),
	CPUAffinity: processors(),
	IOSchedulingClass: numbered({ "best-effort": 2, idle: 3, realtime: 1 }),
	IOSchedulingPriority: number(0, 7),
	LimitCPU: limit("-t", 1n, "a time (90, 5min)", seconds),
	LimitFSIZE: limit("-f", 512n, "a size (500M)", bytes),
	LimitDATA: limit("-d", 1024n, "a size (500M)", bytes),
	LimitSTACK: limit("-s", 1024n, "a size (8M)", bytes),
	LimitCORE: limit("-c", 512n, "a size (500M)", bytes),
	LimitMEMLOCK: limit("-l", 1024n, "a size (64M)", bytes),
	LimitAS: limit("-v", 1024n, "a size (4G)", bytes),
	LimitNPROC: limit("-u", 1n, "a number", readCount),
	LimitNOFILE: limit("-n", 1n, "a number", readCount),
	LimitSIGPENDING: unitLimit("a number", readCount),
	LimitMSGQUEUE: unitLimit("a size (1M)", bytes),
	LimitRTPRIO: unitLimit("a number", readCount),
	LimitRTTIME: unitLimit("a time (500ms)", (value) => toBigInt(readTime(value, 1))),
	LimitNICE: unitLimit("a nice level with its sign (-5, +10)", niceLevel),
	NoNewPrivileges: yesOrNo(),
	LockPersonality: yesOrNo(),
	MemoryDenyWriteExecute: yesOrNo(),
	RestrictRealtime: yesOrNo(),
	RestrictSUIDSGID: yesOrNo(),
	PrivateUsers: yesOrNo(),
	PrivateTmp: yesOrNo(),
	PrivateDevices: yesOrNo(),
	PrivateNetwork: yesOrNo(),
	ProtectSystem: oneOf(["full", "strict"], { orBoolean: true }),
	ProtectHome: oneOf(["read-only", "tmpfs"], { orBoolean: true }),
	ProtectProc: oneOf(["default", "invisible", "ptraceable", "noaccess"]),
	ProtectClock: yesOrNo(),
	ProtectHostname: yesOrNo(),
	ProtectControlGroups: yesOrNo(),
	ProtectKernelLogs: yesOrNo(),
	ProtectKernelModules: yesOrNo(),
	ProtectKernelTunables: yesOrNo(),
	ReadOnlyPaths: paths(),
	ReadWritePaths: paths(),
	InaccessiblePaths: paths(),

	// systemd.kill(5), systemd.service(5)
	FinalKillSignal: signal(),
	KillMode: {
		takes: '"control-group" (a job is ended with all its processes)',
		read: (_, value) => (value === "control-group" ? NOTHING : undefined),
	},
	OOMPolicy: oneOf(["continue", "stop", "kill"]),

	// systemd.unit(5)
	After: units(),
	Before: units(),
	Wants: units(),
	Requires: units(),
	Requisite: units(),
	BindsTo: units(),
	PartOf: units(),
	Conflicts: units(),
	Documentation: documentation(),
};

/** What chore needs for itself, and what to use instead. */
const REFUSED: readonly (readonly [names: RegExp, instead: string])[] = [
	[/^Exec/, "the command of a job is what follows --"],
	[/^Type$/, "a job is always of the type exec"],
	[/^(CollectMode|RemainAfterExit)$/, "how a job ended can be asked after without its unit: chore status"],
	[/^StandardInput/, "use --stdin"],
	[/^Standard(Output|Error)/, "use --output"],
	[/^TTY/, "a job has no terminal; use --stdin and --output"],
	[/^(Restart(Sec|USec|Steps|MaxDelaySec|Mode)?|StartLimit.*)$/, "use --restart, --restart-delay and --restart-max"],
	[/^(SuccessExitStatus|Restart(Force|Prevent)ExitStatus)$/, "exit codes are told as they are; use --restart"],
	[/^(RuntimeMaxSec|RuntimeMaxUSec|RuntimeRandomizedExtraSec)$/, "use --timeout"],
	[/^Timeout(Stop|Abort)?(Sec|USec)$/, "use --grace"],
	[/^TimeoutStart/, "a job has started once its program runs; use --timeout to bound it"],
	[/^Watchdog/, "use --timeout"],
	[/^(KillSignal|RestartKillSignal)$/, "use --stop-signal"],
	[/^SendSIGHUP$/, "use --send-sighup"],
	[/^SendSIGKILL$/, "use --grace: a job that does not end by then is killed"],
	[/^Environment$/, "use -E"],
	[/^EnvironmentFile$/, "use --env-file"],
	[/^(PassEnvironment|UnsetEnvironment)$/, "a job has its caller's variables; use -E and --clean-env"],
	[/^WorkingDirectory$/, "use --working-directory"],
	[
		/^(Root.*|TemporaryFileSystem|Bind(ReadOnly)?Paths|MountImages|Extension.*|(No)?ExecPaths|ProcSubset)$/,
		"it could hide the folder that the job's output and end are written to",
	],
	[/^Description$/, "use --description"],
	[/^(User|Group|SupplementaryGroups|DynamicUser)$/, "a job runs as its caller; start it as that user"],
	[/^Slice$/, "use --slice"],
	[/^UMask$/, "a job has its caller's: (umask 027; chore run …)"],
	[/^(On(Failure|Success)|Success|Failure)(JobMode|Action)?$/, "use chore wait, and go by its exit status"],
	[/^(Condition|Assert)/, "test for it before the start: test -e FILE && chore run …"],
	[/^IPAddress|^IPIngress|^IPEgress|^SocketBind|^BPF/, "a user manager accepts it, and does nothing about it; use PrivateNetwork"],
	[
		/^SystemCall|^RestrictNamespaces|^RestrictAddressFamilies|^(CapabilityBoundingSet|AmbientCapabilities)$/,
		"it could keep the end of the job from being recorded",
	],
];

/** What sets the same as an option of chore's, where that is given. */
const TWICE: Readonly<Record<string, { readonly limit: "memoryBytes" | "cpus" | "tasks"; readonly option: string }>> = {
	MemoryMax: { limit: "memoryBytes", option: "--memory" },
	CPUQuota: { limit: "cpus", option: "--cpus" },
	TasksMax: { limit: "tasks", option: "--tasks" },
};

/** The names of all properties that are taken. */
export const PROPERTY_NAMES: readonly string[] = Object.keys(TABLE);

/**
 * Reads properties as they were given.
 *
 * @param words "Name=Value" each; of one name given twice the latter counts, but of lists both
 * @param limits of chore's own options
 * @throws ChoreError INVALID_ARGUMENT naming what is wrong, what is expected, and what to use instead
 */
export function readProperties(
	words: readonly string[],
	limits: { readonly memoryBytes: number | null; readonly cpus: number | null; readonly tasks: number | null },
): Settings {
	const all = words.map((word) => {
		const [name, value] = split(word);
		const twice = Object.hasOwn(TWICE, name) ? TWICE[name] : undefined;
		if (twice !== undefined && limits[twice.limit] !== null)
			throw invalid(`${name} and ${twice.option} set the same`, `leave one of them out`);
		return readOne(name, value);
	});
	return { properties: all.flatMap(({ properties }) => properties), limits: all.flatMap(({ limits }) => limits) };
}

/** Name and value of a property. @throws ChoreError INVALID_ARGUMENT */
export function split(word: string): readonly [name: string, value: string] {
	const at = word.indexOf("=");
	if (at < 1) throw invalid(`a property is NAME=VALUE, not ${quoted(word)}`, "such as -p MemoryHigh=500M");
	return [word.slice(0, at), word.slice(at + 1)];
}

/** The resource controller of the kernel without which a property would do nothing, or undefined. */
export function controllerOf(name: string): string | undefined {
	if (/^Memory(Max|High|Low|Min|SwapMax)$/.test(name)) return "memory";
	if (/^CPU(Weight|Quota|QuotaPeriodSec)$/.test(name)) return "cpu";
	if (/^IO(Weight|DeviceWeight|(Read|Write)(Bandwidth|IOPS)Max)$/.test(name)) return "io";
	return { AllowedCPUs: "cpuset", TasksMax: "pids" }[name];
}

function readOne(name: string, value: string): Settings {
	const kind = Object.hasOwn(TABLE, name) ? TABLE[name] : undefined;
	if (kind === undefined) return refuse(name);
	const settings = kind.read(name, value);
	if (settings === undefined) throw invalid(`${name} takes ${kind.takes}, not ${quoted(value)}`, `see ${manualOf(name)}`);
	return settings;
}

function refuse(name: string): never {
	const instead = REFUSED.find(([names]) => names.test(name))?.[1];
	if (instead !== undefined) throw invalid(`the property ${name} cannot be set for a job`, instead);
	const meant = closest(name, PROPERTY_NAMES);
	throw invalid(
		`${quoted(name)} is no property that chore takes`,
		meant === undefined ? "`chore doctor --json` lists those that it takes" : `did you mean ${meant}?`,
	);
}

function invalid(message: string, hint: string): ChoreError {
	return new ChoreError("INVALID_ARGUMENT", message, { hint });
}

function quoted(words: string): string {
	return `"${printable(words.length > 60 ? `${words.slice(0, 60)}…` : words)}"`;
}

function manualOf(name: string): string {
	if (controllerOf(name) !== undefined || name === "Delegate") return "systemd.resource-control(5)";
	if (name.endsWith("KillSignal") || name === "KillMode") return "systemd.kill(5)";
	if (name === "OOMPolicy") return "systemd.service(5)";
	return TABLE[name]?.takes === units().takes || name === "Documentation" ? "systemd.unit(5)" : "systemd.exec(5)";
}

const NOTHING: Settings = { properties: [], limits: [] };

function one(property: Property | undefined): Settings | undefined {
	return property && { properties: [property], limits: [] };
}

function yesOrNo(): Kind {
	return {
		takes: "yes or no",
		read: (name, value) => {
			const isSet = readBoolean(value);
			return isSet === undefined ? undefined : one(flag(name, isSet));
		},
	};
}

function oneOf(words: readonly string[], { orBoolean = false }: { readonly orBoolean?: boolean } = {}): Kind {
	return {
		takes: listed([...(orBoolean ? ["yes", "no"] : []), ...words]),
		read: (name, value) => {
			const isSet = orBoolean ? readBoolean(value) : undefined;
			const word = isSet === undefined ? value : isSet ? "yes" : "no";
			return isSet !== undefined || words.includes(value) ? one(text(name, word)) : undefined;
		},
	};
}

function numbered(numbers: Readonly<Record<string, number>>): Kind {
	return {
		takes: listed(Object.keys(numbers)),
		read: (name, value) => (Object.hasOwn(numbers, value) ? one(integer(name, numbers[value] ?? 0)) : undefined),
	};
}

function number(least: number, greatest: number): Kind {
	return {
		takes: `a whole number from ${least} to ${greatest}`,
		read: (name, value) => {
			const found = readInteger(value, least, greatest);
			return found === undefined ? undefined : one(integer(name, found));
		},
	};
}

function memory(least: bigint): Kind {
	return {
		takes: "a size (500M, 2G), a percentage of the memory there is (50%), or infinity",
		read: (name, value) => {
			const percent = readPercent(value);
			// As a share of the greatest number of 32 bits.
			if (percent !== undefined && percent <= 10_000 && percent > 0)
				return one({ name: `${name}Scale`, signature: "u", value: Math.floor((percent * (2 ** 32 - 1) + 5000) / 10_000) });
			const size = orInfinity(bytes)(value);
			return size !== undefined && size >= least ? one(count(name, size)) : undefined;
		},
	};
}

function weight({ idle }: { readonly idle: boolean }): Kind {
	return {
		takes: `a whole number from 1 to 10000${idle ? ", or idle" : ""}`,
		read: (name, value) => {
			const found = idle && value === "idle" ? 0 : readInteger(value, 1, 10_000);
			return found === undefined ? undefined : one(count(name, found));
		},
	};
}

/** Whole percents: systemd 252 writes no others into the unit's file. */
function quota(): Kind {
	return {
		takes: "whole percents of one processor's time (50%, 200%)",
		read: (_, value) => {
			const percent = readPercent(value);
			return percent === undefined || percent < 100 || percent % 100 !== 0 ? undefined : one(count("CPUQuotaPerSecUSec", percent * 100));
		},
	};
}

function span(property: string, leastUs: number, greatestUs: number): Kind {
	return {
		takes: `a time from ${leastUs / 1000} ms to ${greatestUs / 1000} ms (50ms)`,
		read: (_, value) => {
			const microseconds = readTime(value);
			return microseconds !== undefined && microseconds >= leastUs && microseconds <= greatestUs
				? one(count(property, microseconds))
				: undefined;
		},
	};
}

/** No percentages: systemd 252 writes a tenth of them into the unit's file. */
function tasks(): Kind {
	return {
		takes: "a whole number of processes and threads, 1 or more, or infinity",
		read: (name, value) => {
			const found = orInfinity(readCount)(value);
			return found !== undefined && found > 0n ? one(count(name, found)) : undefined;
		},
	};
}

function processors(): Kind {
	return {
		takes: "numbers and ranges of processors (0-3,5)",
		read: (name, value) => {
			const mask = readProcessors(value);
			return mask && one({ name, signature: "ay", value: mask });
		},
	};
}

function device(takes: string, read: (value: string) => bigint | undefined): Kind {
	return {
		takes: `a device or file and ${takes}, with a blank between them`,
		read: (name, value) => {
			const [, path = "", amount = ""] = /^(\/[^\s"'\\]*) +(\S+)$/.exec(value) ?? [];
			const found = path === "" ? undefined : read(amount);
			return found === undefined ? undefined : one({ name, signature: "a(st)", value: [[path, found]] });
		},
	};
}

function delegation(): Kind {
	return {
		takes: `yes, no, or some of ${CONTROLLERS.join(" ")}`,
		read: (name, value) => {
			const isSet = readBoolean(value);
			if (isSet !== undefined) return one(flag(name, isSet));
			const words = readWords(value);
			return words?.every((word) => CONTROLLERS.includes(word)) ? one(texts("DelegateControllers", words)) : undefined;
		},
	};
}

function signal(): Kind {
	return {
		takes: "a signal by name or number",
		read: (name, value) => {
			const found = readSignal(value);
			return found === undefined ? undefined : one(integer(name, found));
		},
	};
}

/** With systemd's flags: "-" for what may be missing, "+" for what is below the root of the unit. */
function paths(): Kind {
	return {
		takes: "absolute paths, with blanks between them",
		read: (name, value) => {
			const words = readWords(value);
			return words?.every((word) => /^-?\+?\//.test(word)) ? one(texts(name, words)) : undefined;
		},
	};
}

function units(): Kind {
	return {
		takes: "names of units with their suffix (x.service), with blanks between them",
		read: (name, value) => {
			const words = readWords(value);
			const isName = (word: string) =>
				/^[A-Za-z0-9:_.@-]{1,250}\.(service|socket|target|mount|automount|swap|path|timer|slice|scope|device)$/.test(word);
			return words?.every(isName) ? one(texts(name, words)) : undefined;
		},
	};
}

function documentation(): Kind {
	return {
		takes: "addresses that begin with https:, http:, file:, info: or man:, with blanks between them",
		read: (name, value) => {
			const words = readWords(value);
			return words?.every((word) => /^(https?:\/\/|file:\/|info:|man:)[^\s%]+$/.test(word)) ? one(texts(name, words)) : undefined;
		},
	};
}

/** For the job alone: the start script sets it, so that it does not bind the hook. */
function limit(flags: string, unit: bigint, takes: string, read: (value: string) => bigint | undefined): Kind {
	const spelt = (bound: bigint) => (bound === INFINITY ? "unlimited" : String(bound / unit));
	return {
		takes: takesLimit(takes),
		read: (_, value) => {
			const bounds = readLimit(value, read);
			return bounds && { properties: [], limits: [flags, spelt(bounds[0]), spelt(bounds[1])] };
		},
	};
}

/** What no shell can set, and nothing but a job minds. */
function unitLimit(takes: string, read: (value: string) => bigint | undefined): Kind {
	return {
		takes: takesLimit(takes),
		read: (name, value) => {
			const bounds = readLimit(value, read);
			return bounds && { properties: [count(name, bounds[1]), count(`${name}Soft`, bounds[0])], limits: [] };
		},
	};
}

function takesLimit(takes: string): string {
	return `${takes} or infinity, or two of them as SOFT:HARD`;
}

function readLimit(value: string, read: (value: string) => bigint | undefined): readonly [soft: bigint, hard: bigint] | undefined {
	const [first = "", second = first, ...more] = value.split(":");
	const [soft, hard] = [orInfinity(read)(first), orInfinity(read)(second)];
	return more.length === 0 && soft !== undefined && hard !== undefined && soft <= hard ? [soft, hard] : undefined;
}

function orInfinity(read: (value: string) => bigint | undefined): (value: string) => bigint | undefined {
	return (value) => (value === "infinity" ? INFINITY : read(value));
}

function bytes(value: string): bigint | undefined {
	return readSize(value, 1024);
}

function bandwidth(value: string): bigint | undefined {
	const amount = readSize(value, 1000);
	return amount !== undefined && amount > 0n ? amount : undefined;
}

function seconds(value: string): bigint | undefined {
	const microseconds = readTime(value);
	return microseconds === undefined ? undefined : BigInt(Math.ceil(microseconds / 1_000_000));
}

/** As the kernel counts: 20 less the nice level (setrlimit(2), RLIMIT_NICE). */
function niceLevel(value: string): bigint | undefined {
	const nice = /^[-+]/.test(value) ? readInteger(value, -20, 19) : undefined;
	return nice === undefined ? undefined : BigInt(20 - nice);
}

function toBigInt(value: number | undefined): bigint | undefined {
	return value === undefined ? undefined : BigInt(value);
}

function listed(words: readonly string[]): string {
	return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
