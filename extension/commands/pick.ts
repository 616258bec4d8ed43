/** Lists of jobs to pick from: for a command that was called without a row, and for "Show Jobs". */
import * as vscode from "vscode";
import { isIdle, type Job } from "../../src/index.ts";
import type { JobList } from "../jobs/job-list.ts";
import { stateIcon } from "../views/row.ts";
import { commandLine, literal, stateWords, timeWords } from "../words.ts";

interface JobItem extends vscode.QuickPickItem {
	readonly job: Job;
}

/** The greatest length of such a list. */
const MOST = 200;

export async function pickJob(jobs: JobList, title: string, fits: (job: Job) => boolean): Promise<Job | undefined> {
	await jobs.ready();
	const items = jobs.all.filter(fits).slice(0, MOST).map(jobItem);
	if (items.length === 0) {
		void vscode.window.showInformationMessage(`${title}: there is no job for that.`);
		return undefined;
	}
	return (await vscode.window.showQuickPick(items, { title, matchOnDescription: true, matchOnDetail: true }))?.job;
}

const ACTIONS = {
	log: { command: "chore.showLog", button: { iconPath: new vscode.ThemeIcon("output"), tooltip: "Show Log" } },
	follow: { command: "chore.followInTerminal", button: { iconPath: new vscode.ThemeIcon("terminal"), tooltip: "Follow in Terminal" } },
	stop: { command: "chore.stop", button: { iconPath: new vscode.ThemeIcon("debug-stop"), tooltip: "Stop" } },
	again: { command: "chore.rerun", button: { iconPath: new vscode.ThemeIcon("debug-rerun"), tooltip: "Run Again" } },
} as const;

/** Shows the jobs with buttons for the most common commands. Enter shows the log. */
export async function showJobs(jobs: JobList): Promise<void> {
	await jobs.ready();
	if (jobs.all.length === 0) {
		const run = "Run Command…";
		const choice = await vscode.window.showInformationMessage(
			"There is no job yet.",
			...(vscode.workspace.isTrusted && !jobs.isReadOnly ? [run] : []),
		);
		if (choice === run) void vscode.commands.executeCommand("chore.run");
		return;
	}
	const pick = vscode.window.createQuickPick<JobItem>();
	pick.title = "Jobs";
	pick.placeholder = "Enter shows the log of a job";
	pick.matchOnDescription = true;
	pick.matchOnDetail = true;
	pick.items = jobs.all.slice(0, MOST).map((job) => {
		const { log, follow, stop, again } = ACTIONS;
		const changing = jobs.isReadOnly ? [] : [isIdle(job) ? again.button : stop.button];
		return { ...jobItem(job), buttons: [log.button, follow.button, ...changing] };
	});
	pick.onDidAccept(() => {
		const [item] = pick.activeItems;
		pick.hide();
		if (item !== undefined) act(ACTIONS.log.command, item.job);
	});
	pick.onDidTriggerItemButton(({ item, button }) => {
		const action = Object.values(ACTIONS).find((one) => one.button.tooltip === button.tooltip);
		pick.hide();
		if (action !== undefined) act(action.command, item.job);
	});
	pick.onDidHide(() => pick.dispose());
	pick.show();
}

function act(command: string, job: Job): void {
	void vscode.commands.executeCommand(command, { kind: "job", job });
}

function jobItem(job: Job): JobItem {
	return {
		job,
		label: literal(job.name),
		iconPath: stateIcon(job.state),
		description: literal(`${stateWords(job)}, ${timeWords(job)}`),
		detail: literal(commandLine(job.command).slice(0, 300)),
	};
}
