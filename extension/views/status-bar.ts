/** The item in the status bar: how many jobs run, and how many failed since the user last looked at the finished ones. */
import * as vscode from "vscode";
import { isIdle, type Job } from "../../src/index.ts";
import type { JobList } from "../jobs/job-list.ts";
import { hostWords } from "../words.ts";
import type { Sidebar } from "./sidebar.ts";

export class StatusBar implements vscode.Disposable {
	readonly #item: vscode.StatusBarItem;
	readonly #disposables: vscode.Disposable[];
	readonly #jobs: JobList;

	constructor(jobs: JobList, sidebar: Sidebar) {
		this.#item = vscode.window.createStatusBarItem("chore.status", vscode.StatusBarAlignment.Left);
		this.#item.name = "Chore";
		this.#jobs = jobs;
		this.#item.command = "chore.showJobs";
		const draw = (): void => {
			const scheduled = jobs.all.filter(({ schedule }) => schedule !== null).length;
			this.#draw(jobs.all.filter(isUnderWay).length, sidebar.unseen.length, scheduled);
		};
		this.#disposables = [this.#item, jobs.onDidChange(draw), sidebar.onDidChangeUnseen(draw)];
	}

	dispose(): void {
		for (const one of this.#disposables) one.dispose();
	}

	/** @param scheduled is told in words only, where the item is there anyway: nothing has to be done about it */
	#draw(running: number, failed: number, scheduled: number): void {
		if (running === 0 && failed === 0) {
			this.#item.hide();
			return;
		}
		const { host, isOutOfReach } = this.#jobs;
		const where = host === undefined ? "Chore" : `Chore on ${hostWords(host)}${isOutOfReach ? ", as last seen" : ""}`;
		const words = [
			`${running} ${running === 1 ? "job runs" : "jobs run"}`,
			...(failed === 0 ? [] : [`${failed} failed`]),
			...(scheduled === 0 ? [] : [`${scheduled} scheduled`]),
		].join(", ");
		this.#item.text = `$(server-process) ${running}${failed === 0 ? "" : ` $(warning) ${failed}`}`;
		this.#item.tooltip = `${where}: ${words}`;
		this.#item.accessibilityInformation = { label: `${where}: ${words}`, role: "button" };
		this.#item.show();
	}
}

/** Whether a job runs or waits to. An unknown one (of another machine, or with a damaged record) may have ended long ago. */
function isUnderWay(job: Job): boolean {
	return !isIdle(job) && job.state !== "unknown";
}
