/** Changes the triggers of a schedule one by one. Each change is a new revision of the schedule. */
import { ChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { type Job, shortId } from "../job.ts";
import { readTriggers } from "../prepare/schedule.ts";
import type { TriggerOptions } from "../prepare/spec.ts";
import type { Schedule, Trigger } from "../schedule/schedule.ts";
import { changeInPlace } from "./schedule.ts";

/** @see Chore.addTriggers in chore.ts */
export async function addTriggers(context: Context, id: string, options: TriggerOptions): Promise<Job> {
	return changeInPlace(context, id, ({ schedule, made }) => {
		const added = readTriggers(options, made);
		if (added.length === 0) throw new ChoreError("INVALID_ARGUMENT", "there is no trigger to add", { hint: SAY_WHEN });
		return { ...schedule, triggers: [...schedule.triggers, ...added] };
	});
}

/** @see Chore.changeTrigger in chore.ts */
export async function changeTrigger(context: Context, id: string, trigger: string, options: TriggerOptions): Promise<Job> {
	return changeInPlace(context, id, ({ schedule }, job) => {
		const [changed, ...others] = readTriggers(options, 0);
		if (changed === undefined || others.length > 0)
			throw new ChoreError("INVALID_ARGUMENT", "one trigger is changed into one", { hint: SAY_WHEN });
		return withTriggers(schedule, job, [trigger], ({ paused }) => ({ ...changed, id: trigger, ...(paused ? { paused } : {}) }));
	});
}

/** @see Chore.removeTriggers in chore.ts */
export async function removeTriggers(context: Context, id: string, triggers: readonly string[]): Promise<Job> {
	return changeInPlace(context, id, ({ schedule }, job) => {
		const left = withTriggers(schedule, job, triggers, () => undefined);
		if (left.triggers.length > 0) return left;
		throw new ChoreError("INVALID_ARGUMENT", `${job.name} (${shortId(id)}) would have no trigger left, and a schedule has one at least`, {
			hint: `\`chore trigger pause ${job.name}\` holds the schedule, \`chore rm ${job.name}\` ends it with its job`,
		});
	});
}

/** @see Chore.pauseTriggers in chore.ts */
export async function pauseTriggers(context: Context, id: string, triggers: readonly string[]): Promise<Job> {
	const hold = (trigger: Trigger): Trigger => ({ ...trigger, paused: true });
	return changeInPlace(context, id, ({ schedule }, job) => withTriggers(schedule, job, triggers, hold), {
		event: "paused",
		reason: reasonOf(triggers),
	});
}

/** @see Chore.resumeTriggers in chore.ts */
export async function resumeTriggers(context: Context, id: string, triggers: readonly string[]): Promise<Job> {
	const letGo = ({ paused, ...trigger }: Trigger): Trigger => trigger;
	return changeInPlace(context, id, ({ schedule }, job) => withTriggers(schedule, job, triggers, letGo), {
		event: "resumed",
		reason: reasonOf(triggers),
	});
}

const SAY_WHEN = "say when, with one of --on-calendar, --cron, --every, --at and --on-active";

function reasonOf(triggers: readonly string[]): string {
	return `${triggers.join(", ")} of its schedule`;
}

/**
 * The schedule with these of its triggers changed, or left out where nothing takes their place.
 * @throws ChoreError INVALID_ARGUMENT for one that it has not
 */
function withTriggers(schedule: Schedule, job: Job, ids: readonly string[], change: (trigger: Trigger) => Trigger | undefined): Schedule {
	const has = schedule.triggers.map(({ id }) => id);
	const wrong = ids.find((id) => !has.includes(id));
	if (wrong !== undefined || ids.length === 0) {
		throw new ChoreError(
			"INVALID_ARGUMENT",
			wrong === undefined
				? "no trigger is named"
				: `${job.name} (${shortId(job.id)}) has no trigger ${JSON.stringify(wrong.slice(0, 60).toWellFormed())}`,
			{ hint: `it has ${has.join(", ")}` },
		);
	}
	const triggers = schedule.triggers.flatMap((trigger) => (ids.includes(trigger.id) ? (change(trigger) ?? []) : trigger));
	return { ...schedule, triggers };
}
