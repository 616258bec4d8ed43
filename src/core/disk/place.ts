/** Where this process is: a pid, a socket or a boot means something only in the same place. */
import { readFileSync, readlinkSync } from "node:fs";
import { hostname, uptime } from "node:os";

/** Two places are the same when all three parts are; null where the system does not tell. */
export interface Place {
	/** machine-id(5), or the host's name where there is none. */
	readonly machine: string;
	readonly bootId: string | null;
	readonly pidNamespace: string | null;
}

/** One process, safe against a recycled pid where the system tells when a process began. */
export interface ProcessIdentity {
	readonly pid: number;
	/** Field 22 of proc_pid_stat(5), or null. */
	readonly startTicks: string | null;
}

/** A process that is at work on a start, as its mark names it. */
interface Creator extends ProcessIdentity {
	/** When the mark was made, in seconds since boot; marks of earlier versions do not tell. */
	readonly uptimeSeconds?: number;
}

/** How a place relates to here: what may be asked and signalled follows from it. */
export type Distance = "here" | "earlier-boot" | "other-machine" | "other-namespace";

/** How long a mark means anything. */
const MARK_SECONDS = 300;

/** Some systems tell their uptime in whole seconds: two looks at it may be rounded apart. */
const TICK_SECONDS = 1;

let cached: Place | undefined;

/** The place of this process. */
export function here(): Place {
	cached ??= {
		machine: firstLine("/etc/machine-id") ?? firstLine("/var/lib/dbus/machine-id") ?? hostname(),
		bootId: firstLine("/proc/sys/kernel/random/boot_id") ?? null,
		pidNamespace: pidNamespace(),
	};
	return cached;
}

export function distance(there: Place, place: Place = here()): Distance {
	if (there.machine !== place.machine) return "other-machine";
	if (there.bootId !== place.bootId) return there.bootId === null || place.bootId === null ? "here" : "earlier-boot";
	if (there.pidNamespace !== place.pidNamespace) return "other-namespace";
	return "here";
}

/** Seconds since boot: a clock that nobody sets back. */
export function uptimeSeconds(): number {
	return uptime();
}

/** This process, as a later one can recognise it. */
function self(): ProcessIdentity {
	return { pid: process.pid, startTicks: startTicks(process.pid) };
}

/** Whether that very process still lives. Errs on the side of "yes" where the system tells no start times. */
function isAlive(identity: ProcessIdentity): boolean {
	if (identity.startTicks !== null) return startTicks(identity.pid) === identity.startTicks;
	try {
		process.kill(identity.pid, 0);
		return true;
	} catch (error) {
		return error instanceof Error && "code" in error && error.code === "EPERM";
	}
}

/** What a mark says, or the `starting` of a run, while this process is at work on a start. */
export function creatorMark(): string {
	const creator: Creator = { ...self(), uptimeSeconds: uptimeSeconds() };
	return `${JSON.stringify(creator)}\n`;
}

/**
 * Whether the process still lives that a mark, or the `starting` of a run, names: then it is at work on that. A start takes
 * less than a second, and three minutes where nobody answers: whoever made the mark earlier has left it behind.
 */
export function isCreatorAlive(text: string | undefined): boolean {
	try {
		if (text === undefined) return false;
		const creator = JSON.parse(text) as Creator;
		return isRecent(creator.uptimeSeconds) && isAlive(creator);
	} catch {
		return false;
	}
}

/** Of a mark that says when it was made; those of earlier versions do not. */
function isRecent(madeAtSeconds: number | undefined): boolean {
	if (madeAtSeconds === undefined) return true;
	const ageSeconds = uptimeSeconds() - madeAtSeconds;
	// Made later than now: before the machine was started again.
	return ageSeconds > -TICK_SECONDS && ageSeconds < MARK_SECONDS;
}

function startTicks(pid: number): string | null {
	const stat = firstLine(`/proc/${pid}/stat`);
	// The name in parentheses may hold blanks and parentheses: fields are counted after the last one, state is the third.
	return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
}

function pidNamespace(): string | null {
	try {
		return readlinkSync("/proc/self/ns/pid");
	} catch {
		return null;
	}
}

function firstLine(path: string): string | undefined {
	try {
		return readFileSync(path, "utf8").split("\n", 1)[0] || undefined;
	} catch {
		return undefined;
	}
}
