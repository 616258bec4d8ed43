/** The two views of the sidebar, and the count of failures that the user has not seen yet. */
import * as vscode from "vscode";
import type { Job } from "../../src/index.ts";
import type { JobList } from "../jobs/job-list.ts";
import { finishedLimit, groupBy } from "../settings.ts";
import { literal } from "../words.ts";
import { type Row, treeItem } from "./row.ts";
import { JobTree } from "./tree.ts";

/** Under this name the workspace remembers when the view of finished jobs was last visible: milliseconds since the epoch. */
const LOOKED_AT = "chore.lookedAtMs";

export class Sidebar implements vscode.Disposable {
	readonly running: vscode.TreeView<Row>;
	readonly finished: vscode.TreeView<Row>;
	readonly trees: { readonly running: JobTree; readonly finished: JobTree };
	readonly #jobs: JobList;
	readonly #memory: vscode.Memento;
	readonly #unseenChanged = new vscode.EventEmitter<void>();
	readonly onDidChangeUnseen: vscode.Event<void> = this.#unseenChanged.event;
	readonly #disposables: vscode.Disposable[] = [];
	#unseen: readonly Job[] = [];
	#filtered = "";

	constructor(jobs: JobList, memory: vscode.Memento) {
		this.#jobs = jobs;
		this.#memory = memory;
		this.trees = {
			running: new JobTree(jobs, { shows: "running", groupBy, limit: finishedLimit }),
			finished: new JobTree(jobs, { shows: "finished", groupBy, limit: finishedLimit }),
		};
		const options = { canSelectMany: true, showCollapseAll: false };
		this.running = vscode.window.createTreeView("chore.running", { ...options, treeDataProvider: this.trees.running });
		this.finished = vscode.window.createTreeView("chore.finished", { ...options, treeDataProvider: this.trees.finished });
		// In a workspace that is new to the extension, earlier failures are not counted as unseen.
		if (this.#lookedAtMs === undefined) this.#look();
		this.#disposables.push(
			this.running,
			this.finished,
			this.trees.running,
			this.trees.finished,
			this.#unseenChanged,
			jobs.onDidChange(() => this.#count()),
			// Called when the view is shown and when it is hidden: what failed in between was seen.
			this.finished.onDidChangeVisibility(() => {
				this.#look();
				this.#count();
			}),
		);
	}

	/** Jobs that failed since the view of finished jobs was last visible. */
	get unseen(): readonly Job[] {
		return this.#unseen;
	}

	/**
	 * The rows that a key acts on: the one that the arrow keys went to, and with it the selected ones if it is one of them.
	 *
	 * The editor tells extensions only which rows are selected. A command of its own changes whether the row with the keyboard
	 * is, which shows the row; the second call undoes that.
	 */
	async rowsOfKey(view: "running" | "finished"): Promise<readonly Row[]> {
		const before = this[view].selection;
		await vscode.commands.executeCommand("list.toggleSelection");
		const after = this[view].selection;
		await vscode.commands.executeCommand("list.toggleSelection");
		// By their ids: the view may have been drawn in between.
		const selected = new Set(before.map((row) => treeItem(row).id));
		const added = after.filter((row) => !selected.has(treeItem(row).id));
		return added.length > 0 ? added : before;
	}

	/** What the rows are filtered by, "" for nothing. */
	get filtered(): string {
		return this.#filtered;
	}

	filter(text: string): void {
		this.#filtered = text.trim();
		for (const name of ["running", "finished"] as const) {
			this.trees[name].filter(this.#filtered);
			this[name].description = this.#filtered === "" ? "" : `filter: ${literal(this.#filtered)}`;
		}
		void vscode.commands.executeCommand("setContext", "chore.filtered", this.#filtered !== "");
	}

	redraw(): void {
		this.trees.running.redraw();
		this.trees.finished.redraw();
	}

	dispose(): void {
		for (const one of this.#disposables) one.dispose();
	}

	get #lookedAtMs(): number | undefined {
		return this.#memory.get<number>(LOOKED_AT);
	}

	#look(): void {
		void this.#memory.update(LOOKED_AT, Date.now());
	}

	#count(): void {
		const since = this.finished.visible ? Number.POSITIVE_INFINITY : (this.#lookedAtMs ?? Number.POSITIVE_INFINITY);
		const unseen = this.#jobs.all.filter(({ state, endedAt }) => state === "failed" && endedAt !== null && Date.parse(endedAt) > since);
		const had = this.#unseen.length;
		this.#unseen = unseen;
		if (unseen.length === had) return;
		const tooltip = unseen.length === 1 ? "1 job failed" : `${unseen.length} jobs failed`;
		this.finished.badge = unseen.length === 0 ? undefined : { value: unseen.length, tooltip: `${tooltip} since you last looked` };
		this.#unseenChanged.fire();
	}
}
