/** Logs in the output panel: one channel a job, made by "Show Log". It begins with the end of the log and goes on live. */
import * as vscode from "vscode";
import { isChoreError, type Job, type Jobs } from "../../src/index.ts";
import { describe } from "../failure.ts";
import type { JobList } from "../jobs/job-list.ts";
import { logTailBytes } from "../settings.ts";
import { literal, nameWords, rowWords } from "../words.ts";
import { BoundedText } from "./bounded-text.ts";
import { LogLinks, whereWords } from "./log-links.ts";

/** The editor colours times and levels in text of this language. */
const LANGUAGE = "log";

/** The greatest number of open channels. Opening another closes the one that was shown least recently. */
const CHANNELS = 20;

export class LogChannels implements vscode.Disposable {
	readonly #jobs: JobList;
	readonly #open = new Map<string, LogChannel>();
	readonly #disposables: vscode.Disposable[];

	constructor(jobs: JobList) {
		this.#jobs = jobs;
		this.#disposables = [
			vscode.languages.registerDocumentLinkProvider({ scheme: "output", language: LANGUAGE }, new LogLinks()),
			jobs.onDidRemove((id) => this.#close(id)),
			jobs.onDidChange(() => {
				if (jobs.isOutOfReach) return;
				for (const [id, channel] of this.#open) channel.follow(jobs.get(id));
			}),
		];
	}

	/** Ids of the jobs whose channels are open; the channel shown last comes last. */
	get open(): readonly string[] {
		return [...this.#open.keys()];
	}

	/** Shows the log of a job. The keyboard focus does not move. */
	show(job: Job): void {
		const channel = this.#open.get(job.id) ?? new LogChannel(job, this.#jobs);
		this.#open.delete(job.id);
		this.#open.set(job.id, channel);
		channel.follow(job);
		channel.show();
		for (const id of this.open.slice(0, -CHANNELS)) this.#close(id);
	}

	dispose(): void {
		for (const id of this.open) this.#close(id);
		for (const one of this.#disposables) one.dispose();
	}

	#close(id: string): void {
		this.#open.get(id)?.dispose();
		this.#open.delete(id);
	}
}

class LogChannel implements vscode.Disposable {
	readonly #channel: vscode.OutputChannel;
	readonly #jobs: JobList;
	#run = 0;
	#following: AbortController | undefined;

	constructor(job: Job, jobs: JobList) {
		this.#jobs = jobs;
		this.#channel = vscode.window.createOutputChannel(`Chore: ${literal(nameWords(job))}`, LANGUAGE);
	}

	show(): void {
		this.#channel.show(true);
	}

	/** Reads the latest run of the job, unless it is being read already. */
	follow(job: Job | undefined): void {
		if (job?.run === 0) this.#channel.replace("[chore: it has not run yet]\n");
		if (job === undefined || job.run === this.#run) return;
		this.#run = job.run;
		this.#following?.abort();
		this.#following = new AbortController();
		this.#channel.clear();
		void this.#read(job, this.#following.signal);
	}

	dispose(): void {
		this.#following?.abort();
		this.#channel.dispose();
	}

	async #read(job: Job, signal: AbortSignal): Promise<void> {
		const text = new BoundedText(this.#channel, whereWords(job, this.#jobs.host), logTailBytes());
		signal.addEventListener("abort", () => text.stop());
		try {
			await this.#jobs.use(job, (chore) => copyLog(chore, job, text, signal));
		} catch (error) {
			if (signal.aborted) return;
			text.note(describe(error).message);
			// It is read anew once the server is there again.
			if (isChoreError(error) && error.code === "SERVER_UNREACHABLE") this.#run = 0;
		}
	}
}

/** Follows a run's log to its end, then says how it ended. */
async function copyLog(chore: Jobs, job: Job, text: BoundedText, signal: AbortSignal): Promise<void> {
	for await (const piece of chore.logs(job.id, { follow: true, run: job.run, tailBytes: logTailBytes(), signal })) {
		if (signal.aborted) return;
		text.add(piece);
		// However much a job prints, other work of the extension host gets its turn.
		await new Promise((resume) => setImmediate(resume));
	}
	if (signal.aborted) return;
	text.end();
	const end = await chore.wait(job.id, { run: job.run, signal });
	if (!signal.aborted) text.note(rowWords(end));
}
