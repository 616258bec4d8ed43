/** One job: what `chore status` tells, its runs, and the output of one of them. */
import { clockTime, colourOf, earlierRun, facts, headline, processTree, shortStateWords } from "../../../facts.ts";
import type { Job, JobDetails } from "../../../index.ts";
import { asRun, nameWords, printable } from "../../../words.ts";
import { element, setChildren, setText } from "./dom.ts";
import { Log } from "./log.ts";
import { addressOf, type Place } from "./place.ts";
import { askJson, Refusal } from "./server.ts";
import type { View } from "./view.ts";

/** How many moments of a schedule are shown. */
const MOMENTS = 3;

/** States in which output may be added. */
const ACTIVE: ReadonlySet<Job["state"]> = new Set<Job["state"]>(["starting", "running", "paused", "stopping", "queued"]);

export class JobView implements View {
	readonly element: HTMLElement;
	#place: Place;
	readonly #onCut: () => void;
	readonly #name = element("h1", { tabIndex: -1 });
	readonly #headline = element("p");
	readonly #facts = element("dl");
	/** Closed on a small screen, where the output is worth more. */
	readonly #about = element("details", { open: matchMedia("(min-width: 40rem)").matches }, element("summary", {}, "Details"), this.#facts);
	readonly #processes = element("pre");
	readonly #below = element("details", {}, element("summary", {}, "Processes"), this.#processes);
	readonly #runs = element("ul");
	readonly #earlier = element("details", {}, element("summary", {}, "Runs"), this.#runs);
	readonly #output = element("div");
	readonly #back = element("a", { textContent: "All jobs" });
	/** All that is empty until the server has answered. */
	readonly #body: HTMLElement;
	#details: JobDetails | undefined;
	#moments: readonly string[] = [];
	#log: Log | undefined;
	#shown = "";

	/** @param onCut is called when it should be refreshed */
	constructor(place: Place, onCut: () => void) {
		this.#place = place;
		this.#onCut = onCut;
		this.#back.href = addressOf({ session: place.session });
		const output = [element("h2", {}, "Output"), this.#output];
		this.#body = element("div", { hidden: true }, this.#about, this.#below, this.#earlier, ...output);
		this.element = element("section", {}, element("nav", {}, this.#back), this.#name, this.#headline, this.#body);
	}

	goTo(place: Place): void {
		this.#place = place;
	}

	async refresh(signal: AbortSignal): Promise<void> {
		const { job: reference = "", session, run } = this.#place;
		const path = `/v1/jobs/${encodeURIComponent(reference)}`;
		const details = await askJson<JobDetails>(`${path}/status`, { query: { lines: 0, session }, signal });
		const isScheduled = details.job.schedule !== null && details.job.schedule.next !== null;
		this.#moments = isScheduled ? await askJson(`${path}/upcoming`, { query: { count: MOMENTS, session }, signal }) : [];
		const asked = run === undefined || run === details.job.run ? details.job : details.earlierRuns.find((one) => one.run === run);
		if (asked === undefined) throw new Refusal(404, `${details.job.name} has no run ${run} any more`);
		this.#details = { ...details, job: asked, ...(asked === details.job ? {} : { usage: null, attempts: [] }) };
		this.#show(details);
		await this.#showOutput(asked, signal);
	}

	tick(): void {
		if (this.#details === undefined) return;
		const { job } = this.#details;
		setText(this.#headline, headline(job).slice(nameWords(job).length).replace(/^ is /, ""));
	}

	rest(): void {
		this.#log?.rest();
	}

	#show(latest: JobDetails): void {
		if (this.#details === undefined) return;
		const { job, usage } = this.#details;
		document.title = `${job.name}: ${shortStateWords(job)} – chore`;
		setText(this.#name, job.name);
		this.#headline.className = colourOf(asRun(job));
		this.tick();
		const moments = this.#moments.map((moment) => clockTime(new Date(moment))).join("; ");
		const all = [...facts(this.#details, printable), ...(moments === "" ? [] : [["next", moments] as const])];
		const shown = JSON.stringify(all);
		if (shown !== this.#shown)
			this.#facts.replaceChildren(...all.flatMap(([name, words]) => [element("dt", {}, name), element("dd", {}, words)]));
		this.#shown = shown;
		this.#body.hidden = false;
		this.#below.hidden = usage === null || usage.processes.length === 0;
		setText(this.#processes, processTree(usage?.processes ?? []).join("\n"));
		this.#earlier.hidden = latest.earlierRuns.length === 0;
		const runs = [...latest.earlierRuns, asRun(latest.job)].reverse();
		if (runs.length > 1)
			setChildren(
				this.#runs,
				runs.map((run) => this.#runRow(run, run.run === job.run)),
			);
	}

	#runRow(run: Job, isShown: boolean): HTMLElement {
		const words = earlierRun(run);
		if (isShown) return element("li", {}, `${words} (shown)`);
		return element("li", {}, element("a", { href: addressOf({ ...this.#place, run: run.run }) }, words));
	}

	async #showOutput(job: Job, signal: AbortSignal): Promise<void> {
		if (job.output.mode === "null" || job.run === 0) {
			setText(this.#output, job.run === 0 ? "It has not been run yet." : "It is thrown away.");
			return;
		}
		const { session, stream } = this.#place;
		const query = { run: job.run, session, ...(job.output.mode === "split" ? { stream } : {}) };
		const path = `/v1/jobs/${job.id}/output`;
		const key = `${path} ${JSON.stringify(query)}`;
		if (this.#log === undefined || this.#output.dataset["of"] !== key) {
			this.#log?.rest();
			this.#log = new Log(path, query, this.#streams(job), this.#wholeOf(path, query), this.#onCut);
			this.#output.dataset["of"] = key;
			this.#output.replaceChildren(this.#log.element);
		}
		await this.#log.refresh(ACTIVE.has(job.state), job.output.bytes, signal);
	}

	/** Of a job whose two streams are apart: which of them is shown, and a way to the other. */
	#streams({ output }: Job): HTMLElement[] {
		if (output.mode !== "split") return [];
		return (["stdout", "stderr"] as const).map((stream) =>
			stream === this.#place.stream ? element("strong", {}, stream) : element("a", { href: addressOf({ ...this.#place, stream }) }, stream),
		);
	}

	#wholeOf(path: string, query: Readonly<Record<string, string | number | undefined>>): HTMLElement {
		const url = new URL(path, location.origin);
		for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
		return element("a", { href: `${url}`, download: `output-${this.#place.job}.txt` }, "Download");
	}
}
