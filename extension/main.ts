/** Puts the parts together when the editor starts the extension, and takes them apart again. No job is touched by either. */
import * as vscode from "vscode";
import { registerCommands } from "./commands/commands.ts";
import { ChoreTasks } from "./commands/tasks.ts";
import { disposeOwnLog, inBackground } from "./failure.ts";
import { JobSource } from "./jobs/job-list.ts";
import { LogChannels } from "./logs/channels.ts";
import { choreOptions, groupBy } from "./settings.ts";
import { DoctorReport } from "./views/doctor-report.ts";
import { Notifier } from "./views/notifications.ts";
import { Views } from "./views/sidebar.ts";
import { StatusBar } from "./views/status-bar.ts";

/** What other extensions get, and the tests in the extension host. */
export interface Parts {
	readonly source: JobSource;
	readonly views: Views;
	readonly channels: LogChannels;
}

let source: JobSource | undefined;

export function activate(context: vscode.ExtensionContext): Parts | undefined {
	// There is nothing to run jobs on: the views say where to go.
	if (process.platform === "win32") {
		void vscode.commands.executeCommand("setContext", "chore.unsupported", true);
		return undefined;
	}
	// The editor's own word for it is late, and until then would tell every workspace that it is not trusted.
	const tellTrust = (): void => void vscode.commands.executeCommand("setContext", "chore.untrusted", !vscode.workspace.isTrusted);
	tellTrust();
	const memory = context.workspaceState;
	const jobs = new JobSource(() => ({ ...choreOptions(), allSessions: groupBy() === "session" }));
	source = jobs;
	const views = new Views(jobs, memory);
	const channels = new LogChannels(jobs);
	const notifier = new Notifier(jobs, memory);
	const doctor = new DoctorReport();
	context.subscriptions.push(
		views,
		channels,
		notifier,
		doctor,
		new StatusBar(jobs, views),
		...registerCommands({ source: jobs, views, channels, notifier, doctor, memory }),
		vscode.tasks.registerTaskProvider("chore", new ChoreTasks(jobs)),
		vscode.workspace.onDidChangeConfiguration((change) => {
			const moved = ["session", "platform", "home", "groupBy"].some((name) => change.affectsConfiguration(`chore.${name}`));
			if (moved) inBackground(jobs.refresh());
			else if (change.affectsConfiguration("chore")) views.redraw();
		}),
		vscode.workspace.onDidGrantWorkspaceTrust(tellTrust),
		{ dispose: disposeOwnLog },
	);
	inBackground(jobs.ready());
	return { source: jobs, views, channels };
}

export async function deactivate(): Promise<void> {
	await source?.dispose();
	source = undefined;
}
