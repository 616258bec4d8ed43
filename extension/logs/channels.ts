/** Logs in the output panel: one channel a job, made when somebody asks for it, the end of the log first, then live. */
import * as vscode from "vscode";
import type { Chore, Job, LogPiece } from "../../src/index.ts";
import { describe } from "../failure.ts";
import type { JobList } from "../jobs/job-list.ts";
import { logTailBytes } from "../settings.ts";
import { literal, nameWords, rowWords } from "../words.ts";
import { LogLinks, whereWords } from "./log-links.ts";
import { LogText } from "./log-text.ts";

/** The editor keeps all of a channel in memory: beyond so much of it, only its end stays. */
const CHANNEL_BYTES = 5 * 1024 * 1024;

/**
 * What a job writes within this time is shown at once, and of that no more than the end: the editor writes all of a channel
 * into a file of its own and reads it from there again, which at 50 MB a second takes minutes.
 */
const GATHER_MS = 50;

/** A progress bar that writes its line over and over is shown as a line of its own so often, besides its last state. */
const PROGRESS_MS = 10_000;

/** The editor colours times and levels in text of this language. */
const LANGUAGE = "log";

/** The channel that was not shown for longest is closed for one more. */
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
				for (const [id, channel] of this.#open) channel.follow(jobs.get(id));
			}),
		];
	}

	/** Ids of the jobs whose channels are open, the one shown last at the end. */
	get open(): readonly string[] {
		return [...this.#open.keys()];
	}

	/** Shows the log of a job; the keyboard stays where it is. */
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

	/** Reads the latest run of the job, if it does not already. */
	follow(job: Job | undefined): void {
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
		const text = new BoundedText(this.#channel, job, logTailBytes());
		signal.addEventListener("abort", () => text.stop());
		try {
			await this.#jobs.use(job, (chore) => copyLog(chore, job, text, signal));
		} catch (error) {
			if (!signal.aborted) text.note(describe(error).message);
		}
	}
}

/** Follows a run's log to its end, then says how it ended. */
async function copyLog(chore: Chore, job: Job, text: BoundedText, signal: AbortSignal): Promise<void> {
	for await (const piece of chore.logs(job.id, { follow: true, run: job.run, tailBytes: logTailBytes(), signal })) {
		if (signal.aborted) return;
		text.add(piece);
		// However much a job prints, other work of the extension host gets its turn.
		await new Promise((resume) => setImmediate(resume));
	}
	if (signal.aborted) return;
	text.end();
	const end = await chore.get(job.id);
	if (!signal.aborted && end.run === job.run) text.note(rowWords(end));
}

/** What a channel holds of a log: its end, and a word on where the rest is. */
class BoundedText {
	readonly #channel: vscode.OutputChannel;
	readonly #job: Job;
	readonly #decoders = new Map<string, LogText>();
	readonly #next = new Map<string, number>();
	readonly #shown: Tail;
	readonly #waiting: Tail;
	#flushing: NodeJS.Timeout | undefined;
	#progressing: NodeJS.Timeout | undefined;
	#hasProgressed = false;
	#length = 0;
	#lineOpen = false;

	constructor(channel: vscode.OutputChannel, job: Job, tailBytes: number) {
		this.#channel = channel;
		this.#job = job;
		this.#shown = new Tail(tailBytes);
		this.#waiting = new Tail(tailBytes);
	}

	add({ bytes, offset, stream }: LogPiece): void {
		const expected = this.#next.get(stream);
		let decoder = this.#decoders.get(stream);
		if (expected === undefined && offset > 0) {
			this.note(`the first ${offset} bytes are not shown; ${whereWords(this.#job.output.paths)}`);
			// On its own: with the text behind it, it would be more than is shown at once.
			this.#flush();
		}
		if (expected !== undefined && offset < expected) {
			decoder = undefined;
			this.note("the log was truncated or replaced");
		}
		this.#next.set(stream, offset + bytes.length);
		if (decoder === undefined) {
			decoder = new LogText("removed");
			this.#decoders.set(stream, decoder);
		}
		this.#append(decoder.push(bytes));
		if (decoder.hasProgress) this.#progressing ??= setTimeout(() => this.#showProgress(), this.#hasProgressed ? PROGRESS_MS : 0);
	}

	end(): void {
		clearTimeout(this.#progressing);
		for (const decoder of this.#decoders.values()) this.#append(decoder.end());
		this.#flush();
	}

	/** A line of the extension's own. */
	note(words: string): void {
		this.#append(`${this.#lineOpen ? "\n" : ""}[chore: ${words}]\n`);
	}

	stop(): void {
		clearTimeout(this.#flushing);
		clearTimeout(this.#progressing);
	}

	#showProgress(): void {
		this.#progressing = undefined;
		this.#hasProgressed = true;
		for (const decoder of this.#decoders.values()) this.#append(decoder.progress());
	}

	#append(text: string): void {
		if (text === "") return;
		this.#lineOpen = !text.endsWith("\n");
		this.#waiting.add(text);
		this.#flushing ??= setTimeout(() => this.#flush(), GATHER_MS);
	}

	#flush(): void {
		clearTimeout(this.#flushing);
		this.#flushing = undefined;
		const { text, dropped } = this.#waiting.take();
		if (text === "") return;
		const shown = dropped === 0 ? text : `\n[chore: ${dropped} characters are not shown; ${whereWords(this.#job.output.paths)}]\n${text}`;
		this.#shown.add(shown);
		this.#length += shown.length;
		if (this.#length <= CHANNEL_BYTES) {
			this.#channel.append(shown);
			return;
		}
		// 5 MB of text are enough to look through; the end goes on to be live.
		const rest = `[chore: earlier output is not shown any more; ${whereWords(this.#job.output.paths)}]\n${this.#shown.text}`;
		this.#length = rest.length;
		// Not replace(): the editor would look for the least difference of two texts of megabytes.
		this.#channel.clear();
		this.#channel.append(rest);
	}
}

/** The end of a text that grows: at least so many characters of it. */
class Tail {
	readonly #least: number;
	#parts: string[] = [];
	#length = 0;
	#dropped = 0;

	constructor(least: number) {
		this.#least = least;
	}

	get text(): string {
		return this.#parts.join("");
	}

	add(text: string): void {
		this.#parts.push(text);
		this.#length += text.length;
		for (let [first] = this.#parts; first !== undefined && this.#length - first.length >= this.#least; [first] = this.#parts) {
			this.#parts.shift();
			this.#length -= first.length;
			this.#dropped += first.length;
		}
	}

	/** All that is there, and how much is not any more; it begins anew. */
	take(): { readonly text: string; readonly dropped: number } {
		const taken = { text: this.text, dropped: this.#dropped };
		this.#parts = [];
		this.#length = 0;
		this.#dropped = 0;
		return taken;
	}
}
