/** Lists the jobs that a schedule runs. */
import type { Context } from "../context.ts";
import { scheduledIds } from "../disk/session.ts";
import { isUnreadable } from "../disk/store.ts";
import type { Job } from "../job.ts";
import { readScheduleOptions } from "../prepare/schedule.ts";
import type { ScheduleOptions } from "../prepare/spec.ts";
import { hasOccasions, nextSlot, type Schedule } from "../schedule/schedule.ts";
import { readSchedule } from "../settle/scheduled.ts";
import { examine } from "../settle/settle.ts";
import { rfc3339 } from "../settle/snapshot.ts";

/** @see Chore.schedules in chore.ts */
export async function schedules(context: Context): Promise<readonly Job[]> {
	const jobs = await examine(context, scheduledIds(context.session));
	const key = ({ schedule, id }: Job): string => `${schedule?.next ?? "~"} ${id}`;
	return jobs
		.filter(({ schedule, state }) => schedule !== null || state === "unknown")
		.sort((one, other) => (key(one) < key(other) ? -1 : 1));
}

/** @see Chore.upcoming in chore.ts */
export async function upcoming(context: Context, id: string, count: number): Promise<readonly string[]> {
	const record = readSchedule(context.session, id);
	if (record === undefined || isUnreadable(record)) return [];
	if (!hasOccasions(record.schedule, Date.now())) return moments(record.schedule, count);
	// Only the platform knows, and of the next one alone.
	const [job] = await examine(context, [id]);
	return job?.schedule?.next == null ? [] : [job.schedule.next].slice(0, count);
}

/**
 * The first moments at which a job with this schedule would be run, as RFC 3339: for one that is being thought of. Whether a platform
 * can keep it is said when a job gets it.
 *
 * @returns fewer than `count` if there are no more, none for a schedule that never fires
 * @throws ChoreError INVALID_ARGUMENT naming what is wrong
 */
export async function momentsOf(options: ScheduleOptions, count: number): Promise<readonly string[]> {
	return moments(readScheduleOptions(options), count);
}

async function moments(schedule: Schedule, count: number): Promise<readonly string[]> {
	const { nextTimes } = await import("../schedule/next-times.ts");
	const times: number[] = [];
	for (let slot = nextSlot(schedule, null, Date.now(), nextTimes); slot !== undefined && times.length < count; ) {
		times.push(slot);
		slot = nextSlot(schedule, slot, slot, nextTimes);
	}
	return times.map(rfc3339);
}
