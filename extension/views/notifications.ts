/** Messages about ends: each failure of a job of this workspace, and any end that the user asked to be told of. */
import * as vscode from "vscode";
import { isIdle, type Job } from "../../src/index.ts";
import type { JobList } from "../jobs/job-list.ts";
import { HOME, notifyOnFailure } from "../settings.ts";
import { asRun, literal, nameWords, stateWords } from "../words.ts";

/** Under this name the workspace remembers the runs of "Notify When Done", each as "id run": they outlive a reload of the window. */
const AWAITED = "chore.awaited";

/** Under this name it remembers the last runs that were told, so that a reloaded window does not tell them again. */
const TOLD = "chore.told";
const TOLD_LENGTH = 100;

/** The first 3 failures within 10 seconds get a message each. Those beyond are told in one message, 10 seconds after the first of them. */
const MOST_AT_ONCE = 3;
const AT_ONCE_MS = 10_000;

/** How many names stand in a message about several failures. */
const MOST_NAMES = 5;

export class Notifier implements vscode.Disposable {
	readonly #jobs: JobList;
	readonly #memory: vscode.Memento;
	readonly #disposables: vscode.Disposable[];
	readonly #told: Set<string>;
	#failuresAtMs: readonly number[] = [];
	/** Failures that wait to be told in one message, by run. */
	readonly #gathered = new Map<string, Job>();
	#gathering: NodeJS.Timeout | undefined;
	/** Ids of jobs with a schedule whose last run failed. Of failures in a row the first is told. */
	readonly #failing = new Set<string>();

	constructor(jobs: JobList, memory: vscode.Memento) {
		this.#jobs = jobs;
		this.#memory = memory;
		this.#told = new Set(memory.get<readonly string[]>(TOLD, []));
		this.#disposables = [
			jobs.onDidEnd((job) => {
				const isRepeated = this.#failing.has(job.id);
				if (isGood(job)) this.#failing.delete(job.id);
				else if (job.schedule !== null) this.#failing.add(job.id);
				if (!isGood(job) && !isRepeated && notifyOnFailure() && this.#isOfWorkspace(job)) this.#tellFailure(job);
			}),
			jobs.onDidChange(() => this.#tellAwaited()),
		];
	}

	/** Tells when this run is over, however it ends, also after a reload of the window. */
	watch(job: Job): void {
		void this.#memory.update(AWAITED, [...new Set([...this.#awaited, runOf(job)])]);
	}

	dispose(): void {
		clearTimeout(this.#gathering);
		for (const one of this.#disposables) one.dispose();
	}

	/**
	 * Whether the job runs in a folder of this window. Of two windows on one session only the one with that folder tells of a
	 * failure. A window without a folder runs its jobs at home. The directories of another machine are in no workspace here.
	 */
	#isOfWorkspace({ directory }: Job): boolean {
		if (this.#jobs.host !== undefined) return false;
		const folders = vscode.workspace.workspaceFolders ?? [];
		if (folders.length === 0) return directory === HOME;
		return folders.some(({ uri }) => directory === uri.fsPath || directory.startsWith(`${uri.fsPath}/`));
	}

	get #awaited(): readonly string[] {
		return this.#memory.get<readonly string[]>(AWAITED, []);
	}

	#tellAwaited(): void {
		const awaited = this.#awaited;
		if (awaited.length === 0) return;
		const over = awaited.filter((run) => {
			const job = this.#jobs.get(run.split(" ")[0] ?? "");
			if (job === undefined || (runOf(job) === run && !isIdle(job))) return false;
			if (runOf(job) === run) this.#tell(job);
			return true;
		});
		if (over.length > 0)
			void this.#memory.update(
				AWAITED,
				awaited.filter((run) => !over.includes(run)),
			);
	}

	#tellFailure(job: Job): void {
		if (this.#told.has(runOf(job))) return;
		const now = Date.now();
		const recent = this.#failuresAtMs.filter((atMs) => now - atMs < AT_ONCE_MS);
		if (recent.length < MOST_AT_ONCE) {
			this.#failuresAtMs = [...recent, now];
			this.#tell(job);
			return;
		}
		this.#gathered.set(runOf(job), job);
		this.#gathering ??= setTimeout(() => this.#tellGathered(), AT_ONCE_MS);
	}

	#tellGathered(): void {
		this.#gathering = undefined;
		// A run of "Notify When Done" was told at once, and is not told twice.
		const failed = [...this.#gathered.values()].filter((job) => !this.#told.has(runOf(job)));
		this.#gathered.clear();
		const [first, second] = failed;
		if (first === undefined) return;
		if (second === undefined) {
			this.#tell(first);
			return;
		}
		this.#remember(failed);
		const names = [...failed.slice(0, MOST_NAMES).map(nameWords), ...(failed.length > MOST_NAMES ? ["…"] : [])].join(", ");
		void vscode.window.showWarningMessage(literal(`${failed.length} more jobs failed: ${names}`), "Show Jobs").then((choice) => {
			if (choice !== undefined) void vscode.commands.executeCommand("chore.showJobs");
		});
	}

	#remember(told: readonly Job[]): void {
		for (const job of told) this.#told.add(runOf(job));
		void this.#memory.update(TOLD, [...this.#told].slice(-TOLD_LENGTH));
	}

	#tell(job: Job): void {
		if (this.#told.has(runOf(job))) return;
		this.#remember([job]);
		const text = literal(`${nameWords(job)} ${stateWords(asRun(job))}`);
		const message = isGood(job) ? vscode.window.showInformationMessage : vscode.window.showWarningMessage;
		void message(text, "Show Log", "Run Again").then((choice) => {
			if (choice !== undefined) {
				void vscode.commands.executeCommand(choice === "Show Log" ? "chore.showLog" : "chore.rerun", { kind: "job", job });
			}
		});
	}
}

/** Whether the run that has ended did so well, or because somebody wanted it to. */
function isGood(job: Job): boolean {
	const { state } = asRun(job);
	return state === "succeeded" || state === "stopped";
}

function runOf({ id, run }: Job): string {
	return `${id} ${run}`;
}
