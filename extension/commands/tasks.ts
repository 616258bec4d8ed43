/**
 * Tasks of the type "chore": each starts a job and follows it in the task's terminal. The job goes on when the terminal or the
 * window is closed, and the same task run again attaches to it.
 */
import { isAbsolute, resolve } from "node:path";
import * as vscode from "vscode";
import { ChoreError, isIdle, type Job, type RunOptions } from "../../src/index.ts";
import type { JobList } from "../jobs/job-list.ts";
import { FollowTerminal } from "../logs/terminal.ts";
import { HOME } from "../settings.ts";
import { start } from "../start/start.ts";
import { nameWords } from "../words.ts";

/** A task as it is written in tasks.json. */
export interface ChoreTask extends vscode.TaskDefinition {
	/** A program where `args` are given, else a line of shell. */
	readonly command: string;
	readonly args?: readonly string[];
	readonly name?: string;
	readonly cwd?: string;
	readonly env?: Readonly<Record<string, string>>;
	/** "fifo": the job takes what "Send Input" sends it, and its input does not end. Default "null": it is empty. */
	readonly stdin?: "null" | "fifo";
	/** Whether its output passes a pipe, for a program that opens /dev/stderr itself. Default false. */
	readonly relay?: boolean;
	/** What to do when the job of this task still runs. Default "attach". */
	readonly ifRunning?: "attach" | "fail" | "replace";
}

/** How much of the log so far is shown on attaching: a problem matcher needs all of it, but gigabytes would take minutes. */
const ATTACH_BYTES = 5 * 1024 * 1024;

export class ChoreTasks implements vscode.TaskProvider {
	readonly #jobs: JobList;

	constructor(jobs: JobList) {
		this.#jobs = jobs;
	}

	/** The scripts of each folder's package.json, which only this machine has. */
	async provideTasks(): Promise<vscode.Task[]> {
		if (this.#jobs.host !== undefined) return [];
		const folders = vscode.workspace.workspaceFolders ?? [];
		return (await Promise.all(folders.map((folder) => this.#scriptsOf(folder)))).flat();
	}

	resolveTask(task: vscode.Task): vscode.Task | undefined {
		const definition = task.definition as ChoreTask;
		if (typeof definition.command !== "string" || definition.command.trim() === "") return undefined;
		const resolved = this.#task(definition, task.scope ?? vscode.TaskScope.Workspace, task.name);
		resolved.presentationOptions = task.presentationOptions;
		return resolved;
	}

	async #scriptsOf(folder: vscode.WorkspaceFolder): Promise<vscode.Task[]> {
		const scripts = await scriptNames(folder.uri);
		const program = scripts.length === 0 ? "npm" : await packageManager(folder.uri);
		return scripts.map((script) => this.#task({ type: "chore", command: program, args: ["run", script] }, folder, script));
	}

	#task(definition: ChoreTask, scope: vscode.WorkspaceFolder | vscode.TaskScope, name: string): vscode.Task {
		const execution = new vscode.CustomExecution(async (resolved) => {
			const task = resolved as ChoreTask;
			const find = async (): Promise<Job> => this.#jobOf(await runOptions(task, scope, name, this.#jobs.host), task);
			return new FollowTerminal(this.#jobs, find, { tailBytes: ATTACH_BYTES, endsWithJob: true });
		});
		return new vscode.Task(definition, scope, name, "chore", execution);
	}

	/** The job of this task that runs, or a new one. @throws ChoreError as `Chore.run` */
	async #jobOf(options: RunOptions, { ifRunning = "attach" }: ChoreTask): Promise<Job> {
		await this.#jobs.ready();
		// A task that names its job finds it by the name (`ifRunning` of the library); any other by its command, directory and variables.
		const running = options.name === undefined ? this.#jobs.all.find((job) => !isIdle(job) && isSame(job, options)) : undefined;
		if (running !== undefined) {
			if (ifRunning === "attach") return running;
			if (ifRunning === "fail") {
				throw new ChoreError("NAME_IN_USE", `the job of this task is ${running.state}: ${nameWords(running)}`, {
					hint: 'stop it first, or set "ifRunning" to "attach" or "replace"',
				});
			}
			await this.#jobs.use(running, (chore) => chore.stop(running.id));
		}
		return start(this.#jobs, options);
	}
}

/** What a task asks for, as the library takes it. Exported for its test. @param host the other machine where it is to run */
export async function runOptions(
	definition: ChoreTask,
	scope: vscode.WorkspaceFolder | vscode.TaskScope,
	name: string,
	host?: string,
): Promise<RunOptions> {
	const { command, args, cwd, env = {}, stdin = "null", relay = false, ifRunning = "attach" } = definition;
	const setEnvironment = Object.fromEntries(Object.entries(env).map(([key, value]) => [key, String(value)]));
	return {
		command: args === undefined ? ["/bin/sh", "-c", command] : [command, ...args.map(String)],
		directory: host === undefined ? directoryHere(cwd, scope) : directoryThere(cwd),
		setEnvironment,
		stdin,
		relay,
		tag: await environmentTag(setEnvironment),
		ifRunning: ifRunning === "attach" ? "skip" : ifRunning,
		...(definition.name === undefined ? { defaultName: name } : { name: definition.name }),
	};
}

/** In the form that `Job.directory` has, by which the job is found again. */
function directoryHere(cwd: string = ".", scope: vscode.WorkspaceFolder | vscode.TaskScope): string {
	const folder = typeof scope === "object" ? scope : vscode.workspace.workspaceFolders?.[0];
	return resolve(folder?.uri.fsPath ?? HOME, cwd);
}

/** Undefined for the home of the server's user. @throws ChoreError INVALID_ARGUMENT: another machine has no folder of the task */
function directoryThere(cwd: string | undefined): string | undefined {
	if (cwd === undefined || isAbsolute(cwd)) return cwd && resolve(cwd);
	throw new ChoreError("INVALID_ARGUMENT", `"${cwd}" is no directory of another machine`, {
		hint: 'there "cwd" of a task is an absolute path; without it the job runs at home',
	});
}

/** Whether a job is that of a task with these options. Exported for its test. */
export function isSame(job: Job, { command, directory, tag }: RunOptions): boolean {
	return (
		(directory === undefined || job.directory === directory) &&
		(job.tag ?? undefined) === tag &&
		JSON.stringify(job.command) === JSON.stringify(command)
	);
}

/** A tag by which jobs of tasks that differ only in their variables are told apart. It is a digest, since values may be secrets. */
async function environmentTag(variables: Readonly<Record<string, string>>): Promise<string | undefined> {
	const entries = Object.entries(variables).sort(([one], [other]) => (one < other ? -1 : 1));
	if (entries.length === 0) return undefined;
	const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(entries)));
	return `env ${Buffer.from(digest).toString("hex").slice(0, 16)}`;
}

async function scriptNames(folder: vscode.Uri): Promise<string[]> {
	try {
		const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(vscode.Uri.joinPath(folder, "package.json")));
		const { scripts } = JSON.parse(text) as { readonly scripts?: unknown };
		return typeof scripts === "object" && scripts !== null ? Object.keys(scripts) : [];
	} catch {
		return []; // there is no package.json, or it is being edited
	}
}

/** The package manager whose lock file is in the folder; npm if there is none. */
async function packageManager(folder: vscode.Uri): Promise<string> {
	for (const [file, program] of [
		["pnpm-lock.yaml", "pnpm"],
		["yarn.lock", "yarn"],
		["bun.lock", "bun"],
	] as const) {
		try {
			await vscode.workspace.fs.stat(vscode.Uri.joinPath(folder, file));
			return program;
		} catch {} // there is no such file
	}
	return "npm";
}
