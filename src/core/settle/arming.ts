/**
 * Has the platform wake the job of a schedule. A mark with the process that does so is there meanwhile: where that died in the
 * middle, whoever looks at the job next arms it again, which does no harm if it was done already.
 */
import type { Platform, Wake } from "../../../platform/contract.ts";
import { ChoreError, isChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { readText, removeQuietly, replaceFile } from "../disk/files.ts";
import { creatorMark, isCreatorAlive } from "../disk/place.ts";
import { jobFolder, type Session, scheduleFolder } from "../disk/session.ts";
import { wakingOf } from "../schedule/schedule.ts";
import type { ScheduleRecord } from "./scheduled.ts";

/**
 * Notes that this process is about to arm the schedule of a job. Before anything that counts on it.
 * @param folder of the schedule, which may lie aside still
 */
export function beginArming(folder: string): void {
	replaceFile(armingFile(folder), creatorMark());
}

/** Where the platform wakes the job. @throws ChoreError of the platform; the note stays then */
export async function arm(session: Session, platform: Platform, id: string, record: ScheduleRecord): Promise<void> {
	if (record.handle !== null) await schedulesOf(platform).arm(wakeOf(session, id, record), record.handle);
	endArming(session, id);
}

/** Notes that nothing is left to be armed. */
export function endArming(session: Session, id: string): void {
	removeQuietly(armingFile(scheduleFolder(session, id)));
}

/** Whether a schedule is armed, is being armed by a process at work, or was to be armed by one that is gone. */
export function armingOf(session: Session, id: string): "done" | "under way" | "interrupted" {
	const mark = readText(armingFile(scheduleFolder(session, id)));
	return mark === undefined ? "done" : isCreatorAlive(mark) ? "under way" : "interrupted";
}

/** Arms a schedule whose arming was interrupted. If the platform refuses, the next look tries again. */
export async function finishArming({ session, platforms }: Context, id: string, record: ScheduleRecord): Promise<void> {
	if (armingOf(session, id) !== "interrupted") return;
	try {
		beginArming(scheduleFolder(session, id));
		if (record.handle === null) endArming(session, id);
		else await arm(session, await platforms.get(record.handle.platform), id, record);
	} catch (error) {
		if (!isChoreError(error)) throw error;
	}
}

/** What the platform is told of a schedule. */
export function wakeOf(
	session: Session,
	id: string,
	{ revision, schedule, wake }: Pick<ScheduleRecord, "revision" | "schedule" | "wake">,
): Wake {
	const { calendar, occasions } = wakingOf(schedule);
	const { missed, jitterMs } = schedule;
	return { ...wake, jobId: id, jobFolder: jobFolder(session, id), revision, calendar, occasions, catchesUp: missed === "once", jitterMs };
}

export function schedulesOf(platform: Platform): NonNullable<Platform["schedules"]> {
	if (platform.schedules !== undefined) return platform.schedules;
	throw new ChoreError("OPTION_UNSUPPORTED", `the platform ${platform.name} cannot wake jobs`, {
		hint: "`chore doctor` shows what each platform can do, and why",
	});
}

function armingFile(folder: string): string {
	return `${folder}/arming`;
}
