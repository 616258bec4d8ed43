/** Logs in the output panel: one channel a job, made when somebody asks for it, the end of the log first, then live. */
import * as vscode from "vscode";
import type { Job, LogPiece } from "../src/index.ts";
import { describe } from "./failure.ts";
import { LogText } from "./log-text.ts";
import { logTailBytes } from "./settings.ts";
import type { JobSource } from "./source.ts";
import { literal, nameWords, rowWords } from "./words.ts";

/** The editor keeps all of a channel in memory: beyond so much of it, only its end stays. */
const CHANNEL_BYTES = 5 * 1024 * 1024;

/** The channel that was not shown for longest is closed for one more. */
const CHANNELS = 20;

export class LogChannels implements vscode.Disposable {
	readonly #source: JobSource;
	readonly #open = new Map<string, LogChannel>();
	readonly #disposables: vscode.Disposable[];

	constructor(source: JobSource) {
		this.#source = source;
		this.#disposables = [
			source.onDidRemove((id) => this.#close(id)),
			source.onDidChange(() => {
				for (const [id, channel] of this.#open) channel.follow(source.job(id));
			}),
		];
	}

	/** Ids of the jobs whose channels are open, the one shown last at the end. */
	get open(): readonly string[] {
		return [...this.#open.keys()];
	}

	/** Shows the log of a job; the keyboard stays where it is. */
	show(job: Job): void {
		const channel = this.#open.get(job.id) ?? new LogChannel(job, this.#source);
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
	readonly #source: JobSource;
	#run = 0;
	#following: AbortController | undefined;

	constructor(job: Job, source: JobSource) {
		this.#source = source;
		this.#channel = vscode.window.createOutputChannel(`Chore: ${nameWords(job)}`, "log");
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
		try {
			const chore = await this.#source.choreOf(job);
			for await (const piece of chore.logs(job.id, { follow: true, run: job.run, tailBytes: logTailBytes(), signal })) {
				if (signal.aborted) return;
				text.add(piece);
				// Whatever a job prints, the extension host has other things to do, too.
				await new Promise((resume) => setImmediate(resume));
			}
			if (signal.aborted) return;
			text.end();
			const end = await chore.get(job.id);
			if (!signal.aborted && end.run === job.run) text.note(rowWords(end));
		} catch (error) {
			if (!signal.aborted) text.note(describe(error).message);
		}
	}
}

/** What a channel holds of a log: its end, and a word on where the rest is. */
class BoundedText {
	readonly #channel: vscode.OutputChannel;
	readonly #job: Job;
	readonly #tailBytes: number;
	readonly #decoders = new Map<string, LogText>();
	readonly #next = new Map<string, number>();
	#kept: string[] = [];
	#keptLength = 0;
	#length = 0;
	#lineOpen = false;

	constructor(channel: vscode.OutputChannel, job: Job, tailBytes: number) {
		this.#channel = channel;
		this.#job = job;
		this.#tailBytes = tailBytes;
	}

	add({ bytes, offset, stream }: LogPiece): void {
		const expected = this.#next.get(stream);
		let decoder = this.#decoders.get(stream);
		if (expected === undefined && offset > 0) this.note(`the first ${offset} bytes are not shown; all of it: ${this.#links()}`);
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
	}

	end(): void {
		for (const decoder of this.#decoders.values()) this.#append(decoder.end());
	}

	/** A line of the extension's own. */
	note(words: string): void {
		this.#append(`${this.#lineOpen ? "\n" : ""}[chore: ${words}]\n`);
	}

	#append(text: string): void {
		if (text === "") return;
		this.#lineOpen = !text.endsWith("\n");
		this.#kept.push(text);
		this.#keptLength += text.length;
		while (this.#keptLength - (this.#kept[0]?.length ?? 0) >= this.#tailBytes) this.#keptLength -= this.#kept.shift()?.length ?? 0;
		this.#length += text.length;
		if (this.#length <= CHANNEL_BYTES) {
			this.#channel.append(text);
			return;
		}
		// 5 MB of text are enough to look through; the end goes on to be live.
		const rest = `[chore: earlier output is not shown any more; all of it: ${this.#links()}]\n${this.#kept.join("")}`;
		this.#length = rest.length;
		this.#channel.replace(rest);
	}

	#links(): string {
		return literal(this.#job.output.paths.map((path) => vscode.Uri.file(path).toString()).join(" "));
	}
}
