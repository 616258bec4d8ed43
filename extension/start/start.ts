/** Starts jobs from the editor: from a line that is typed, from the selected text, or from the command of another job. */
import * as vscode from "vscode";
import { ChoreError, type Job, type RunOptions } from "../../src/index.ts";
import { ownLog } from "../failure.ts";
import type { JobList } from "../jobs/job-list.ts";
import { HOME } from "../settings.ts";
import { commandLine, hostWords, literal, programOf } from "../words.ts";
import { askWay } from "./ask-when.ts";
import { environmentForJobs } from "./environment.ts";

const HISTORY = "chore.history";
const HISTORY_LENGTH = 50;

/**
 * Starts a job with the login shell's variables; when it resolves, the list of jobs has it. A server gives its jobs the variables
 * that its own user has: those of this machine are not sent. @throws ChoreError as `Chore.run`
 */
export async function start(jobs: JobList, options: RunOptions): Promise<Job> {
	const onWarning = (message: string): void => {
		ownLog().warn(message);
		void vscode.window.showWarningMessage(literal(message));
	};
	const environment = jobs.host === undefined ? await environmentForJobs() : undefined;
	const job = await jobs.useForNew((chore) => chore.run({ onWarning, ...options, environment }));
	await jobs.look(job);
	return job;
}

/** A line of shell as a job, which is named after its program. */
function lineOptions(line: string, directory: string | undefined): RunOptions {
	return { command: ["/bin/sh", "-c", line], directory, defaultName: programOf(line) };
}

/**
 * Asks for a line, offering earlier ones, and starts it.
 * @param isScheduled whether to ask when it is to run, too; a button beside the line has it asked in any case
 * @returns undefined if the user gave up
 */
export async function runCommand(jobs: JobList, memory: vscode.Memento, isScheduled: boolean = false): Promise<Job | undefined> {
	if (isScheduled) await checkSchedules(jobs);
	const where = await activeDirectory(jobs);
	if (where === undefined) return undefined;
	const history = memory.get<readonly string[]>(HISTORY, []);
	const asked = await askForLine({ where: where.words, history, isScheduled });
	if (asked === undefined) return undefined;
	const { line } = asked;
	await memory.update(HISTORY, [line, ...history.filter((other) => other !== line)].slice(0, HISTORY_LENGTH));
	const options = lineOptions(line, where.directory);
	if (!asked.isScheduled) return start(jobs, options);
	if (!isScheduled) await checkSchedules(jobs);
	const schedule = await askWay(literal(`Schedule ${options.defaultName ?? "Command"}`));
	if (schedule === undefined) return undefined;
	return start(jobs, schedule === "now" ? options : { ...options, schedule });
}

/** Before anything is typed. @throws ChoreError OPTION_UNSUPPORTED where no schedule can be kept */
async function checkSchedules(jobs: JobList): Promise<void> {
	const { schedule } = await jobs.useForNew((chore) => chore.capabilities());
	if (schedule) return;
	throw new ChoreError("OPTION_UNSUPPORTED", "what runs new jobs here cannot wake them", {
		hint: "the doctor's report says what each platform can do, and why",
	});
}

/** Starts the selected text as a script; without a selection, the line of the cursor. */
export async function runSelection(jobs: JobList): Promise<Job | undefined> {
	const editor = vscode.window.activeTextEditor;
	if (editor === undefined) {
		void vscode.window.showInformationMessage("There is no text to run: open a file and select some.");
		return undefined;
	}
	const { document, selections } = editor;
	const parts = selections.map((selection) =>
		selection.isEmpty ? document.lineAt(selection.active.line).text : document.getText(selection),
	);
	const text = parts.join("\n").trim();
	if (text === "") {
		void vscode.window.showInformationMessage("There is no text to run: the selection is empty.");
		return undefined;
	}
	const where = await activeDirectory(jobs);
	return where === undefined ? undefined : start(jobs, lineOptions(text, where.directory));
}

/** Asks for a line, offering the command of a job to be edited, and starts it as a new job. */
export async function editAndRun(jobs: JobList, job: Job): Promise<Job | undefined> {
	if (job.request !== null) {
		void vscode.window.showInformationMessage("An HTTP request cannot be edited here: chore request makes another one.");
		return undefined;
	}
	const line = await vscode.window.showInputBox({
		title: `Edit and Run Again: ${job.name}`,
		prompt: literal(`A line of shell, run in ${job.directory}`),
		value: commandLine(job.command),
		ignoreFocusOut: true,
	});
	if (line === undefined || line.trim() === "") return undefined;
	return start(jobs, { ...lineOptions(line, job.directory), defaultName: job.name.replace(/-\d+$/, "") });
}

interface Where {
	/** Undefined for the home of a server's user. */
	readonly directory: string | undefined;
	/** "in /work", "on build". */
	readonly words: string;
}

/** Where to run. @returns undefined if the user gave up */
async function activeDirectory({ host }: JobList): Promise<Where | undefined> {
	if (host !== undefined) return { directory: undefined, words: `at home on ${hostWords(host)}` };
	const directory = await activeFolder();
	return directory === undefined ? undefined : { directory, words: `in ${directory}` };
}

/** The workspace folder of the file in the active editor; else the only folder, or the one that the user picks. */
async function activeFolder(): Promise<string | undefined> {
	const folders = vscode.workspace.workspaceFolders ?? [];
	const file = vscode.window.activeTextEditor?.document.uri;
	const folder = file === undefined ? undefined : vscode.workspace.getWorkspaceFolder(file);
	if (folder !== undefined) return folder.uri.fsPath;
	if (folders.length < 2) return folders[0]?.uri.fsPath ?? HOME;
	return (await vscode.window.showWorkspaceFolderPick({ placeHolder: "The folder to run in" }))?.uri.fsPath;
}

interface AskedLine {
	/** In words. */
	readonly where: string;
	/** Lines that were run before, the last one first. */
	readonly history: readonly string[];
	/** Whether it is known already that the line is to be scheduled. */
	readonly isScheduled: boolean;
}

const SCHEDULE_BUTTON: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon("clock"), tooltip: "Run on a Schedule…" };

interface Line {
	readonly line: string;
	readonly isScheduled: boolean;
}

/** Asks for a line: a new one, or one of the history. @returns undefined if the user gave up */
function askForLine({ where, history, isScheduled }: AskedLine): Promise<Line | undefined> {
	return new Promise((resolve) => {
		const pick = vscode.window.createQuickPick<vscode.QuickPickItem & { readonly line: string }>();
		const earlier = history.map((line) => ({ label: literal(line), line }));
		pick.title = isScheduled ? "Schedule Command" : "Run Command";
		if (!isScheduled) pick.buttons = [SCHEDULE_BUTTON];
		pick.placeholder = literal(`A line of shell, run ${where}`);
		pick.ignoreFocusOut = true;
		pick.items = earlier;
		pick.onDidChangeValue((value) => {
			// The typed line comes first, so that Enter takes it and not an earlier line that looks alike.
			const typed = value.trim() === "" ? [] : [{ label: literal(value), description: literal(where), line: value, alwaysShow: true }];
			pick.items = [...typed, ...earlier.filter(({ line }) => line !== value)];
		});
		const take = (isScheduled: boolean): void => {
			const line = pick.activeItems[0]?.line ?? pick.value;
			resolve(line.trim() === "" ? undefined : { line, isScheduled });
			pick.hide();
		};
		pick.onDidAccept(() => take(isScheduled));
		pick.onDidTriggerButton(() => take(true));
		pick.onDidHide(() => {
			resolve(undefined);
			pick.dispose();
		});
		pick.show();
	});
}
