/** A terminal that follows the log of a job, colours included. No key reaches the job: Ctrl-C closes the terminal only. */
import * as vscode from "vscode";
import { isIdle, type Job, type Jobs } from "../../src/index.ts";
import { describe } from "../failure.ts";
import type { JobList } from "../jobs/job-list.ts";
import { exitStatus, nameWords, printable, rowWords } from "../words.ts";
import { LogText } from "./log-text.ts";

export interface FollowOptions {
	/** How much of the log so far is shown first, bytes. */
	readonly tailBytes: number;
	/** Whether the terminal closes when the job ends, with its exit status, as that of a task must; else a key closes it. */
	readonly endsWithJob: boolean;
}

const CTRL_C = "\u0003";

/** The exit status of a task whose job could not be started, or not be followed to its end: that of the command line. */
const CHORE_FAILED = 125;

/**
 * What a terminal sends without a key being pressed: reports of the cursor, its attributes, its modes, its colours, the
 * focus and the pointer. The log may hold the questions (DSR, DA, OSC 10 …), and a job may have switched such reports on.
 */
const REPORT = new RegExp(
	[
		"\\u001b\\[[?>=]?[0-9;]*(?:\\$y|[Rcntxy])", // DSR, DA, window, DECREQTPARM, DECRPM
		"\\u001b\\[\\?[0-9]+u", // the keyboard protocol; a key itself has no "?"
		"\\u001b\\[[IO]", // focus
		"\\u001b\\[<[0-9;]+[Mm]", // pointer, SGR
		"\\u001b\\[M[^]{3}", // pointer, X10
		"\\u001b[\\]P_^X][^\\u0007\\u001b]*(?:\\u0007|\\u001b\\\\)", // OSC, DCS and the other strings
	].join("|"),
	"g",
);

export class FollowTerminal implements vscode.Pseudoterminal {
	readonly #written = new vscode.EventEmitter<string>();
	readonly #closed = new vscode.EventEmitter<number | undefined>();
	readonly onDidWrite: vscode.Event<string> = this.#written.event;
	readonly onDidClose: vscode.Event<number | undefined> = this.#closed.event;
	readonly #jobs: JobList;
	readonly #find: () => Promise<Job>;
	readonly #options: FollowOptions;
	readonly #leaving = new AbortController();
	#over = false;
	#atLineStart = true;

	/** @param find starts the job, or finds it; called when the editor has opened the terminal */
	constructor(jobs: JobList, find: () => Promise<Job>, options: FollowOptions) {
		this.#jobs = jobs;
		this.#find = find;
		this.#options = options;
	}

	open(): void {
		void this.#show();
	}

	close(): void {
		this.#leaving.abort();
	}

	handleInput(data: string): void {
		const keys = data.replace(REPORT, "");
		if (keys === "") return;
		if (this.#over) this.#closed.fire(undefined);
		else if (keys.includes(CTRL_C)) {
			this.#note("left; the job goes on");
			this.#leaving.abort();
			this.#closed.fire(undefined);
		}
	}

	async #show(): Promise<void> {
		try {
			const job = await this.#find();
			if (!isIdle(job)) this.#note(`${nameWords(job)} runs on when this terminal is closed; Ctrl-C leaves it`);
			const end = await this.#jobs.use(job, async (chore) => {
				await this.#follow(chore, job);
				return chore.wait(job.id, { run: job.run, signal: this.#leaving.signal });
			});
			if (this.#leaving.signal.aborted) return;
			this.#note(rowWords(end));
			this.#finish(exitStatus(end));
		} catch (error) {
			if (this.#leaving.signal.aborted) return;
			const { message, hint } = describe(error);
			this.#note(message);
			if (hint !== undefined) this.#note(hint);
			this.#finish(CHORE_FAILED);
		}
	}

	async #follow(chore: Jobs, job: Job): Promise<void> {
		const decoders = new Map<string, LogText>();
		let last = "";
		const options = { follow: true, run: job.run, tailBytes: this.#options.tailBytes, signal: this.#leaving.signal };
		for await (const { bytes, stream } of chore.logs(job.id, options)) {
			const decoder = decoders.get(stream) ?? new LogText("kept");
			decoders.set(stream, decoder);
			const text = decoder.push(bytes);
			if (text === "") continue;
			// A real terminal's driver turns "\n" into "\r\n"; a pseudoterminal of the editor has none.
			this.#written.fire((last + text).replace(/(?<!\r)\n/g, "\r\n").slice(last.length));
			last = text.endsWith("\r") ? "\r" : "";
			this.#atLineStart = text.endsWith("\n");
			await new Promise((resume) => setImmediate(resume));
		}
	}

	/** Writes a dim line of the extension's own, on a new line. */
	#note(words: string): void {
		this.#written.fire(`${this.#atLineStart ? "" : "\r\n"}\u001b[0m\u001b[2m[chore: ${printable(words)}]\u001b[0m\r\n`);
		this.#atLineStart = true;
	}

	#finish(status: number): void {
		this.#over = true;
		if (this.#options.endsWithJob) this.#closed.fire(status);
		else this.#written.fire("\u001b[2m[any key closes this terminal]\u001b[0m\r\n");
	}
}
