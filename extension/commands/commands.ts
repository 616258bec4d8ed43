/** What can be done to jobs: each command a registration and one call of the library. */
import * as vscode from "vscode";
import { hasEnded, type Job, shortId } from "../../src/index.ts";
import { report } from "../failure.ts";
import type { JobSource } from "../jobs/job-list.ts";
import type { LogChannels } from "../logs/channels.ts";
import { FollowTerminal } from "../logs/terminal.ts";
import { confirmStop, logTailBytes } from "../settings.ts";
import { editAndRun, runCommand, runSelection } from "../start/start.ts";
import type { DoctorReport } from "../views/doctor-report.ts";
import type { Notifier } from "../views/notifications.ts";
import type { Row } from "../views/row.ts";
import type { Views } from "../views/sidebar.ts";
import { commandLine, literal, nameWords } from "../words.ts";
import { pickJob, showJobs } from "./pick.ts";

/** What commands work with. */
export interface Desk {
	readonly source: JobSource;
	readonly views: Views;
	readonly channels: LogChannels;
	readonly notifier: Notifier;
	readonly doctor: DoctorReport;
	/** What this workspace remembers. */
	readonly memory: vscode.Memento;
}

/** The editor holds a file of more than that badly; the terminal does not. */
const LARGE_BYTES = 50 * 1024 * 1024;

const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGCONT", "SIGSTOP", "SIGKILL"];

export function registerCommands(desk: Desk): vscode.Disposable[] {
	const { source, views, channels, notifier, doctor, memory } = desk;
	const jobs = jobCommands(desk);
	const active = (job: Job): boolean => !hasEnded(job);
	const any = (): boolean => true;
	return [
		command("run", async () => {
			if (mayStart()) await runCommand(source, memory);
		}),
		command("runSelection", async () => {
			if (mayStart()) await runSelection(source);
		}),
		jobs("showLog", "Show Log", any, ([job]) => job && channels.show(job)),
		jobs("openLogFile", "Open Log File", any, ([job]) => job && openLogFile(source, job)),
		jobs("followInTerminal", "Follow in Terminal", any, (chosen) => {
			for (const job of chosen) followInTerminal(source, job);
		}),
		jobs("stop", "Stop", active, async (chosen) => {
			const question = chosen.length === 1 ? `Stop ${namesOf(chosen)}?` : `Stop ${chosen.length} jobs?`;
			if (confirmStop() && !(await confirmed(question, namesOf(chosen), "Stop"))) return;
			await vscode.window.withProgress({ location: { viewId: "chore.running" } }, () =>
				each(source, chosen, async (job) => (await source.choreOf(job)).stop(job.id)),
			);
		}),
		jobs("kill", "Send Signal", active, async (chosen) => {
			const signal = await vscode.window.showQuickPick(SIGNALS, { title: `Send Signal to ${namesOf(chosen)}` });
			if (signal !== undefined) await each(source, chosen, async (job) => (await source.choreOf(job)).kill(job.id, { signal }));
		}),
		jobs("pause", "Pause", active, (chosen) => each(source, chosen, async (job) => (await source.choreOf(job)).pause(job.id))),
		jobs("resume", "Resume", active, (chosen) => each(source, chosen, async (job) => (await source.choreOf(job)).resume(job.id))),
		jobs("restart", "Restart", any, async (chosen) => {
			const ending = chosen.filter(active);
			if (!mayStart()) return;
			if (ending.length > 0 && confirmStop() && !(await confirmed(`Stop ${namesOf(ending)} and run again?`, "", "Restart"))) return;
			await each(source, chosen, async (job) => (await source.choreOf(job)).restart(job.id));
		}),
		jobs("rerun", "Run Again", hasEnded, async (chosen) => {
			if (mayStart()) await each(source, chosen, async (job) => (await source.choreOf(job)).rerun(job.id));
		}),
		jobs("editAndRerun", "Edit and Run Again", any, async ([job]) => {
			if (mayStart() && job !== undefined) await editAndRun(source, job);
		}),
		jobs("send", "Send Input", active, async ([job]) => {
			if (job === undefined) return;
			const text = await vscode.window.showInputBox({
				title: literal(`Send Input to ${job.name}`),
				prompt: "One line; a newline is added",
			});
			if (text !== undefined) await (await source.choreOf(job)).send(job.id, `${text}\n`);
		}),
		jobs("copyName", "Copy Name", any, (chosen) => copy(chosen.map(({ name }) => name))),
		jobs("copyId", "Copy Id", any, (chosen) => copy(chosen.map(({ id }) => id))),
		jobs("copyCommand", "Copy Command", any, (chosen) => copy(chosen.map((job) => commandLine(job.command)))),
		jobs("notify", "Notify When Done", active, (chosen) => {
			for (const job of chosen) notifier.watch(job);
		}),
		jobs("forget", "Forget", hasEnded, (chosen) => forget(source, chosen)),
		command("forgetAll", async () => {
			await source.ready();
			const ended = source.jobs.filter(hasEnded);
			if (ended.length > 0) await forget(source, ended);
		}),
		command("showJobs", () => showJobs(source)),
		command("doctor", () => doctor.show()),
		command("refresh", () => source.refresh()),
		command("showMore", () => views.trees.finished.showMore()),
		command("filter", async () => {
			const prompt = "Part of a name, command, state or folder";
			const text = await vscode.window.showInputBox({ title: "Filter Jobs", prompt, value: views.filtered });
			if (text !== undefined) views.filter(text);
		}),
		command("clearFilter", () => views.filter("")),
		...(["none", "session", "folder"] as const).map((by) =>
			command(`groupBy.${by}`, () => vscode.workspace.getConfiguration("chore").update("groupBy", by, vscode.ConfigurationTarget.Global)),
		),
	];
}

/** Every failure of a command is shown, in one place. */
function command(name: string, act: (...values: unknown[]) => unknown): vscode.Disposable {
	return vscode.commands.registerCommand(`chore.${name}`, async (...values: unknown[]) => {
		try {
			return await act(...values);
		} catch (error) {
			report(error);
			return undefined;
		}
	});
}

type JobAction = (jobs: readonly Job[]) => unknown;

/** Commands on jobs: on the rows they are given, on those selected where a key was pressed, else on one that is picked. */
function jobCommands({ source, views }: Desk) {
	return (name: string, title: string, fits: (job: Job) => boolean, act: JobAction): vscode.Disposable =>
		command(name, async (first, rest) => {
			const rows = isFromKey(first) ? views.selection(first.view) : Array.isArray(rest) && rest.length > 0 ? rest : [first];
			const given = rows.flatMap((row) => (isJobRow(row) ? [source.job(row.job.id) ?? row.job] : []));
			if (given.length > 0) {
				const chosen = given.filter(fits);
				if (chosen.length > 0) await act(chosen);
				return;
			}
			// The editor tells extensions which rows are selected, not which one the arrow keys went to.
			if (isFromKey(first)) return void vscode.window.showInformationMessage(`${title}: press Enter on a job first to select it.`);
			const job = await pickJob(source, title, fits);
			if (job !== undefined) await act([job]);
		});
}

function isJobRow(value: unknown): value is Row & { kind: "job" } {
	return typeof value === "object" && value !== null && "kind" in value && value.kind === "job" && "job" in value;
}

/** What package.json passes with a key. */
function isFromKey(value: unknown): value is { readonly view: "running" | "finished" } {
	return typeof value === "object" && value !== null && "view" in value && (value.view === "running" || value.view === "finished");
}

/** One failing job does not keep the others from it. */
async function each(source: JobSource, jobs: readonly Job[], act: (job: Job) => Promise<unknown>): Promise<void> {
	await Promise.all(
		jobs.map(async (job) => {
			try {
				await act(job);
			} catch (error) {
				report(error);
			}
			await source.look(job);
		}),
	);
}

async function forget(source: JobSource, jobs: readonly Job[]): Promise<void> {
	const question = jobs.length === 1 ? `Forget ${namesOf(jobs)}?` : `Forget ${jobs.length} finished jobs?`;
	if (!(await confirmed(question, "Their records and output are deleted.", "Forget"))) return;
	await vscode.window.withProgress({ location: { viewId: "chore.finished" } }, () =>
		each(source, jobs, async (job) => (await source.choreOf(job)).remove(job.id)),
	);
}

async function confirmed(question: string, detail: string, answer: string): Promise<boolean> {
	return (await vscode.window.showWarningMessage(question, { modal: true, detail }, answer)) === answer;
}

/** Menus are not shown in a workspace that is not trusted; keys and other extensions can ask all the same. */
function mayStart(): boolean {
	if (vscode.workspace.isTrusted) return true;
	void vscode.window.showWarningMessage("This workspace is not trusted: jobs can be seen here, not started.");
	return false;
}

async function openLogFile(source: JobSource, job: Job): Promise<void> {
	const [path] = job.output.paths;
	if (path === undefined) {
		void vscode.window.showInformationMessage(literal(`The output of ${nameWords(job)} was thrown away.`));
		return;
	}
	const { output } = await (await source.choreOf(job)).get(job.id);
	if (output.bytes > LARGE_BYTES) {
		const size = Math.round(output.bytes / 1024 / 1024);
		const [follow, open] = ["Follow in Terminal", "Open It Anyway"];
		const choice = await vscode.window.showWarningMessage(literal(`The log of ${job.name} has ${size} MiB.`), follow, open);
		if (choice === follow) followInTerminal(source, job);
		if (choice !== open) return;
	}
	for (const one of output.paths) await vscode.window.showTextDocument(vscode.Uri.file(one), { preview: false });
}

function followInTerminal(source: JobSource, job: Job): void {
	const pty = new FollowTerminal(async () => ({ chore: await source.choreOf(job), job }), {
		tailBytes: logTailBytes(),
		endsWithJob: false,
	});
	// Not kept over a reload: the job is, and can be followed again.
	const options = {
		name: literal(`${job.name} ${shortId(job.id)}`),
		pty,
		iconPath: new vscode.ThemeIcon("server-process"),
		isTransient: true,
	};
	vscode.window.createTerminal(options).show();
}

async function copy(lines: readonly string[]): Promise<void> {
	await vscode.env.clipboard.writeText(lines.join("\n"));
}

function namesOf(jobs: readonly Job[]): string {
	return literal(jobs.map(({ name }) => name).join(", "));
}
