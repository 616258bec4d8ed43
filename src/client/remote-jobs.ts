/** The jobs of a session on another machine, by REST. Each method does what the one of `Chore` with its name does. */
import { randomUUID } from "node:crypto";
import type { Info, Inputs, Streams } from "../api/operations/messages.ts";
import type {
	BatchOptions,
	Capabilities,
	EventBatch,
	EventOptions,
	HistoryEntry,
	HistoryFilter,
	Job,
	JobDetails,
	JobFilter,
	Jobs,
	LaunchOptions,
	LedgerEvent,
	LogOptions,
	LogPiece,
	PruneOptions,
	PruneReport,
	RemoveOptions,
	Report,
	RequestOptions,
	RestartJobOptions,
	RunOptions,
	ScheduleOptions,
	SendOptions,
	SetOptions,
	StopOptions,
	TriggerOptions,
	WaitOptions,
} from "../index.ts";
import { ChoreError, hasEnded, isChoreError, shortId } from "../index.ts";
import { answerFailure, cut } from "./failure.ts";
import { FRAMES, readFrames } from "./frames.ts";
import { readLines } from "./lines.ts";
import type { Patience } from "./patience.ts";
import { wired } from "./request.ts";
import { type Requests, readJson, writeAll } from "./requests.ts";
import { ResumedEvents } from "./resumed-events.ts";
import { ResumedOutput } from "./resumed-output.ts";

/** How long the server keeps a request that waits for an end. */
const LONGEST_WAIT_MS = 60_000;

/** As in `SendOptions`. */
const SEND_TIMEOUT_MS = 60_000;

/** Node's timers overflow beyond. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class RemoteJobs implements Jobs, AsyncDisposable {
	readonly #requests: Requests;

	/** @internal Use `connect`. */
	constructor(requests: Requests) {
		this.#requests = requests;
	}

	/** What the server is, and who this client is to it. */
	info(): Promise<Info> {
		return this.#requests.ask("info", {});
	}

	/** The time at the server, to the second: its clock is that of all moments it tells of. */
	async clock(): Promise<Date> {
		const { headers, body } = await this.#requests.open("info", {}, {});
		await readJson(body);
		return new Date(Date.parse(headers.date ?? "") || Date.now());
	}

	/** Sends a key of its own with the request, and asks again if the answer is lost: that starts no second job. */
	run(options: RunOptions | RequestOptions): Promise<Job> {
		const { signal, onWarning, ...rest } = options;
		const input = { requestKey: randomUUID(), ...withoutEmpty(wired(rest)) } as Inputs["run"];
		return this.#requests.ask("run", input, { signal, onWarning });
	}

	rerun(reference: string, { signal, onWarning, ...options }: LaunchOptions = {}): Promise<Job> {
		return this.#requests.ask("start", { reference, ...options }, { signal, onWarning });
	}

	restart(reference: string, { signal, onWarning, ...options }: RestartJobOptions = {}): Promise<Job> {
		return this.#requests.ask("restart", { reference, ...options }, { signal, onWarning });
	}

	set(reference: string, { signal, onWarning, ...options }: SetOptions & { readonly signal?: AbortSignal }): Promise<Job> {
		return this.#requests.ask(
			"set",
			{ reference, ...withoutEmpty(wired<Omit<Inputs["set"], "reference">>(options)) },
			{ signal, onWarning },
		);
	}

	get(reference: string): Promise<Job> {
		return this.#requests.ask("get", { reference });
	}

	async newest(): Promise<Job> {
		const [job] = await this.#requests.ask("list", { limit: 1 });
		if (job !== undefined) return job;
		throw new ChoreError("JOB_NOT_FOUND", "there are no jobs", { hint: "`chore run -- COMMAND` starts one" });
	}

	list(filter: JobFilter = {}): Promise<readonly Job[]> {
		return this.#requests.ask("list", filter);
	}

	runs(reference: string): Promise<readonly Job[]> {
		return this.#requests.ask("runs", { reference });
	}

	status(reference: string, options: { readonly lines?: number | undefined } = {}): Promise<JobDetails> {
		return this.#requests.ask("status", { reference, ...options });
	}

	/** Goes on when the server is away for a while. */
	async wait(reference: string, { run, timeoutMs = Number.POSITIVE_INFINITY, signal }: WaitOptions = {}): Promise<Job> {
		const deadlineMs = performance.now() + timeoutMs;
		for (let which: { readonly reference: string; readonly run: number | undefined } = { reference, run }; ; ) {
			const leftMs = Math.max(0, Math.ceil(deadlineMs - performance.now()));
			const job = await this.#requests.ask("wait", { ...which, timeoutMs: Math.min(leftMs, LONGEST_WAIT_MS) }, { signal });
			if (hasEnded(job) && job.run === (which.run ?? job.run)) return job;
			if (performance.now() >= deadlineMs)
				throw new ChoreError("TIMED_OUT", `${job.name} (${shortId(job.id)}) was not over after ${timeoutMs} ms`, {
					hint: "the job goes on",
				});
			// A later job may take the name, and a later run be started.
			which = { reference: job.id, run: which.run ?? (job.run > 0 ? job.run : undefined) };
		}
	}

	/** With `follow`, goes on where it was when the server is away for a while: no byte is lost or given twice. */
	async *logs(reference: string, { signal, ...options }: LogOptions = {}): AsyncGenerator<LogPiece, void, void> {
		if (!options.follow)
			return yield* this.#output({ reference, ...options }, signal, (piece) =>
				piece.bytes.length > 0 || options.begins ? piece : undefined,
			);
		let job: Job;
		try {
			job = await this.#requests.ask("get", { reference }, { signal });
		} catch (error) {
			if (signal?.aborted) return;
			throw error;
		}
		// A later job may take the name, and a later run be started.
		const which = { reference: job.id, run: options.run ?? (job.run > 0 ? job.run : undefined) };
		const resumed = new ResumedOutput(options);
		yield* this.#requests.again(signal, (patience) => {
			resumed.resume();
			return this.#output({ ...resumed.options, ...which }, signal, (piece) => resumed.rest(piece), patience);
		});
	}

	/** The timeout begins anew with each piece that the server takes, which it does as the job reads. */
	async send(reference: string, text: string | Uint8Array, options: SendOptions = {}): Promise<void> {
		const { end, timeoutMs = SEND_TIMEOUT_MS, signal } = options;
		const stalled = new AbortController();
		const timer = timeoutMs > LONGEST_TIMER_MS ? undefined : setTimeout(() => stalled.abort(), timeoutMs);
		try {
			await this.#requests.ask(
				"send",
				{ reference, end },
				{
					signal: signal === undefined ? stalled.signal : AbortSignal.any([signal, stalled.signal]),
					write: (stream) => writeAll(stream, typeof text === "string" ? Buffer.from(text) : text, () => timer?.refresh()),
				},
			);
		} catch (error) {
			if (signal?.aborted || !stalled.signal.aborted || !isChoreError(error) || error.code !== "ABORTED") throw error;
			throw new ChoreError("TIMED_OUT", `${reference} has read nothing for ${timeoutMs / 1000} s`, {
				hint: "its input is full until it reads on",
			});
		} finally {
			clearTimeout(timer);
		}
	}

	stop(reference: string, { signal, ...options }: StopOptions = {}): Promise<Job> {
		return this.#requests.ask("stop", { reference, ...options }, { signal });
	}

	kill(reference: string, options: Omit<Inputs["kill"], "reference"> = {}): Promise<Job> {
		return this.#requests.ask("kill", { reference, ...options });
	}

	pause(reference: string): Promise<Job> {
		return this.#requests.ask("pause", { reference });
	}

	resume(reference: string): Promise<Job> {
		return this.#requests.ask("resume", { reference });
	}

	remove(reference: string, { signal, ...options }: RemoveOptions = {}): Promise<Job> {
		return this.#requests.ask("remove", { reference, ...options }, { signal });
	}

	schedules(): Promise<readonly Job[]> {
		return this.#requests.ask("schedules", {});
	}

	upcoming(reference: string, count: number): Promise<readonly string[]> {
		return this.#requests.ask("upcoming", { reference, count });
	}

	reschedule(reference: string, options: ScheduleOptions): Promise<Job> {
		return this.#requests.ask("reschedule", { reference, ...wired<Omit<Inputs["reschedule"], "reference">>(options) });
	}

	addTriggers(reference: string, options: TriggerOptions): Promise<Job> {
		return this.#requests.ask("addTriggers", { reference, ...wired<Omit<Inputs["addTriggers"], "reference">>(options) });
	}

	changeTrigger(reference: string, trigger: string, options: TriggerOptions): Promise<Job> {
		return this.#requests.ask("changeTrigger", { reference, trigger, ...wired<Omit<Inputs["addTriggers"], "reference">>(options) });
	}

	removeTriggers(reference: string, triggers: readonly string[]): Promise<Job> {
		return this.#requests.ask("removeTriggers", { reference, triggers });
	}

	pauseTriggers(reference: string, triggers: readonly string[]): Promise<Job> {
		return this.#requests.ask("pauseTriggers", { reference, triggers });
	}

	resumeTriggers(reference: string, triggers: readonly string[]): Promise<Job> {
		return this.#requests.ask("resumeTriggers", { reference, triggers });
	}

	pauseSchedule(reference: string): Promise<Job> {
		return this.#requests.ask("pauseSchedule", { reference });
	}

	resumeSchedule(reference: string): Promise<Job> {
		return this.#requests.ask("resumeSchedule", { reference });
	}

	history(filter: HistoryFilter = {}): Promise<readonly HistoryEntry[]> {
		return this.#requests.ask("history", wired<Inputs["history"]>(filter));
	}

	/** With `follow`, goes on after the last event when the server is away for a while. Active jobs are told to `onChange` again then. */
	async *events({ since, follow, onChange, signal }: EventOptions = {}): AsyncGenerator<LedgerEvent, void, void> {
		const resumed = new ResumedEvents(since);
		const changes = onChange === undefined ? undefined : true;
		yield* this.#requests.again(signal, (patience) => {
			const input = wired<Inputs["events"]>({ since: resumed.since, follow, changes });
			return this.#events(input, signal, resumed, onChange, patience);
		});
	}

	eventsAfter(cursor: string, options: BatchOptions = {}): Promise<EventBatch> {
		return this.#requests.ask("eventsAfter", { cursor, ...options });
	}

	async moveCursor(cursor: string, to: string): Promise<void> {
		await this.#requests.ask("moveCursor", { cursor, to });
	}

	prune(options: PruneOptions = {}): Promise<PruneReport> {
		return this.#requests.ask("prune", options);
	}

	/** Of the server's machine. */
	doctor(options: { readonly selfTest?: boolean | undefined } = {}): Promise<Report> {
		return this.#requests.ask("doctor", options);
	}

	async capabilities(): Promise<Capabilities> {
		const { capabilities } = await this.info();
		if (capabilities !== null) return capabilities;
		throw new ChoreError("PLATFORM_UNAVAILABLE", `no platform can run jobs at ${this.#requests.connection.address.url}`);
	}

	/** Ends the connection, and ssh. Never stops a job. */
	async close(): Promise<void> {
		this.#requests.connection.close();
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
	}

	/** The output on one connection. Ends without an error when the signal is raised. */
	async *#output(
		input: Inputs["logs"],
		signal: AbortSignal | undefined,
		rest: (piece: LogPiece) => LogPiece | undefined,
		patience?: Patience,
	): AsyncGenerator<LogPiece, void, void> {
		try {
			const { body } = await this.#requests.open("logs", input, { signal, accept: FRAMES });
			patience?.answered();
			for await (const frame of readFrames(body)) {
				patience?.renew();
				if ("ended" in frame) return;
				if ("failed" in frame) throw answerFailure(this.#requests.connection.address, 500, frame.failed);
				const piece = rest(frame);
				if (piece !== undefined) yield piece;
			}
		} catch (error) {
			if (signal?.aborted) return;
			throw error;
		}
		if (!signal?.aborted) throw cut(this.#requests.connection.address, undefined);
	}

	/** The events on one connection. */
	async *#events(
		input: Inputs["events"],
		signal: AbortSignal | undefined,
		resumed: ResumedEvents,
		onChange: EventOptions["onChange"],
		patience: Patience,
	): AsyncGenerator<LedgerEvent, void, void> {
		const { headers, body } = await this.#requests.open("events", input, { signal, accept: "application/x-ndjson" });
		patience.answered();
		resumed.begin(headers.date);
		for await (const line of readLines(body)) {
			const piece = JSON.parse(line) as Streams["events"];
			patience.renew();
			if ("changed" in piece) onChange?.(piece.changed);
			else if (resumed.isNew(piece)) yield piece;
		}
		// The server ends such an answer only when it ends itself.
		if (input.follow) throw cut(this.#requests.connection.address, undefined);
	}
}

/** Without options of the platform if there are none: not everybody may give such. */
function withoutEmpty<Options extends object>(options: Options): Options {
	if (!("native" in options)) return options;
	const { native, ...rest } = options;
	const isEmpty = Object.values(native ?? {}).every((value) => Array.isArray(value) && value.length === 0);
	return isEmpty ? (rest as Options) : options;
}
