/** The commands of the view of scheduled jobs. What they change they show at once, without waiting for an event. */
import * as vscode from "vscode";
import { isIdle, type Job } from "../../src/index.ts";
import type { JobList } from "../jobs/job-list.ts";
import { askWhen } from "../start/ask-when.ts";
import { literal, whenWords } from "../words.ts";

/** Asks when the job is to run from here on, what it has at hand, and has it so. */
export async function editSchedule(jobs: JobList, job: Job): Promise<void> {
	const { schedule } = await jobs.use(job, (chore) => chore.get(job.id));
	if (schedule === null) return;
	if (schedule.triggers.length !== 1) {
		const text = `${job.name} has several triggers, all of which must hold: chore trigger ls and set show and change them.`;
		void vscode.window.showInformationMessage(literal(text));
		return;
	}
	const { notBefore, notAfter } = schedule;
	const besides = {
		...(notBefore !== null && { notBefore: new Date(notBefore) }),
		...(notAfter !== null && { notAfter: new Date(notAfter) }),
	};
	const asked = await askWhen({ title: literal(`Edit Schedule of ${job.name}`), value: whenWords(schedule), besides });
	if (asked === undefined) return;
	await jobs.use(job, (chore) => chore.reschedule(job.id, asked));
	await jobs.look(job);
}

/** What is asked before jobs with schedules are removed, and the sentence below that. */
export function removalQuestion(chosen: readonly Job[]): readonly [question: string, detail: string] {
	const [first] = chosen;
	const question =
		chosen.length === 1 ? `Remove ${literal(first?.name ?? "")} and its schedule?` : `Remove ${chosen.length} jobs and their schedules?`;
	const [subject, whose] = chosen.length === 1 ? ["It", "its"] : ["They", "their"];
	const stopped = chosen.every(isIdle) ? "" : " What runs at present is stopped.";
	return [question, `${subject} will not run again, and the records and output of ${whose} runs so far are deleted.${stopped}`];
}
