/** Compares places (machine, boot, pid namespace): a pid or a socket in a record is of use only in the place where it was written. */
import { readFileSync, readlinkSync } from "node:fs";
import { hostname, uptime } from "node:os";
import { isOver, startTicksIn, statFields } from "../../../platform/proc.ts";
import { isOnLocalDisk } from "./file-systems.ts";

/** A boot of a kernel, and a pid namespace in it; null if the system does not tell. */
export interface Place {
	/** machine-id(5), or the host's name if there is none. Machines that were cloned have the same. */
	readonly machine: string;
	/** The host's name, which may change. Absent in records of earlier versions. */
	readonly host?: string;
	readonly bootId: string | null;
	readonly pidNamespace: string | null;
}

/** One process. The start time tells it from a later process with the same pid. */
export interface ProcessIdentity {
	readonly pid: number;
	/** Field 22 of proc_pid_stat(5); null if the system does not tell. */
	readonly startTicks: string | null;
}

/** The content of a mark: the process that is starting a run. Marks of earlier versions lack the optional fields. */
interface Creator extends ProcessIdentity {
	/** When the mark was made, in seconds since boot. */
	readonly uptimeSeconds?: number;
	/** The same by the wall clock, in milliseconds since the epoch, for readers on other machines. */
	readonly madeAtMs?: number;
	/** Where the process is. In another place its pid means nothing. */
	readonly place?: Place;
}

/**
 * How the place of a record differs from that of this process. Only runs that are "here" may be inspected and signalled.
 * earlier-boot: whatever was running there has ended with that boot. other-namespace: another container on this kernel.
 */
export type Distance = "here" | "earlier-boot" | "other-machine" | "other-namespace";

/** A mark that is older than this is abandoned: a start takes three minutes at most. */
const MARK_SECONDS = 300;

/** Some systems tell their uptime in whole seconds, so that a later reading may be smaller by this. */
const TICK_SECONDS = 1;

let cached: Place | undefined;

/** The place of this process. */
export function here(): Place {
	cached ??= {
		machine: machineId("/etc/machine-id") ?? machineId("/var/lib/dbus/machine-id") ?? hostname(),
		host: hostname(),
		bootId: firstLine("/proc/sys/kernel/random/boot_id") ?? null,
		pidNamespace: pidNamespace(),
	};
	return cached;
}

export function distance(there: Place, place: Place = here()): Distance {
	const isSameMachine = there.machine === place.machine;
	if (there.bootId === null || place.bootId === null) return isSameMachine ? "here" : "other-machine";
	// Containers on one kernel may have different names and no machine-id. They have the kernel's boot id.
	if (there.bootId === place.bootId) return there.pidNamespace === place.pidNamespace ? "here" : "other-namespace";
	// The same machine-id is not enough: images of machines and the nodes of some clusters share one.
	return isSameMachine && (there.host ?? place.host) === place.host ? "earlier-boot" : "other-machine";
}

/**
 * How the place of a run differs from that of this process. On a local disk more is certain than by `distance`: no other
 * machine can have it mounted at the same time. So if this kernel was booted after the run was made, the kernel of the run is
 * gone, whatever the machine was called then. The boot id alone does not prove that: some containers have one of their own.
 *
 * @param folder of the run
 */
export function distanceOf({
	run,
	folder,
}: {
	readonly run: { readonly place: Place; readonly createdAtMs: number };
	readonly folder: string;
}): Distance {
	const away = distance(run.place);
	const bootedAtMs = Date.now() - uptimeSeconds() * 1000;
	return away === "other-machine" && bootedAtMs > run.createdAtMs && isOnLocalDisk(folder) ? "earlier-boot" : away;
}

/** Seconds since boot: unlike the time of day this clock is never set back. */
export function uptimeSeconds(): number {
	return uptime();
}

/** This process. The kernel adds up all its threads for each answer, so it is asked once. */
function self(): ProcessIdentity {
	own ??= { pid: process.pid, startTicks: startTicksIn(statFields(process.pid)) ?? null };
	return own;
}

let own: ProcessIdentity | undefined;

/** Whether this process still lives; a zombie does not. Without start times, also true if another process has its pid by now. */
function isAlive(identity: ProcessIdentity): boolean {
	if (identity.pid === self().pid && identity.startTicks === self().startTicks) return true;
	if (identity.startTicks !== null) {
		const fields = statFields(identity.pid);
		return fields !== undefined && !isOver(fields) && startTicksIn(fields) === identity.startTicks;
	}
	try {
		process.kill(identity.pid, 0);
		return true;
	} catch (error) {
		return error instanceof Error && "code" in error && error.code === "EPERM";
	}
}

/** The content of a job's active mark, or a run's `starting`, while this process is starting it. */
export function creatorMark(): string {
	const creator: Creator = { ...self(), uptimeSeconds: uptimeSeconds(), madeAtMs: Date.now(), place: here() };
	return `${JSON.stringify(creator)}\n`;
}

/**
 * Whether the process that an active mark or a `starting` names is still starting the run: it lives, and the mark is no
 * older than MARK_SECONDS. Of a process on another machine or in another container only the age of the mark is known.
 *
 * @param text the content; undefined if there is no such file
 */
export function isCreatorAlive(text: string | undefined): boolean {
	try {
		if (text === undefined) return false;
		const creator = JSON.parse(text) as Creator;
		const { place = here(), madeAtMs = Number.NEGATIVE_INFINITY } = creator;
		switch (distance(place)) {
			case "here":
				return isRecent(creator.uptimeSeconds) && isAlive(creator);
			case "earlier-boot":
				return false;
			case "other-machine":
			case "other-namespace":
				// The clock of the other machine may be ahead of ours.
				return Math.abs(Date.now() - madeAtMs) < MARK_SECONDS * 1000;
		}
	} catch {
		return false;
	}
}

/** True also for marks of earlier versions, which do not say when they were made. */
function isRecent(madeAtSeconds: number | undefined): boolean {
	if (madeAtSeconds === undefined) return true;
	const ageSeconds = uptimeSeconds() - madeAtSeconds;
	// A negative age means that the mark was made before a reboot.
	return ageSeconds > -TICK_SECONDS && ageSeconds < MARK_SECONDS;
}

function pidNamespace(): string | null {
	try {
		return readlinkSync("/proc/self/ns/pid");
	} catch {
		return null;
	}
}

/** Undefined for a file with another text, such as "uninitialized" in an image that was never booted. */
function machineId(path: string): string | undefined {
	const id = firstLine(path);
	return id !== undefined && /^[0-9a-f]{32}$/.test(id) ? id : undefined;
}

function firstLine(path: string): string | undefined {
	try {
		return readFileSync(path, "utf8").split("\n", 1)[0] || undefined;
	} catch {
		return undefined;
	}
}
