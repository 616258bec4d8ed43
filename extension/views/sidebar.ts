/** The views of the sidebar, and the count of failures that the user has not seen yet. */
import * as vscode from "vscode";
import type { Job } from "../../src/index.ts";
import type { JobList } from "../jobs/job-list.ts";
import { finishedLimit, groupBy } from "../settings.ts";
import { asRun, hostWords, literal } from "../words.ts";
import { type Row, treeItem } from "./row.ts";
import { JobTree, type View } from "./tree.ts";

const VIEWS: readonly View[] = ["running", "scheduled", "finished"];

/**
 * The views where failures are to be seen. Under the name beside each the workspace remembers when it was last visible:
 * milliseconds since the epoch.
 */
const LOOKED_AT = { scheduled: "chore.lookedAtSchedulesMs", finished: "chore.lookedAtMs" } as const;

type Failing = keyof typeof LOOKED_AT;

export class Sidebar implements vscode.Disposable {
	readonly running: vscode.TreeView<Row>;
	/** Is there only while a job has a schedule: package.json hides it by a context key. */
	readonly scheduled: vscode.TreeView<Row>;
	readonly finished: vscode.TreeView<Row>;
	readonly trees: Readonly<Record<View, JobTree>>;
	readonly #jobs: JobList;
	readonly #memory: vscode.Memento;
	readonly #unseenChanged = new vscode.EventEmitter<void>();
	readonly onDidChangeUnseen: vscode.Event<void> = this.#unseenChanged.event;
	readonly #disposables: vscode.Disposable[] = [];
	#unseen: Readonly<Record<Failing, readonly Job[]>> = { scheduled: [], finished: [] };
	#filtered = "";
	/** The context keys as they were set last. */
	readonly #contexts = new Map<string, boolean>();

	constructor(jobs: JobList, memory: vscode.Memento) {
		this.#jobs = jobs;
		this.#memory = memory;
		const tree = (shows: View): JobTree => new JobTree(jobs, { shows, groupBy, limit: finishedLimit });
		this.trees = { running: tree("running"), scheduled: tree("scheduled"), finished: tree("finished") };
		const view = (shows: View): vscode.TreeView<Row> =>
			vscode.window.createTreeView(`chore.${shows}`, {
				canSelectMany: true,
				showCollapseAll: false,
				treeDataProvider: this.trees[shows],
			});
		this.running = view("running");
		this.scheduled = view("scheduled");
		this.finished = view("finished");
		this.#disposables.push(
			...VIEWS.flatMap((name) => [this[name], this.trees[name]]),
			this.#unseenChanged,
			jobs.onDidChange(() => {
				this.#setContexts();
				this.#describe();
				this.#count("scheduled");
				this.#count("finished");
			}),
			// "09:00" means today: what was drawn yesterday is drawn anew when somebody comes back.
			vscode.window.onDidChangeWindowState(() => this.trees.scheduled.redrawIfNeeded()),
		);
		for (const name of ["scheduled", "finished"] as const) {
			// In a workspace that is new to the extension, earlier failures are not counted as unseen.
			if (this.#lookedAtMs(name) === undefined) this.#look(name);
			// Called when the view is shown and when it is hidden: what failed in between was seen.
			const seen = this[name].onDidChangeVisibility(() => {
				this.#look(name);
				this.#count(name);
			});
			this.#disposables.push(seen);
		}
		this.#setContexts();
		this.#describe();
	}

	/** Jobs that failed since the view that they are in was last visible. */
	get unseen(): readonly Job[] {
		return [...this.#unseen.scheduled, ...this.#unseen.finished];
	}

	/**
	 * The rows that a key acts on: the one that the arrow keys went to, and with it the selected ones if it is one of them.
	 *
	 * The editor tells extensions only which rows are selected. A command of its own changes whether the row with the keyboard
	 * is, which shows the row; the second call undoes that.
	 */
	async rowsOfKey(view: View): Promise<readonly Row[]> {
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
		for (const name of VIEWS) this.trees[name].filter(this.#filtered);
		this.#setContexts();
		this.#describe();
	}

	redraw(): void {
		for (const name of VIEWS) this.trees[name].redraw();
	}

	dispose(): void {
		for (const one of this.#disposables) one.dispose();
	}

	#lookedAtMs(view: Failing): number | undefined {
		return this.#memory.get<number>(LOOKED_AT[view]);
	}

	#look(view: Failing): void {
		void this.#memory.update(LOOKED_AT[view], Date.now());
	}

	/** Sets what the "when" clauses of package.json ask for. */
	#setContexts(): void {
		for (const [name, is] of [
			["chore.scheduled", this.#jobs.all.some(({ schedule }) => schedule !== null)],
			["chore.filtered", this.#filtered !== ""],
			["chore.remote", this.#jobs.host !== undefined],
			["chore.readOnly", this.#jobs.isReadOnly],
		] as const) {
			if (this.#contexts.get(name) === is) continue;
			this.#contexts.set(name, is);
			void vscode.commands.executeCommand("setContext", name, is);
		}
	}

	/** Says beside the titles of the views which machine they are about, and what they are filtered by. */
	#describe(): void {
		const { host, isOutOfReach, all } = this.#jobs;
		const words = [
			...(host === undefined ? [] : [hostWords(host)]),
			...(isOutOfReach && all.length > 0 ? ["as last seen"] : []),
			...(this.#filtered === "" ? [] : [`filter: ${this.#filtered}`]),
		];
		const description = literal(words.join(" · "));
		for (const name of VIEWS) if (this[name].description !== description) this[name].description = description;
	}

	#count(view: Failing): void {
		const since = this[view].visible ? Number.POSITIVE_INFINITY : (this.#lookedAtMs(view) ?? Number.POSITIVE_INFINITY);
		const unseen = this.#jobs.all.filter((job) => {
			const { state, endedAt } = asRun(job);
			return (job.schedule !== null) === (view === "scheduled") && state === "failed" && endedAt !== null && Date.parse(endedAt) > since;
		});
		const had = this.#unseen[view].length;
		this.#unseen = { ...this.#unseen, [view]: unseen };
		if (unseen.length === had) return;
		const tooltip = unseen.length === 1 ? "1 job failed" : `${unseen.length} jobs failed`;
		this[view].badge = unseen.length === 0 ? undefined : { value: unseen.length, tooltip: `${tooltip} since you last looked` };
		this.#unseenChanged.fire();
	}
}
