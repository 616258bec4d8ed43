/** Entry of the extension: makes the parts when the editor starts it, and closes them when it ends. Neither touches a job. */
import * as vscode from "vscode";
import { type Parts, registerCommands } from "./commands/commands.ts";
import { ChoreTasks } from "./commands/tasks.ts";
import { disposeOwnLog, inBackground } from "./failure.ts";
import { JobList } from "./jobs/job-list.ts";
import { LogChannels } from "./logs/channels.ts";
import { choreOptions, groupBy, host } from "./settings.ts";
import { DoctorReport } from "./views/doctor-report.ts";
import { Notifier } from "./views/notifications.ts";
import { Sidebar } from "./views/sidebar.ts";
import { StatusBar } from "./views/status-bar.ts";

/** The part of package.json that is read. */
interface Manifest {
	readonly contributes: { readonly commands: readonly { readonly command: string }[] };
}

/** The list of this window, which `deactivate` closes. */
let shown: JobList | undefined;

/** @returns the parts, for the tests in the extension host; undefined where no jobs can be run */
export function activate(context: vscode.ExtensionContext): Parts | undefined {
	// No platform runs on Windows: the welcome text of the views points to WSL.
	if (process.platform === "win32") {
		void vscode.commands.executeCommand("setContext", "chore.unsupported", true);
		context.subscriptions.push(...refuseCommands(context.extension.packageJSON));
		return undefined;
	}
	// The editor sets its own context key "isWorkspaceTrusted" late: a view that used it would first say that no workspace is trusted.
	const tellTrust = (): void => void vscode.commands.executeCommand("setContext", "chore.untrusted", !vscode.workspace.isTrusted);
	tellTrust();
	const memory = context.workspaceState;
	const jobs = new JobList(() => ({ ...choreOptions(), host: host(), allSessions: groupBy() === "session" }));
	shown = jobs;
	const sidebar = new Sidebar(jobs, memory);
	const channels = new LogChannels(jobs);
	const notifier = new Notifier(jobs, memory);
	const doctor = new DoctorReport(jobs);
	const parts: Parts = { jobs, sidebar, channels, notifier, doctor, memory };
	context.subscriptions.push(
		sidebar,
		channels,
		notifier,
		doctor,
		new StatusBar(jobs, sidebar),
		...registerCommands(parts),
		vscode.tasks.registerTaskProvider("chore", new ChoreTasks(jobs)),
		vscode.workspace.onDidChangeConfiguration((change) => {
			const moved = ["session", "platform", "home", "host", "groupBy"].some((name) => change.affectsConfiguration(`chore.${name}`));
			if (moved) inBackground(jobs.refresh());
			else if (change.affectsConfiguration("chore")) sidebar.redraw();
		}),
		vscode.workspace.onDidGrantWorkspaceTrust(tellTrust),
		{ dispose: disposeOwnLog },
	);
	inBackground(jobs.ready());
	return parts;
}

/** Has every command say why it does nothing: the palette offers them all the same. */
function refuseCommands({ contributes }: Manifest): vscode.Disposable[] {
	const refuse = (): void =>
		void vscode.window.showInformationMessage("Chore runs jobs on Linux, macOS and the BSDs. Open the folder in WSL to run jobs there.");
	return contributes.commands.map(({ command }) => vscode.commands.registerCommand(command, refuse));
}

export async function deactivate(): Promise<void> {
	await shown?.dispose();
	shown = undefined;
}
