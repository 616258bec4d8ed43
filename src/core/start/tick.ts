/** Runs what is due of the schedules that nothing else wakes: in the place of the platform, by the same program. */
import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import type { Context } from "../context.ts";
import { readText } from "../disk/files.ts";
import { installProgram } from "../disk/programs.ts";
import { jobFolder, type Session, scheduledIds, scheduleFolder } from "../disk/session.ts";
import { isUnreadable, latestRun } from "../disk/store.ts";
import type { Job } from "../job.ts";
import { lateAt, type Times } from "../schedule/schedule.ts";
import { isPaused, pendingMs, readSchedule } from "../settle/scheduled.ts";
import { examine } from "../settle/settle.ts";
import { FIRE_TEXT } from "./fire.ts";

/** Which jobs `Chore.tick` runs. */
export interface TickOptions {
	/** Also the jobs that their platform should have woken, and has not for 90 seconds. */
	readonly all?: boolean | undefined;
}

/** So many are fired at once. */
const ABREAST = 8;

const LOOK_EVERY_MS = 5;

/** The fire program may have to wait for the platform. */
const DECIDING_MS = 60_000;

/** @see Chore.tick in chore.ts */
export async function tick(context: Context, { all = false }: TickOptions): Promise<readonly Job[]> {
	const { session } = context;
	const ids = scheduledIds(session);
	if (ids.length === 0) return [];
	const { nextTimes } = await import("../schedule/next-times.ts");
	const nowMs = Date.now();
	const due = ids.flatMap((id) => {
		const slotMs = dueSlot(session, id, nowMs, all, nextTimes);
		return slotMs === undefined ? [] : [{ id, slotMs }];
	});
	const fired: string[] = [];
	for (let first = 0; first < due.length; first += ABREAST) {
		const some = due.slice(first, first + ABREAST);
		const have = await Promise.all(some.map(({ id, slotMs }) => hasFired(session, id, slotMs)));
		fired.push(...some.filter((_, index) => have[index]).map(({ id }) => id));
	}
	return examine(context, fired);
}

/** The moment for which a job is to be run now. */
function dueSlot(session: Session, id: string, nowMs: number, all: boolean, times: Times): number | undefined {
	const record = readSchedule(session, id);
	if (record === undefined || isUnreadable(record) || isPaused(session, id)) return undefined;
	const { schedule, handle } = record;
	if (handle !== null && !all) return undefined;
	const slotMs = pendingMs(session, id, record, nowMs, times);
	const byMs = handle === null ? nowMs : lateAt(schedule, nowMs);
	return slotMs !== undefined && slotMs <= byMs ? slotMs : undefined;
}

/** Fires in a process session of its own. @returns whether that made a run; of several ticks at once, only to the one that did */
async function hasFired(session: Session, id: string, slotMs: number): Promise<boolean> {
	const before = latestRun(session, id);
	const program = installProgram(session.root, "fire", FIRE_TEXT);
	const words = [program, jobFolder(session, id), String(Math.floor(slotMs / 1000))];
	const child = spawn("/bin/sh", words, { cwd: "/", detached: true, stdio: "ignore", env: firingEnvironment() });
	const hasDecided = (): boolean => lastProcess(session, id) === child.pid;
	const ended = hasEnded(child);
	// It may become the shell that watches over the run, and then does not end before it.
	for (const deadlineMs = performance.now() + DECIDING_MS; performance.now() < deadlineMs; ) {
		if (hasDecided() || (await Promise.race([ended, delay(LOOK_EVERY_MS, false)]))) break;
	}
	child.unref();
	return hasDecided() && latestRun(session, id) > before;
}

function hasEnded(child: ChildProcess): Promise<true> {
	return new Promise((resolve) => child.once("exit", () => resolve(true)).once("error", () => resolve(true)));
}

/** The process that has written down the last firing. */
function lastProcess(session: Session, id: string): number {
	return Number(/^[0-9]+ ([0-9]+)\n/.exec(readText(`${scheduleFolder(session, id)}/last`) ?? "")?.[1]);
}

/** As cron and systemd run it. The platform's own programs may need the folder of the user's sockets. */
function firingEnvironment(): NodeJS.ProcessEnv {
	const { PATH = "", XDG_RUNTIME_DIR } = process.env;
	return { PATH: `/usr/bin:/bin:/usr/sbin:/sbin:${PATH}`, LC_ALL: "C", ...(XDG_RUNTIME_DIR !== undefined && { XDG_RUNTIME_DIR }) };
}
