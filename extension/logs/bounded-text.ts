/** What an output channel holds of a log: its end, a line that says where the rest is, and of a flood no more than its end. */
import type * as vscode from "vscode";
import type { LogPiece } from "../../src/index.ts";
import { LogText } from "./log-text.ts";

/** The editor keeps all of a channel in memory. A channel that grows beyond this is cut back to its end. */
const CHANNEL_BYTES = 5 * 1024 * 1024;

/**
 * What a job writes within this time is shown at once, and of that no more than the end: the editor writes all of a channel
 * into a file of its own and reads it from there again, which at 50 MB a second takes minutes.
 */
const GATHER_MS = 50;

/** How often the state of a progress bar is shown while it goes on, each time on a new line. */
const PROGRESS_MS = 10_000;

/** Writes a log to a channel; `stop` when nothing more may be written. */
export class BoundedText {
	readonly #channel: vscode.OutputChannel;
	readonly #where: string;
	readonly #decoders = new Map<string, LogText>();
	readonly #next = new Map<string, number>();
	readonly #shown: Tail;
	readonly #waiting: Tail;
	#flushing: NodeJS.Timeout | undefined;
	#progressing: NodeJS.Timeout | undefined;
	#hasProgressed = false;
	#length = 0;
	#lineOpen = false;

	/** @param where says where all of the log is */
	constructor(channel: vscode.OutputChannel, where: string, tailBytes: number) {
		this.#channel = channel;
		this.#where = where;
		this.#shown = new Tail(tailBytes);
		this.#waiting = new Tail(tailBytes);
	}

	add({ bytes, offset, stream }: LogPiece): void {
		const expected = this.#next.get(stream);
		let decoder = this.#decoders.get(stream);
		if (expected === undefined && offset > 0) {
			this.note(`the first ${offset} bytes are not shown; ${this.#where}`);
			// Written before the text that follows: together they could be more than is shown at once, and the note be dropped.
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
		const shown = dropped === 0 ? text : `\n[chore: ${dropped} characters are not shown; ${this.#where}]\n${text}`;
		this.#shown.add(shown);
		this.#length += shown.length;
		if (this.#length <= CHANNEL_BYTES) {
			this.#channel.append(shown);
			return;
		}
		// The channel begins anew with the end of what it held; what comes next is appended.
		const rest = `[chore: earlier output is not shown any more; ${this.#where}]\n${this.#shown.text}`;
		this.#length = rest.length;
		// Not replace(): the editor would compute the smallest edit between two texts of megabytes.
		this.#channel.clear();
		this.#channel.append(rest);
	}
}

/** Keeps the end of a growing text: at least this many characters, if it is that long. */
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

	/** Gives the text that was kept and the number of characters that were dropped, and begins anew. */
	take(): { readonly text: string; readonly dropped: number } {
		const taken = { text: this.text, dropped: this.#dropped };
		this.#parts = [];
		this.#length = 0;
		this.#dropped = 0;
		return taken;
	}
}
