/**
 * The properties that `-p Name=Value` takes; all others are refused. Each must work in a user manager, survive a
 * daemon-reload (systemd 252 writes some values in a form that it cannot read) and not hinder the hook.
 */
import {
	bandwidth,
	bytes,
	delegation,
	device,
	documentation,
	type Kind,
	limit,
	memory,
	niceLevel,
	number,
	numbered,
	oneOf,
	orInfinity,
	paths,
	processors,
	quota,
	seconds,
	signal,
	span,
	tasks,
	toBigInt,
	unitLimit,
	units,
	weight,
	yesOrNo,
} from "./property-kinds.ts";
import { readCount, readInteger, readTime } from "./values.ts";

export const TABLE: Readonly<Record<string, Kind>> = {
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
	CPUAffinity: processors({ isList: true }),
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
		read: (_, value) => (value === "control-group" ? { properties: [], limits: [] } : undefined),
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

/** The names of all properties that are taken. */
export const PROPERTY_NAMES: readonly string[] = Object.keys(TABLE);

/** The resource controller of the kernel without which a property would do nothing, or undefined. */
export function controllerOf(name: string): string | undefined {
	if (/^Memory(Max|High|Low|Min|SwapMax)$/.test(name)) return "memory";
	if (/^CPU(Weight|Quota|QuotaPeriodSec)$/.test(name)) return "cpu";
	if (/^IO(Weight|DeviceWeight|(Read|Write)(Bandwidth|IOPS)Max)$/.test(name)) return "io";
	return { AllowedCPUs: "cpuset", TasksMax: "pids" }[name];
}

/** The page of the manual that describes a property of the table. */
export function manualOf(name: string): string {
	if (controllerOf(name) !== undefined || name === "Delegate") return "systemd.resource-control(5)";
	if (name.endsWith("KillSignal") || name === "KillMode") return "systemd.kill(5)";
	if (name === "OOMPolicy") return "systemd.service(5)";
	return TABLE[name]?.takes === units().takes || name === "Documentation" ? "systemd.unit(5)" : "systemd.exec(5)";
}
