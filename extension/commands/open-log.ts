/** Opens the log of a job outside of its channel: as a file in an editor, or in a terminal that follows it. */
import * as vscode from "vscode";
import { type Job, shortId } from "../../src/index.ts";
import type { JobList } from "../jobs/job-list.ts";
import { FollowTerminal } from "../logs/terminal.ts";
import { logTailBytes } from "../settings.ts";
import { hostWords, literal, nameWords } from "../words.ts";

/** An editor is slow with a file that is larger; a terminal is not. */
const LARGE_BYTES = 50 * 1024 * 1024;

export async function openLogFile(jobs: JobList, job: Job): Promise<void> {
	if (jobs.host !== undefined) {
		// The palette and the menus do not offer this then; an extension or a key can ask for it.
		void vscode.window.showInformationMessage(literal(`The files of ${nameWords(job)} are on ${hostWords(jobs.host)}.`));
		return;
	}
	if (job.output.paths.length === 0) {
		void vscode.window.showInformationMessage(literal(`The output of ${nameWords(job)} was thrown away.`));
		return;
	}
	const { output } = await jobs.use(job, (chore) => chore.get(job.id));
	if (output.bytes > LARGE_BYTES) {
		const size = Math.round(output.bytes / 1024 / 1024);
		const [follow, open] = ["Follow in Terminal", "Open It Anyway"];
		const choice = await vscode.window.showWarningMessage(literal(`The log of ${job.name} has ${size} MiB.`), follow, open);
		if (choice === follow) followInTerminal(jobs, job);
		if (choice !== open) return;
	}
	for (const path of output.paths) await vscode.window.showTextDocument(vscode.Uri.file(path), { preview: false });
}

export function followInTerminal(jobs: JobList, job: Job): void {
	const pty = new FollowTerminal(jobs, async () => job, { tailBytes: logTailBytes(), endsWithJob: false });
	const options = {
		name: literal(`${job.name} ${shortId(job.id)}`),
		pty,
		iconPath: new vscode.ThemeIcon("server-process"),
		// The editor does not bring it back after a reload; the job goes on, and can be followed again.
		isTransient: true,
	};
	vscode.window.createTerminal(options).show();
}
