/** Tells what people wait for: that a job of this workspace failed, and that one is done that they asked about. */
import * as vscode from "vscode";
import { hasEnded, type Job } from "../src/index.ts";
import { notifyOnFailure } from "./settings.ts";
import type { JobSource } from "./source.ts";
import { literal, nameWords, stateWords } from "./words.ts";

/** Runs that somebody wants to hear of, as "id run": kept over reloads of the window. */
const AWAITED = "chore.awaited";

/** One failure after another is a list to look at, not a pile of messages. */
const MOST_AT_ONCE = 3;

export class Notifier implements vscode.Disposable {
	readonly #source: JobSource;
	readonly #memory: vscode.Memento;
	readonly #disposables: vscode.Disposable[];
	readonly #told = new Set<string>();
	#shown = 0;

	constructor(source: JobSource, memory: vscode.Memento) {
		this.#source = source;
		this.#memory = memory;
		this.#disposables = [
			source.onDidEnd((job) => {
				if (job.state !== "stopped" && job.state !== "succeeded" && notifyOnFailure() && isOfWorkspace(job)) this.#tell(job);
			}),
			source.onDidChange(() => this.#tellAwaited()),
		];
	}

	/** Tells when this run is over, however it ends, also after a reload of the window. */
	watch(job: Job): void {
		void this.#memory.update(AWAITED, [...new Set([...this.#awaited, runOf(job)])]);
	}

	dispose(): void {
		for (const one of this.#disposables) one.dispose();
	}

	get #awaited(): readonly string[] {
		return this.#memory.get<readonly string[]>(AWAITED, []);
	}

	#tellAwaited(): void {
		const awaited = this.#awaited;
		if (awaited.length === 0) return;
		const over = awaited.filter((run) => {
			const job = this.#source.job(run.split(" ")[0] ?? "");
			if (job === undefined || (runOf(job) === run && !hasEnded(job))) return false;
			if (runOf(job) === run) this.#tell(job);
			return true;
		});
		if (over.length > 0)
			void this.#memory.update(
				AWAITED,
				awaited.filter((run) => !over.includes(run)),
			);
	}

	#tell(job: Job): void {
		if (this.#told.has(runOf(job)) || this.#shown >= MOST_AT_ONCE) return;
		this.#told.add(runOf(job));
		this.#shown++;
		const text = literal(`${nameWords(job)} ${stateWords(job)}`);
		const message =
			job.state === "succeeded" || job.state === "stopped" ? vscode.window.showInformationMessage : vscode.window.showWarningMessage;
		void message(text, "Show Log", "Run Again").then((choice) => {
			this.#shown--;
			if (choice !== undefined) {
				void vscode.commands.executeCommand(choice === "Show Log" ? "chore.showLog" : "chore.rerun", { kind: "job", job });
			}
		});
	}
}

/** Of two windows on one session, the one with the job's folder tells of it. */
function isOfWorkspace({ directory }: Job): boolean {
	const folders = vscode.workspace.workspaceFolders ?? [];
	return folders.length === 0 || folders.some(({ uri }) => directory === uri.fsPath || directory.startsWith(`${uri.fsPath}/`));
}

function runOf({ id, run }: Job): string {
	return `${id} ${run}`;
}
