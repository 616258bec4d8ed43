/** The jobs of a session as `chore ps` has them, and those with a schedule. */
import { colourOf, nextWords, shortStateWords, shownCommand, since } from "../../../facts.ts";
import { type Job, shortId } from "../../../index.ts";
import { printable } from "../../../words.ts";
import { element, setChildren, setText } from "./dom.ts";
import { addressOf, type Place } from "./place.ts";
import { askJson } from "./server.ts";
import type { View } from "./view.ts";

/** How many more of all jobs are asked for at a time, and how many at most. */
const PAGE = 200;
const MOST = 1000;

type When = (job: Job, nowMs: number) => string;

export class ListView implements View {
	readonly element: HTMLElement;
	#place: Place;
	readonly #filter = element("input", { type: "search", placeholder: "Filter", ariaLabel: "Filter by name, state or command" });
	readonly #all = element("input", { type: "checkbox" });
	readonly #none = element("p", { className: "faint" });
	readonly #jobs: JobTable;
	readonly #scheduled: JobTable;
	readonly #scheduledPart: HTMLElement;
	readonly #more = element("button", { type: "button", hidden: true }, "More");
	#count = PAGE;
	#found: readonly Job[] | undefined;
	#withSchedule: readonly Job[] = [];

	/** @param onMore is called when it should be refreshed */
	constructor(place: Place, onMore: () => void) {
		this.#place = place;
		const address = (job: Job) => addressOf({ job: job.id, session: place.session });
		this.#jobs = new JobTable("Since", since, address);
		this.#scheduled = new JobTable("Next", (job, nowMs) => nextWords(job, nowMs).replace(/^next:? /, ""), address);
		this.#scheduledPart = element("section", { hidden: true }, element("h2", {}, "Scheduled"), this.#scheduled.element);
		this.goTo(place);
		this.#all.onchange = () => location.replace(addressOf({ ...this.#place, all: this.#all.checked }));
		const tools = element("div", { className: "tools" }, this.#filter, element("label", {}, this.#all, "All jobs"));
		const heading = element("h1", { tabIndex: -1 }, "Jobs");
		this.element = element("section", {}, heading, tools, this.#none, this.#jobs.element, this.#more, this.#scheduledPart);
		this.#filter.oninput = () => this.tick();
		this.#more.onclick = () => {
			this.#count = Math.min(MOST, this.#count + PAGE);
			onMore();
		};
	}

	goTo(place: Place): void {
		this.#place = place;
		this.#all.checked = place.all;
	}

	async refresh(signal: AbortSignal): Promise<void> {
		const { session, all } = this.#place;
		const query = { session, ...(all ? { all, limit: this.#count } : {}) };
		[this.#found, this.#withSchedule] = await Promise.all([
			askJson<readonly Job[]>("/v1/jobs", { query, signal }),
			askJson<readonly Job[]>("/v1/schedules", { query: { session }, signal }),
		]);
		this.#more.hidden = !all || this.#count >= MOST || this.#found.length < this.#count;
		document.title = "chore";
		this.tick();
	}

	tick(): void {
		if (this.#found === undefined) return;
		const words = this.#filter.value.toLowerCase().split(/\s+/);
		const fits = (job: Job) => {
			const text = `${job.name} ${job.id} ${shortStateWords(job)} ${shownCommand(job.command)}`.toLowerCase();
			return words.every((word) => text.includes(word));
		};
		const jobs = this.#found.filter((job) => job.state !== "scheduled" && fits(job));
		const scheduled = this.#withSchedule.filter(fits);
		this.#jobs.show(jobs);
		this.#scheduled.show(scheduled);
		this.#scheduledPart.hidden = scheduled.length === 0;
		this.#none.hidden = jobs.length > 0;
		setText(
			this.#none,
			words.some(Boolean) ? "No job fits." : this.#place.all ? "There are no jobs." : "No job is active or has ended lately.",
		);
	}

	rest(): void {}
}

class JobTable {
	readonly element: HTMLElement;
	readonly #body = element("tbody");
	readonly #rows = new Map<string, HTMLTableRowElement>();
	readonly #when: When;
	readonly #address: (job: Job) => string;

	constructor(whenTitle: string, when: When, address: (job: Job) => string) {
		this.#when = when;
		this.#address = address;
		const titles = ["Name", "State", whenTitle, "Command"].map((title) => element("th", { scope: "col" }, title));
		this.element = element("table", { hidden: true }, element("thead", {}, element("tr", {}, ...titles)), this.#body);
	}

	show(jobs: readonly Job[]): void {
		const nowMs = Date.now();
		const rows = jobs.map((job) => this.#rowOf(job, nowMs));
		const ids = new Set(jobs.map(({ id }) => id));
		for (const id of this.#rows.keys()) if (!ids.has(id)) this.#rows.delete(id);
		setChildren(this.#body, rows);
		this.element.hidden = rows.length === 0;
	}

	#rowOf(job: Job, nowMs: number): HTMLTableRowElement {
		const row = this.#rows.get(job.id) ?? this.#newRow(job);
		const command = job.command.length === 0 ? printable(job.reason ?? "") : shownCommand(job.command);
		for (const [index, text] of [shortStateWords(job), this.#when(job, nowMs), command].entries()) {
			const cell = row.cells[index + 1];
			if (cell !== undefined) setText(cell, text);
		}
		if (row.cells[1] !== undefined) row.cells[1].className = colourOf(job);
		return row;
	}

	#newRow(job: Job): HTMLTableRowElement {
		const link = element("a", { href: this.#address(job), title: shortId(job.id) }, job.name);
		const row = element("tr", {}, element("td", {}, link), element("td"), element("td"), element("td"));
		this.#rows.set(job.id, row);
		return row;
	}
}
