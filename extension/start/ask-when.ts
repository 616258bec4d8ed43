/** Asks when a job is to run. What is typed is checked as it is typed, and its next moments are shown. */
import * as vscode from "vscode";
import { isChoreError, momentsOf, type ScheduleOptions } from "../../src/index.ts";
import { host } from "../settings.ts";
import { clock, literal } from "../words.ts";
import { readWhen } from "./when.ts";

/** The ways to say when: the words that the box begins with, and what is to be typed after them. */
const WAYS = [
	{ label: "Now", description: "once, at once" },
	{ label: "Every…", description: "again and again: every 10min", value: "every " },
	{ label: "At…", description: "once, then: at 23:30", value: "at " },
	{ label: "Calendar…", description: "Mon..Fri 9:00, as systemd has it, or 0 9 * * 1-5, as cron has it", value: "" },
] as const;

/** How many of the next moments are shown. */
const SHOWN = 3;

/** Asks for a way to say when, and then for the words. @returns undefined if the user gave up */
export async function askWay(title: string): Promise<ScheduleOptions | "now" | undefined> {
	const way = await vscode.window.showQuickPick(WAYS, { title, placeHolder: "When it is to run", ignoreFocusOut: true });
	if (way === undefined) return undefined;
	return "value" in way ? askWhen({ title, value: way.value }) : "now";
}

export interface AskedWhen {
	readonly title: string;
	/** What stands in the box at first. */
	readonly value: string;
	/** What the schedule has besides, which the next moments depend on. */
	readonly besides?: ScheduleOptions;
}

/** Asks for the words. @returns undefined if the user gave up or left them as they were */
export async function askWhen({ title, value, besides = {} }: AskedWhen): Promise<ScheduleOptions | undefined> {
	const line = await vscode.window.showInputBox({
		title,
		prompt: "every 10min · at 23:30 · Mon..Fri 9:00 · 0 9 * * 1-5",
		value,
		valueSelection: [value.length, value.length],
		ignoreFocusOut: true,
		validateInput: (typed) => (typed.trim() === value.trim() ? undefined : judge(typed, besides)),
	});
	return line === undefined || ["", value.trim()].includes(line.trim()) ? undefined : readWhen(line);
}

/** Says what is wrong with the words, or what they mean. */
async function judge(line: string, besides: ScheduleOptions): Promise<vscode.InputBoxValidationMessage | undefined> {
	if (line.trim() === "") return undefined;
	const severity = vscode.InputBoxValidationSeverity;
	try {
		const moments = await momentsOf({ ...besides, ...readWhen(line) }, SHOWN);
		if (moments.length === 0) return { message: "There is no such moment from now on.", severity: severity.Error };
		// A calendar means the clock of the machine that keeps it, which may be in another time zone.
		if (host() !== undefined) return undefined;
		const now = new Date();
		return { message: `Next: ${moments.map((moment) => clock(moment, now)).join(", ")}`, severity: severity.Info };
	} catch (error) {
		if (!isChoreError(error)) throw error;
		return { message: literal(error.hint === undefined ? error.message : `${error.message} (${error.hint})`), severity: severity.Error };
	}
}
