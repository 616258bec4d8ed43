/**
 * What a job inherits from its caller wherever it is a descendant of it, and gets from the manager here: nice value, batch or
 * idle scheduling, processors, the limits for which sh(1) has no flag, and the preference of the kernel when memory is short.
 * As properties of a unit. The manager goes as far as its rights reach, and does not fail at a value beyond them.
 */
import { readFileSync } from "node:fs";
import { statFieldsIn } from "../proc.ts";
import { count, INFINITY, integer, type Property } from "./property.ts";
import type { Systemd } from "./requests.ts";
import { readProcessors } from "./values.ts";

/** What proc(5) tells of a process: the texts of its files. */
export interface ProcTexts {
	readonly stat: string;
	readonly limits: string;
	readonly oomScoreAdjust: string;
}

/** sched(7). Real-time policies are left out: a manager without the right to them would fail to start the job. */
const SCHED_BATCH = 3;
const SCHED_IDLE = 5;

/** The rows of /proc/PID/limits and the properties of a unit. */
const LIMITS: readonly (readonly [row: string, property: string])[] = [
	["Max pending signals", "LimitSIGPENDING"],
	["Max msgqueue size", "LimitMSGQUEUE"],
	["Max nice priority", "LimitNICE"],
	["Max realtime priority", "LimitRTPRIO"],
	["Max realtime timeout", "LimitRTTIME"],
];

/** The properties for a job of this process. */
export async function callersProperties(systemd: Systemd): Promise<readonly Property[]> {
	const properties = inheritedBy({ stat: own("stat"), limits: own("limits"), oomScoreAdjust: own("oom_score_adj") });
	const processors = processorsIn(own("status"));
	// Most callers may use all processors, and need not ask who the manager is.
	if (processors === read("/sys/devices/system/cpu/online")?.trim()) return properties;
	const managers = processorsIn(read(`/proc/${await systemd.managerPid()}/status`) ?? "");
	return [...properties, ...affinity(processors, managers)];
}

/** The properties that these texts tell; none where they do not. */
export function inheritedBy({ stat, limits, oomScoreAdjust }: ProcTexts): readonly Property[] {
	const fields = statFieldsIn(stat);
	// Fields 19 and 41; the first one here is 3.
	const [nice, policy] = [fields[19 - 3], fields[41 - 3]].map(Number);
	return [
		...(isWhole(nice) ? [integer("Nice", nice)] : []),
		...(policy === SCHED_BATCH || policy === SCHED_IDLE ? [integer("CPUSchedulingPolicy", policy)] : []),
		...(/^-?[0-9]+\n$/.test(oomScoreAdjust) ? [integer("OOMScoreAdjust", Number(oomScoreAdjust))] : []),
		...LIMITS.flatMap(([row, property]) => {
			const [, soft, hard] = new RegExp(`^${row} +([0-9]+|unlimited) +([0-9]+|unlimited)`, "m").exec(limits) ?? [];
			return soft && hard ? [count(property, bound(hard)), count(`${property}Soft`, bound(soft))] : [];
		}),
	];
}

/**
 * The processors of the caller, if they are some of the manager's: a unit of others would not start.
 *
 * @param processors of both, as in /proc/PID/status: "0-3,5"
 */
export function affinity(processors: string, managers: string): readonly Property[] {
	const [wanted, possible] = [readProcessors(processors), readProcessors(managers)];
	if (wanted === undefined || possible === undefined || wanted.equals(possible)) return [];
	if (wanted.some((byte, index) => (byte & ~(possible[index] ?? 0)) !== 0)) return [];
	return [{ name: "CPUAffinity", signature: "ay", value: wanted }];
}

function processorsIn(status: string): string {
	return /^Cpus_allowed_list:\t(.*)$/m.exec(status)?.[1] ?? "";
}

function bound(value: string): bigint {
	return value === "unlimited" ? INFINITY : BigInt(value);
}

function isWhole(number: number | undefined): number is number {
	return Number.isInteger(number);
}

function own(file: string): string {
	return read(`/proc/self/${file}`) ?? "";
}

function read(path: string): string | undefined {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return undefined;
	}
}
