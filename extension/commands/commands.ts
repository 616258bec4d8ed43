/** The commands of package.json. Each is one registration and, as a rule, one call of the library. */
import * as vscode from "vscode";
import { hasEnded, isIdle, type Job, type Jobs } from "../../src/index.ts";
import { report } from "../failure.ts";
import type { JobList } from "../jobs/job-list.ts";
import type { LogChannels } from "../logs/channels.ts";
import { confirmStop } from "../settings.ts";
import { editAndRun, runCommand, runSelection } from "../start/start.ts";
import type { DoctorReport } from "../views/doctor-report.ts";
import type { Notifier } from "../views/notifications.ts";
import type { Row } from "../views/row.ts";
import type { Sidebar } from "../views/sidebar.ts";
import type { View } from "../views/tree.ts";
import { commandLine, literal } from "../words.ts";
import { followInTerminal, openLogFile } from "./open-log.ts";
import { pickJob, showJobs } from "./pick.ts";
import { editSchedule, removalQuestion } from "./schedules.ts";

/** The parts of the extension, as commands and tests use them. */
export interface Parts {
	readonly jobs: JobList;
	readonly sidebar: Sidebar;
	readonly channels: LogChannels;
	readonly notifier: Notifier;
	readonly doctor: DoctorReport;
	/** What the editor stores for this workspace. */
	readonly memory: vscode.Memento;
}

const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGCONT", "SIGSTOP", "SIGKILL"];

export function registerCommands(parts: Parts): vscode.Disposable[] {
	const { jobs, sidebar, channels, notifier, doctor, memory } = parts;
	const onJobs = jobCommands(parts);
	const active = (job: Job): boolean => !isIdle(job);
	const any = (): boolean => true;
	const hasRun = (job: Job): boolean => job.run > 0;
	const scheduled = ({ schedule }: Job): boolean => schedule !== null;
	return [
		command("run", async () => {
			if (isTrusted("not started")) await runCommand(jobs, memory);
		}),
		command("schedule", async () => {
			if (isTrusted("not started")) await runCommand(jobs, memory, true);
		}),
		command("runSelection", async () => {
			if (isTrusted("not started")) await runSelection(jobs);
		}),
		onJobs("showLog", "Show Log", any, ([job]) => job && channels.show(job)),
		onJobs("openLogFile", "Open Log File", hasRun, ([job]) => job && openLogFile(jobs, job)),
		onJobs("followInTerminal", "Follow in Terminal", hasRun, (chosen) => {
			for (const job of chosen) followInTerminal(jobs, job);
		}),
		onJobs("stop", "Stop", active, async (chosen) => {
			const question = chosen.length === 1 ? `Stop ${namesOf(chosen)}?` : `Stop ${chosen.length} jobs?`;
			if (confirmStop() && !(await confirmed(question, namesOf(chosen), "Stop"))) return;
			await vscode.window.withProgress({ location: { viewId: "chore.running" } }, () =>
				each(jobs, chosen, (chore, { id }) => chore.stop(id)),
			);
		}),
		onJobs("kill", "Send Signal", active, async (chosen) => {
			const signal = await vscode.window.showQuickPick(SIGNALS, { title: `Send Signal to ${namesOf(chosen)}` });
			if (signal !== undefined) await each(jobs, chosen, (chore, { id }) => chore.kill(id, { signal }));
		}),
		onJobs("pause", "Pause", active, (chosen) => each(jobs, chosen, (chore, { id }) => chore.pause(id))),
		onJobs("resume", "Resume", active, (chosen) => each(jobs, chosen, (chore, { id }) => chore.resume(id))),
		onJobs("restart", "Restart", any, async (chosen) => {
			const ending = chosen.filter(active);
			if (!isTrusted("not started")) return;
			if (ending.length > 0 && confirmStop() && !(await confirmed(`Stop ${namesOf(ending)} and run again?`, "", "Restart"))) return;
			await each(jobs, chosen, (chore, { id }) => chore.restart(id));
		}),
		onJobs("rerun", "Run Again", isIdle, async (chosen) => {
			if (isTrusted("not started")) await each(jobs, chosen, (chore, { id }) => chore.rerun(id));
		}),
		onJobs("editAndRerun", "Edit and Run Again", any, async ([job]) => {
			if (isTrusted("not started") && job !== undefined) await editAndRun(jobs, job);
		}),
		onJobs("send", "Send Input", active, async ([job]) => {
			if (job === undefined || !isTrusted("not sent anything")) return;
			// Nothing is sent, but one that takes no input is refused before the user has typed it.
			await jobs.use(job, (chore) => chore.send(job.id, ""));
			const text = await vscode.window.showInputBox({
				title: literal(`Send Input to ${job.name}`),
				prompt: "One line; a newline is added",
			});
			if (text !== undefined) await jobs.use(job, (chore) => chore.send(job.id, `${text}\n`));
		}),
		onJobs("copyName", "Copy Name", any, (chosen) => copy(chosen.map(({ name }) => name))),
		onJobs("copyId", "Copy Id", any, (chosen) => copy(chosen.map(({ id }) => id))),
		onJobs("copyCommand", "Copy Command", any, (chosen) => copy(chosen.map((job) => commandLine(job.command)))),
		onJobs("notify", "Notify When Done", active, (chosen) => {
			for (const job of chosen) notifier.watch(job);
		}),
		onJobs(
			"runNow",
			"Run Now",
			(job) => scheduled(job) && isIdle(job),
			async (chosen) => {
				if (isTrusted("not started")) await each(jobs, chosen, (chore, { id }) => chore.rerun(id));
			},
		),
		onJobs(
			"pauseSchedule",
			"Pause Schedule",
			(job) => job.schedule?.paused === false,
			async (chosen) => {
				if (isTrusted("not changed")) await each(jobs, chosen, (chore, { id }) => chore.pauseSchedule(id));
			},
		),
		onJobs(
			"resumeSchedule",
			"Resume Schedule",
			(job) => job.schedule?.paused === true,
			async (chosen) => {
				if (isTrusted("not changed")) await each(jobs, chosen, (chore, { id }) => chore.resumeSchedule(id));
			},
		),
		onJobs("editSchedule", "Edit Schedule", scheduled, async ([job]) => {
			if (isTrusted("not changed") && job !== undefined) await editSchedule(jobs, job);
		}),
		onJobs("removeScheduled", "Remove", scheduled, async (chosen) => {
			if (!isTrusted("not changed") || !(await confirmed(...removalQuestion(chosen), "Remove"))) return;
			await vscode.window.withProgress({ location: { viewId: "chore.scheduled" } }, () =>
				each(jobs, chosen, (chore, { id }) => chore.remove(id, { force: true })),
			);
		}),
		onJobs("forget", "Forget", hasEnded, (chosen) => forget(jobs, chosen)),
		command("forgetAll", async () => {
			await jobs.ready();
			const ended = jobs.all.filter(hasEnded);
			if (ended.length > 0) await forget(jobs, ended);
		}),
		command("showJobs", () => showJobs(jobs)),
		command("doctor", () => doctor.show()),
		command("refresh", () => jobs.again()),
		command("showMore", () => sidebar.trees.finished.showMore()),
		command("filter", async () => {
			const prompt = "Part of a name, command, state or folder";
			const text = await vscode.window.showInputBox({ title: "Filter Jobs", prompt, value: sidebar.filtered });
			if (text !== undefined) sidebar.filter(text);
		}),
		command("clearFilter", () => sidebar.filter("")),
		...(["none", "session", "folder"] as const).map((by) =>
			command(`groupBy.${by}`, () => {
				const value = by === "none" ? undefined : by; // the default
				return vscode.workspace.getConfiguration("chore").update("groupBy", value, vscode.ConfigurationTarget.Global);
			}),
		),
	];
}

/** Registers a command whose failure is shown as a message. */
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

/** Makes commands on jobs. They act on the rows they are called with; called by a key, on the rows of the key; else on a job that the user picks. */
function jobCommands({ jobs, sidebar }: Parts) {
	return (name: string, title: string, fits: (job: Job) => boolean, act: JobAction): vscode.Disposable =>
		command(name, async (first, rest) => {
			const rows = isFromKey(first) ? await sidebar.rowsOfKey(first.view) : Array.isArray(rest) && rest.length > 0 ? rest : [first];
			const given = rows.flatMap(jobsOf).map((job) => jobs.get(job.id) ?? job);
			if (given.length > 0) {
				const chosen = given.filter(fits);
				if (chosen.length > 0) await act(chosen);
				return;
			}
			const job = await pickJob(jobs, title, fits);
			if (job !== undefined) await act([job]);
		});
}

/** The job of a row, or those of a group; none for anything else. */
function jobsOf(value: unknown): readonly Job[] {
	if (isRow(value, "job") || isRow(value, "schedule")) return [value.job];
	return isRow(value, "group") ? value.jobs : [];
}

function isRow<Kind extends "job" | "schedule" | "group">(value: unknown, kind: Kind): value is Row & { kind: Kind } {
	return (
		typeof value === "object" && value !== null && "kind" in value && value.kind === kind && (kind === "group" ? "jobs" : "job") in value
	);
}

const VIEWS_OF_KEYS: ReadonlySet<unknown> = new Set<View>(["running", "scheduled", "finished"]);

/** Whether the value is the "args" of a key binding in package.json. */
function isFromKey(value: unknown): value is { readonly view: View } {
	return typeof value === "object" && value !== null && "view" in value && VIEWS_OF_KEYS.has(value.view);
}

/** Does the same to several jobs; one that fails does not keep the others from it. What all of them fail by is told once. */
async function each(jobs: JobList, chosen: readonly Job[], act: (chore: Jobs, job: Job) => Promise<unknown>): Promise<void> {
	const told = new Set<string>();
	await Promise.all(
		chosen.map(async (job) => {
			try {
				await jobs.use(job, (chore) => act(chore, job));
			} catch (error) {
				if (!told.has(String(error))) report(error);
				told.add(String(error));
			}
			await jobs.look(job);
		}),
	);
}

async function forget(jobs: JobList, chosen: readonly Job[]): Promise<void> {
	const question = chosen.length === 1 ? `Forget ${namesOf(chosen)}?` : `Forget ${chosen.length} finished jobs?`;
	if (!(await confirmed(question, "Their records and output are deleted.", "Forget"))) return;
	await vscode.window.withProgress({ location: { viewId: "chore.finished" } }, () =>
		each(jobs, chosen, (chore, { id }) => chore.remove(id)),
	);
}

async function confirmed(question: string, detail: string, answer: string): Promise<boolean> {
	return (await vscode.window.showWarningMessage(question, { modal: true, detail }, answer)) === answer;
}

/**
 * Whether the workspace is trusted; says so where it is not. The manifest disables these commands there, but an extension can
 * ask for them all the same.
 */
function isTrusted(otherwise: string): boolean {
	if (vscode.workspace.isTrusted) return true;
	void vscode.window.showWarningMessage(`This workspace is not trusted: jobs can be seen here, ${otherwise}.`);
	return false;
}

async function copy(lines: readonly string[]): Promise<void> {
	await vscode.env.clipboard.writeText(lines.join("\n"));
}

function namesOf(chosen: readonly Job[]): string {
	return literal(chosen.map(({ name }) => name).join(", "));
}
