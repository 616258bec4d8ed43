/**
 * Tasks of the type "chore": a job, and a terminal that follows it. The job is not the terminal's: closing the one, or the
 * window, leaves the other, and the same task run again finds it.
 */
import * as vscode from "vscode";
import { ChoreError, hasEnded, type Job, type RunOptions } from "../../src/index.ts";
import type { JobList } from "../jobs/job-list.ts";
import { FollowTerminal } from "../logs/terminal.ts";
import { HOME } from "../settings.ts";
import { start } from "../start/start.ts";
import { nameWords } from "../words.ts";

/** What stands in tasks.json. */
export interface ChoreTask extends vscode.TaskDefinition {
	/** A program where `args` are given, else a line of shell. */
	readonly command: string;
	readonly args?: readonly string[];
	readonly name?: string;
	readonly cwd?: string;
	readonly env?: Readonly<Record<string, string>>;
	/** What to do about the job of this task that still runs. */
	readonly ifRunning?: "attach" | "fail" | "replace";
}

/** A problem matcher wants all of a log; a log of gigabytes, nobody. */
const ATTACH_BYTES = 5 * 1024 * 1024;

export class ChoreTasks implements vscode.TaskProvider {
	readonly #jobs: JobList;

	constructor(jobs: JobList) {
		this.#jobs = jobs;
	}

	/** The scripts of each folder's package.json. */
	async provideTasks(): Promise<vscode.Task[]> {
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
			const options = await runOptions(resolved as ChoreTask, scope, name);
			const find = (): Promise<Job> => this.#jobOf(options, resolved as ChoreTask);
			return new FollowTerminal(this.#jobs, find, { tailBytes: ATTACH_BYTES, endsWithJob: true });
		});
		return new vscode.Task(definition, scope, name, "chore", execution);
	}

	/** The job of this task that runs, or a new one. @throws ChoreError as `Chore.run` */
	async #jobOf(options: RunOptions, { ifRunning = "attach" }: ChoreTask): Promise<Job> {
		await this.#jobs.ready();
		// Without a name of its own a task's job is known by what it does: a "build" of another folder, or with other variables, is another job.
		const running = options.name === undefined ? this.#jobs.all.find((job) => !hasEnded(job) && isSame(job, options)) : undefined;
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

/** What a task asks for, as the library takes it. Exported for its test. */
export async function runOptions(
	definition: ChoreTask,
	scope: vscode.WorkspaceFolder | vscode.TaskScope,
	name: string,
): Promise<RunOptions> {
	const folder = typeof scope === "object" ? scope : vscode.workspace.workspaceFolders?.[0];
	const { command, args, cwd = ".", env = {}, ifRunning = "attach" } = definition;
	const setEnvironment = Object.fromEntries(Object.entries(env).map(([key, value]) => [key, String(value)]));
	return {
		command: args === undefined ? ["/bin/sh", "-c", command] : [command, ...args.map(String)],
		directory: resolvedPath(folder?.uri.fsPath ?? HOME, cwd),
		setEnvironment,
		tag: await environmentTag(setEnvironment),
		ifRunning: ifRunning === "attach" ? "skip" : ifRunning,
		...(definition.name === undefined ? { defaultName: name } : { name: definition.name }),
	};
}

/** Whether a job is that of a task with these options. Exported for its test. */
export function isSame(job: Job, { command, directory, tag }: RunOptions): boolean {
	return job.directory === directory && (job.tag ?? undefined) === tag && JSON.stringify(job.command) === JSON.stringify(command);
}

/** A path as the library resolves it, and as it then stands in `Job.directory`: absolute, without ".", ".." and a slash at its end. */
function resolvedPath(folder: string, path: string): string {
	const parts: string[] = [];
	for (const part of (path.startsWith("/") ? path : `${folder}/${path}`).split("/")) {
		if (part === "..") parts.pop();
		else if (part !== "" && part !== ".") parts.push(part);
	}
	return `/${parts.join("/")}`;
}

/** Tells apart the jobs of tasks that differ in their variables alone: a digest, since the values may be secrets. None for no variables. */
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
		return []; // none, or one that somebody is about to write
	}
}

/** The one whose lock file is there. */
async function packageManager(folder: vscode.Uri): Promise<string> {
	for (const [file, program] of [
		["pnpm-lock.yaml", "pnpm"],
		["yarn.lock", "yarn"],
		["bun.lock", "bun"],
	] as const) {
		try {
			await vscode.workspace.fs.stat(vscode.Uri.joinPath(folder, file));
			return program;
		} catch {} // not this one
	}
	return "npm";
}
