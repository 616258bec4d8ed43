/** How a row of a view looks: the state of a job as an icon and in words, and names and commands literally. */
import * as vscode from "vscode";
import { hasEnded, isIdle, type Job, type JobState, type Usage } from "../../src/index.ts";
import type { Trouble } from "../failure.ts";
import {
	age,
	asRun,
	bytes,
	clock,
	commandLine,
	leftBehindWords,
	literal,
	nameWords,
	printable,
	rowWords,
	scheduleWords,
	span,
	stateWords,
	whenWords,
} from "../words.ts";

/** One line of a view. */
export type Row =
	| { readonly kind: "job"; readonly job: Job }
	/** A job with a schedule, in the view of those. */
	| { readonly kind: "schedule"; readonly job: Job }
	| { readonly kind: "group"; readonly key: string; readonly label: string; readonly description: string; readonly jobs: readonly Job[] }
	| { readonly kind: "more"; readonly hidden: number }
	| { readonly kind: "failure"; readonly failure: Trouble };

const ICONS: Record<JobState, readonly [shape: string, colour?: string]> = {
	queued: ["clock"],
	scheduled: ["clock"],
	starting: ["circle-large-outline"],
	running: ["play-circle", "charts.blue"],
	paused: ["debug-pause", "charts.yellow"],
	stopping: ["debug-stop"],
	succeeded: ["pass", "testing.iconPassed"],
	// Not testing.iconFailed, which is no colour of its own in high contrast.
	failed: ["error", "charts.red"],
	stopped: ["circle-slash"],
	lost: ["question", "charts.yellow"],
	unknown: ["warning", "charts.yellow"],
};

export function stateIcon(state: JobState): vscode.ThemeIcon {
	const [shape, colour] = ICONS[state];
	return new vscode.ThemeIcon(shape, colour === undefined ? undefined : new vscode.ThemeColor(colour));
}

/** The row as the editor draws it. The tooltip is made later, when the pointer rests on the row. */
export function treeItem(row: Row): vscode.TreeItem {
	switch (row.kind) {
		case "job":
			return jobItem(row.job);
		case "schedule":
			return scheduleItem(row.job);
		case "group": {
			const item = new vscode.TreeItem(literal(row.label), vscode.TreeItemCollapsibleState.Expanded);
			item.id = `group ${row.key}`;
			item.description = literal(row.description);
			item.contextValue = "group";
			item.tooltip = printable(row.key);
			return item;
		}
		case "more": {
			const item = new vscode.TreeItem("Show more", vscode.TreeItemCollapsibleState.None);
			item.id = "more";
			item.description = `${row.hidden} older`;
			item.contextValue = "more";
			item.iconPath = new vscode.ThemeIcon("ellipsis");
			item.command = { command: "chore.showMore", title: "Show more" };
			return item;
		}
		case "failure": {
			const item = new vscode.TreeItem(row.failure.title, vscode.TreeItemCollapsibleState.None);
			item.id = "failure";
			item.description = literal(row.failure.message);
			item.contextValue = "failure";
			item.iconPath = new vscode.ThemeIcon("warning", new vscode.ThemeColor("charts.yellow"));
			item.tooltip = printable([row.failure.message, row.failure.hint].filter((part) => part !== undefined).join(". "));
			item.accessibilityInformation = { label: `${row.failure.title}: ${printable(row.failure.message)}` };
			item.command = { command: "chore.refresh", title: "Try Again" };
			return item;
		}
	}
}

function jobItem(job: Job): vscode.TreeItem {
	const item = new vscode.TreeItem(literal(job.name), vscode.TreeItemCollapsibleState.None);
	item.id = job.id;
	// A record that cannot be read has no command; for a job that cannot be asked after, the reason matters more.
	const what = (job.state === "unknown" ? job.reason : null) ?? commandLine(job.command);
	item.description = literal([stateWords(job), what.slice(0, 300)].filter((part) => part !== "").join(" · "));
	item.iconPath = stateIcon(job.state);
	// Matched by the "when" clauses of the menus in package.json.
	item.contextValue = `job ${hasEnded(job) ? "ended" : "active"} ${job.state}`;
	item.accessibilityInformation = { label: rowWords(job) };
	item.command = { command: "chore.showLog", title: "Show Log", arguments: [{ kind: "job", job } satisfies Row] };
	return item;
}

function scheduleItem(job: Job): vscode.TreeItem {
	const item = new vscode.TreeItem(literal(job.name), vscode.TreeItemCollapsibleState.None);
	const words = scheduleWords(job);
	item.id = job.id;
	item.description = literal(words.join(" · "));
	item.iconPath = stateIcon(asRun(job).state);
	const has = [isIdle(job) ? "idle" : "active", job.schedule?.paused ? "paused" : "armed", job.run === 0 ? "new" : "ran"];
	item.contextValue = `schedule ${has.join(" ")}`;
	item.accessibilityInformation = { label: printable([job.name, ...words].join(", ")) };
	item.command = { command: "chore.showLog", title: "Show Log", arguments: [{ kind: "schedule", job } satisfies Row] };
	return item;
}

/**
 * All facts about a job. Names, commands and paths go in by appendText and appendCodeblock, which escape markdown.
 * @param usage what its processes use at present; null if they have ended
 */
export function tooltip(job: Job, usage: Usage | null, now: Date = new Date()): vscode.MarkdownString {
	const text = new vscode.MarkdownString();
	text
		.appendMarkdown("**")
		.appendText(printable(nameWords(job)))
		.appendMarkdown("** ")
		.appendText(printable(stateWords(job)));
	if (job.description !== null) text.appendMarkdown("  \n").appendText(printable(job.description));
	text.appendMarkdown("\n\n").appendCodeblock(printable(commandLine(job.command)).slice(0, 2000), "shellscript");
	for (const [what, value] of facts(job, usage, now)) {
		text.appendMarkdown(`- ${what}: `).appendText(printable(value)).appendMarkdown("\n");
	}
	return text;
}

function facts(job: Job, usage: Usage | null, now: Date): readonly (readonly [what: string, value: string])[] {
	const when = (time: string): string => `${clock(time, now)}, ${age(now.getTime() - Date.parse(time))} ago`;
	const { cpuTimeMs, memoryPeakBytes } = usage ?? job;
	const { schedule } = job;
	const all: readonly (readonly [string, string | null])[] = [
		["Why", job.reason],
		["When", schedule === null ? null : whenWords(schedule)],
		["Next run", schedule?.next == null ? null : `${clock(schedule.next, now)}${schedule.paused ? ", but it is paused" : ""}`],
		["Missed", schedule?.missedSince == null ? null : `${schedule.missed}, the first ${when(schedule.missedSince)}`],
		["Last run", schedule === null || !isIdle(job) || job.run === 0 ? null : stateWords(asRun(job))],
		["Note", leftBehindWords(job) ?? null],
		["Directory", job.directory],
		["Session", job.session],
		["Platform", job.unit === null ? job.platform : `${job.platform}, unit ${job.unit}`],
		["Process", job.pid === null ? null : `${job.pid}${others(usage)}`],
		["Exit", job.exitCode === null ? job.signal : `exit code ${job.exitCode}`],
		["CPU time", cpuTimeMs === null ? null : span(cpuTimeMs)],
		["Memory", usage === null || usage.memoryBytes === null ? null : bytes(usage.memoryBytes)],
		["Peak memory", memoryPeakBytes === null ? null : bytes(memoryPeakBytes)],
		["Made", job.startedAt === null ? when(job.createdAt) : null],
		["Started", job.startedAt === null ? null : when(job.startedAt)],
		["Ended", job.endedAt === null ? null : when(job.endedAt)],
		["Took", job.startedAt === null || job.endedAt === null ? null : span(Date.parse(job.endedAt) - Date.parse(job.startedAt))],
		["Run", job.run === 1 ? null : String(job.run)],
		["Output", job.output.mode === "null" ? "thrown away" : bytes(job.output.bytes)],
	];
	return all.flatMap(([what, value]) => (value === null || value === "" ? [] : [[what, value]]));
}

/** How many processes a job has besides its main one. */
function others(usage: Usage | null): string {
	const count = (usage?.processes.length ?? 0) - 1;
	return count < 1 ? "" : ` and ${count} more`;
}
