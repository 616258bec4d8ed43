/** A view of the sidebar. Keeps no jobs: it reads those of the window whenever it is drawn. */
import * as vscode from "vscode";
import { hasEnded, isChoreError, type Job, type Usage } from "../../src/index.ts";
import type { JobList } from "../jobs/job-list.ts";
import type { GroupBy } from "../settings.ts";
import { commandLine } from "../words.ts";
import { type Row, tooltip, treeItem } from "./row.ts";

export interface TreeOptions {
	readonly shows: "running" | "finished";
	readonly groupBy: () => GroupBy;
	/** How many ended jobs are shown until the user asks for more. */
	readonly limit: () => number;
}

export class JobTree implements vscode.TreeDataProvider<Row>, vscode.Disposable {
	readonly #changed = new vscode.EventEmitter<Row | undefined>();
	readonly onDidChangeTreeData: vscode.Event<Row | undefined> = this.#changed.event;
	readonly #jobs: JobList;
	readonly #options: TreeOptions;
	readonly #subscription: vscode.Disposable;
	#filter = "";
	#pages = 1;
	#looks: string | undefined;

	constructor(jobs: JobList, options: TreeOptions) {
		this.#jobs = jobs;
		this.#options = options;
		this.#subscription = jobs.onDidChange(() => this.#redrawIfNeeded());
	}

	redraw(): void {
		this.#draw(looksOf(this.#rows()));
	}

	/** Shows only jobs whose name, command, state or folder holds the text; all for "". */
	filter(text: string): void {
		this.#filter = text.toLowerCase();
		this.redraw();
	}

	showMore(): void {
		this.#pages++;
		this.redraw();
	}

	async getChildren(parent?: Row): Promise<Row[]> {
		if (parent !== undefined) return parent.kind === "group" ? jobRows(parent.jobs) : [];
		await this.#jobs.ready();
		return this.#rows();
	}

	getTreeItem(row: Row): vscode.TreeItem {
		return treeItem(row);
	}

	/** Called when the pointer rests on a row, or the keyboard asks for its tooltip. */
	async resolveTreeItem(item: vscode.TreeItem, row: Row): Promise<vscode.TreeItem> {
		if (row.kind !== "job") return item;
		const job = this.#jobs.get(row.job.id) ?? row.job;
		item.tooltip = tooltip(job, hasEnded(job) ? null : await this.#usage(job));
		return item;
	}

	/** What the job uses at present; null if that cannot be told, such as for one that has just ended. */
	async #usage(job: Job): Promise<Usage | null> {
		try {
			return await this.#jobs.use(job, async (chore) => (await chore.status(job.id, { lines: 0 })).usage);
		} catch (error) {
			if (!isChoreError(error)) throw error;
			return null;
		}
	}

	dispose(): void {
		this.#subscription.dispose();
		this.#changed.dispose();
	}

	/** Draws only if a row looks different: a drawn row loses its tooltip, and a click that has begun on it is lost. */
	#redrawIfNeeded(): void {
		const looks = looksOf(this.#rows());
		if (looks !== this.#looks) this.#draw(looks);
	}

	#draw(looks: string): void {
		this.#looks = looks;
		this.#changed.fire(undefined);
	}

	#rows(): Row[] {
		const wanted = this.#jobs.all.filter((job) => hasEnded(job) === (this.#options.shows === "finished") && this.#matches(job));
		const shown = this.#options.shows === "finished" ? wanted.slice(0, this.#options.limit() * this.#pages) : wanted;
		const { failure } = this.#jobs;
		return [
			...(failure !== undefined && this.#options.shows === "running" ? [{ kind: "failure", failure } as const] : []),
			...grouped(shown, this.#options.groupBy()),
			...(shown.length < wanted.length ? [{ kind: "more", hidden: wanted.length - shown.length } as const] : []),
		];
	}

	#matches(job: Job): boolean {
		return (
			this.#filter === "" ||
			[job.name, job.state, job.directory, commandLine(job.command)].some((text) => text.toLowerCase().includes(this.#filter))
		);
	}
}

/** All that is visible of rows, tooltips apart, as text to compare. */
function looksOf(rows: readonly Row[]): string {
	const all = rows.flatMap((row) => (row.kind === "group" ? [row, ...jobRows(row.jobs)] : [row]));
	return JSON.stringify(all.map(treeItem), (key, value) => (key === "command" ? undefined : value));
}

function grouped(jobs: readonly Job[], by: GroupBy): Row[] {
	if (by === "none") return jobRows(jobs);
	const groups = new Map<string, Job[]>();
	for (const job of jobs) {
		const key = by === "session" ? job.session : job.directory;
		const group = groups.get(key);
		if (group === undefined) groups.set(key, [job]);
		else group.push(job);
	}
	return [...groups].map(([key, group]) => ({
		kind: "group",
		key,
		label: by === "session" ? key : (key.split("/").filter(Boolean).at(-1) ?? "/"),
		description: by === "session" ? "" : key,
		jobs: group,
	}));
}

function jobRows(jobs: readonly Job[]): Row[] {
	return jobs.map((job) => ({ kind: "job", job }));
}
