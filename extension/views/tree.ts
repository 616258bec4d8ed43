/** A view of the sidebar. Keeps no jobs: it reads those of the window whenever it is drawn. */
import * as vscode from "vscode";
import { hasEnded, isChoreError, isIdle, type Job, type Usage } from "../../src/index.ts";
import type { JobList } from "../jobs/job-list.ts";
import type { GroupBy } from "../settings.ts";
import { commandLine } from "../words.ts";
import { type Row, tooltip, treeItem } from "./row.ts";

/** The views, by what they show. A job with a schedule is in the second always, and in the first while a run of it is active. */
export type View = "running" | "scheduled" | "finished";

const SHOWN: Readonly<Record<View, (job: Job) => boolean>> = {
	running: (job) => !isIdle(job),
	scheduled: ({ schedule }) => schedule !== null,
	finished: hasEnded,
};

export interface TreeOptions {
	readonly shows: View;
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
		this.#subscription = jobs.onDidChange(() => this.redrawIfNeeded());
	}

	redraw(): void {
		this.#draw(this.#looksNow());
	}

	/** Draws only if a row looks different: a drawn row loses its tooltip, and a click that has begun on it is lost. */
	redrawIfNeeded(): void {
		const looks = this.#looksNow();
		if (looks !== this.#looks) this.#draw(looks);
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
		if (parent !== undefined) return parent.kind === "group" ? this.#rowsOf(parent.jobs) : [];
		await this.#jobs.ready();
		return this.#rows();
	}

	getTreeItem(row: Row): vscode.TreeItem {
		return treeItem(row);
	}

	/** Called when the pointer rests on a row, or the keyboard asks for its tooltip. */
	async resolveTreeItem(item: vscode.TreeItem, row: Row): Promise<vscode.TreeItem> {
		if (row.kind !== "job" && row.kind !== "schedule") return item;
		const job = this.#jobs.get(row.job.id) ?? row.job;
		item.tooltip = tooltip(job, isIdle(job) ? null : await this.#usage(job));
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

	#draw(looks: string): void {
		this.#looks = looks;
		this.#changed.fire(undefined);
	}

	/** All that is visible of the rows, tooltips apart, as text to compare. */
	#looksNow(): string {
		const all = this.#rows().flatMap((row) => (row.kind === "group" ? [row, ...this.#rowsOf(row.jobs)] : [row]));
		return JSON.stringify(all.map(treeItem), (key, value) => (key === "command" ? undefined : value));
	}

	#rows(): Row[] {
		const { shows, groupBy, limit } = this.#options;
		const wanted = this.#jobs.all.filter((job) => SHOWN[shows](job) && this.#matches(job));
		if (shows === "scheduled") wanted.sort(byNext);
		const shown = shows === "finished" ? wanted.slice(0, limit() * this.#pages) : wanted;
		const { failure } = this.#jobs;
		return [
			...(failure !== undefined && shows === "running" ? [{ kind: "failure", failure } as const] : []),
			...(groupBy() === "none" ? this.#rowsOf(shown) : grouped(shown, groupBy())),
			...(shown.length < wanted.length ? [{ kind: "more", hidden: wanted.length - shown.length } as const] : []),
		];
	}

	#rowsOf(jobs: readonly Job[]): Row[] {
		const kind = this.#options.shows === "scheduled" ? "schedule" : "job";
		return jobs.map((job) => ({ kind, job }));
	}

	#matches(job: Job): boolean {
		return (
			this.#filter === "" ||
			[job.name, job.state, job.directory, commandLine(job.command)].some((text) => text.toLowerCase().includes(this.#filter))
		);
	}
}

/** The one that runs next first, those of which that is not known last. */
function byNext(one: Job, other: Job): number {
	const key = ({ schedule, name, id }: Job): string => `${schedule?.next ?? "~"} ${name} ${id}`;
	return key(one) < key(other) ? -1 : 1;
}

function grouped(jobs: readonly Job[], by: GroupBy): Row[] {
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
