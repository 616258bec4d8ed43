/** The jobs of a session on another machine, by REST. Each method does what the one of `Chore` with its name does. */
import { randomUUID } from "node:crypto";
import type { ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import type { Info, Inputs, Outputs, Streams } from "../api/operations/messages.ts";
import { ROUTES } from "../api/rest/routes.ts";
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
import type { Answer, Connection, Writer } from "./connection.ts";
import { answerFailure, cut, foreign } from "./failure.ts";
import { FRAMES, readFrames } from "./frames.ts";
import { readLines } from "./lines.ts";
import { Patience } from "./patience.ts";
import { requestOf, wired } from "./request.ts";
import { ResumedEvents } from "./resumed-events.ts";
import { ResumedOutput } from "./resumed-output.ts";

/** How long the server keeps a request that waits for an end. */
const LONGEST_WAIT_MS = 60_000;

/** As in `SendOptions`. */
const SEND_TIMEOUT_MS = 60_000;

/** Node's timers overflow beyond. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** How much of an input is written at once. */
const PIECE_BYTES = 16 * 1024;

/** What surrounds a request. */
interface How {
	readonly signal?: AbortSignal | undefined;
	readonly onWarning?: ((message: string) => void) | undefined;
	/** Writes a body of bytes. */
	readonly write?: Writer;
	readonly accept?: string;
}

export class RemoteJobs implements Jobs, AsyncDisposable {
	readonly #connection: Connection;
	readonly #headers: Readonly<Record<string, string>>;
	readonly #patienceMs: number;

	/** @internal Use `connect`. */
	constructor(connection: Connection, headers: Readonly<Record<string, string>>, patienceMs: number) {
		this.#connection = connection;
		this.#headers = headers;
		this.#patienceMs = patienceMs;
	}

	/** What the server is, and who this client is to it. */
	info(): Promise<Info> {
		return this.#ask("info", {});
	}

	/** The time at the server, to the second: its clock is that of all moments it tells of. */
	async clock(): Promise<Date> {
		const { headers, body } = await this.#open("info", {}, {});
		await readJson(body);
		return new Date(Date.parse(headers.date ?? "") || Date.now());
	}

	/** Sends a key of its own with the request, and asks again if the answer is lost: that starts no second job. */
	run(options: RunOptions | RequestOptions): Promise<Job> {
		const { signal, onWarning, ...rest } = options;
		const input = { requestKey: randomUUID(), ...withoutEmpty(wired(rest)) } as Inputs["run"];
		return this.#ask("run", input, { signal, onWarning });
	}

	rerun(reference: string, { signal, onWarning, ...options }: LaunchOptions = {}): Promise<Job> {
		return this.#ask("start", { reference, ...options }, { signal, onWarning });
	}

	restart(reference: string, { signal, onWarning, ...options }: RestartJobOptions = {}): Promise<Job> {
		return this.#ask("restart", { reference, ...options }, { signal, onWarning });
	}

	set(reference: string, { signal, onWarning, ...options }: SetOptions & { readonly signal?: AbortSignal }): Promise<Job> {
		return this.#ask("set", { reference, ...withoutEmpty(wired<Omit<Inputs["set"], "reference">>(options)) }, { signal, onWarning });
	}

	get(reference: string): Promise<Job> {
		return this.#ask("get", { reference });
	}

	async newest(): Promise<Job> {
		const [job] = await this.#ask("list", { limit: 1 });
		if (job !== undefined) return job;
		throw new ChoreError("JOB_NOT_FOUND", "there are no jobs", { hint: "`chore run -- COMMAND` starts one" });
	}

	list(filter: JobFilter = {}): Promise<readonly Job[]> {
		return this.#ask("list", filter);
	}

	runs(reference: string): Promise<readonly Job[]> {
		return this.#ask("runs", { reference });
	}

	status(reference: string, options: { readonly lines?: number | undefined } = {}): Promise<JobDetails> {
		return this.#ask("status", { reference, ...options });
	}

	/** Goes on when the server is away for a while. */
	async wait(reference: string, { run, timeoutMs = Number.POSITIVE_INFINITY, signal }: WaitOptions = {}): Promise<Job> {
		const deadlineMs = performance.now() + timeoutMs;
		for (let which: { readonly reference: string; readonly run: number | undefined } = { reference, run }; ; ) {
			const leftMs = Math.max(0, Math.ceil(deadlineMs - performance.now()));
			const job = await this.#ask("wait", { ...which, timeoutMs: Math.min(leftMs, LONGEST_WAIT_MS) }, { signal });
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
			job = await this.#ask("get", { reference }, { signal });
		} catch (error) {
			if (signal?.aborted) return;
			throw error;
		}
		// A later job may take the name, and a later run be started.
		const which = { reference: job.id, run: options.run ?? (job.run > 0 ? job.run : undefined) };
		const resumed = new ResumedOutput(options);
		yield* this.#again(signal, (patience) => {
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
			await this.#ask(
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
		return this.#ask("stop", { reference, ...options }, { signal });
	}

	kill(reference: string, options: Omit<Inputs["kill"], "reference"> = {}): Promise<Job> {
		return this.#ask("kill", { reference, ...options });
	}

	pause(reference: string): Promise<Job> {
		return this.#ask("pause", { reference });
	}

	resume(reference: string): Promise<Job> {
		return this.#ask("resume", { reference });
	}

	remove(reference: string, { signal, ...options }: RemoveOptions = {}): Promise<Job> {
		return this.#ask("remove", { reference, ...options }, { signal });
	}

	schedules(): Promise<readonly Job[]> {
		return this.#ask("schedules", {});
	}

	upcoming(reference: string, count: number): Promise<readonly string[]> {
		return this.#ask("upcoming", { reference, count });
	}

	reschedule(reference: string, options: ScheduleOptions): Promise<Job> {
		return this.#ask("reschedule", { reference, ...wired<Omit<Inputs["reschedule"], "reference">>(options) });
	}

	addTriggers(reference: string, options: TriggerOptions): Promise<Job> {
		return this.#ask("addTriggers", { reference, ...wired<Omit<Inputs["addTriggers"], "reference">>(options) });
	}

	changeTrigger(reference: string, trigger: string, options: TriggerOptions): Promise<Job> {
		return this.#ask("changeTrigger", { reference, trigger, ...wired<Omit<Inputs["addTriggers"], "reference">>(options) });
	}

	removeTriggers(reference: string, triggers: readonly string[]): Promise<Job> {
		return this.#ask("removeTriggers", { reference, triggers });
	}

	pauseTriggers(reference: string, triggers: readonly string[]): Promise<Job> {
		return this.#ask("pauseTriggers", { reference, triggers });
	}

	resumeTriggers(reference: string, triggers: readonly string[]): Promise<Job> {
		return this.#ask("resumeTriggers", { reference, triggers });
	}

	pauseSchedule(reference: string): Promise<Job> {
		return this.#ask("pauseSchedule", { reference });
	}

	resumeSchedule(reference: string): Promise<Job> {
		return this.#ask("resumeSchedule", { reference });
	}

	history(filter: HistoryFilter = {}): Promise<readonly HistoryEntry[]> {
		return this.#ask("history", wired<Inputs["history"]>(filter));
	}

	/** With `follow`, goes on after the last event when the server is away for a while. Active jobs are told to `onChange` again then. */
	async *events({ since, follow, onChange, signal }: EventOptions = {}): AsyncGenerator<LedgerEvent, void, void> {
		const resumed = new ResumedEvents(since);
		const changes = onChange === undefined ? undefined : true;
		yield* this.#again(signal, (patience) => {
			const input = wired<Inputs["events"]>({ since: resumed.since, follow, changes });
			return this.#events(input, signal, resumed, onChange, patience);
		});
	}

	eventsAfter(cursor: string, options: BatchOptions = {}): Promise<EventBatch> {
		return this.#ask("eventsAfter", { cursor, ...options });
	}

	async moveCursor(cursor: string, to: string): Promise<void> {
		await this.#ask("moveCursor", { cursor, to });
	}

	prune(options: PruneOptions = {}): Promise<PruneReport> {
		return this.#ask("prune", options);
	}

	/** Of the server's machine. */
	doctor(options: { readonly selfTest?: boolean | undefined } = {}): Promise<Report> {
		return this.#ask("doctor", options);
	}

	async capabilities(): Promise<Capabilities> {
		const { capabilities } = await this.info();
		if (capabilities !== null) return capabilities;
		throw new ChoreError("PLATFORM_UNAVAILABLE", `no platform can run jobs at ${this.#connection.address.url}`);
	}

	/** Ends the connection, and ssh. Never stops a job. */
	async close(): Promise<void> {
		this.#connection.close();
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
	}

	/** One request with one answer; made again after the connection was lost, where that does no harm. */
	async #ask<Name extends keyof Outputs>(name: Name, input: Inputs[Name], how: How = {}): Promise<Outputs[Name]> {
		const patience = new Patience(this.#connection, this.#patienceMs);
		for (;;) {
			try {
				const { headers, body } = await this.#open(name, input, how);
				const answer = await readJson(body);
				if (answer === undefined) throw answerFailure(this.#connection.address, 200, undefined);
				for (const warning of warningsIn(headers)) how.onWarning?.(warning);
				return answer as Outputs[Name];
			} catch (error) {
				if (!isRepeatable(name)) throw error;
				await patience.after(error, how.signal);
			}
		}
	}

	/** @throws ChoreError that of an answer which is no success */
	async #open<Name extends keyof Inputs>(name: Name, input: Inputs[Name], how: How): Promise<Answer> {
		const { headers, body } = requestOf(name, input);
		const accept = `${how.accept ?? "application/json"}, application/problem+json`;
		const write = how.write ?? (body === undefined ? undefined : (stream: ClientHttp2Stream) => writeAll(stream, body));
		const answer = await this.#connection.request({ ...this.#headers, accept, ...headers }, write, how.signal);
		if (answer.status >= 200 && answer.status < 300) {
			if (answer.headers["chore-version"] !== undefined) return answer;
			answer.leave();
			throw foreign(this.#connection.address);
		}
		throw answerFailure(this.#connection.address, answer.status, await readJson(answer.body, "as far as it came"));
	}

	/** The pieces of an answer that may be long; after the connection was lost, those of the next one. Ends when the signal is raised. */
	async *#again<Piece>(
		signal: AbortSignal | undefined,
		open: (patience: Patience) => AsyncGenerator<Piece, void, void>,
	): AsyncGenerator<Piece, void, void> {
		const patience = new Patience(this.#connection, this.#patienceMs);
		while (!signal?.aborted) {
			try {
				return yield* open(patience);
			} catch (error) {
				if (signal?.aborted) return;
				await patience.after(error, signal);
			}
		}
	}

	/** The output on one connection. Ends without an error when the signal is raised. */
	async *#output(
		input: Inputs["logs"],
		signal: AbortSignal | undefined,
		rest: (piece: LogPiece) => LogPiece | undefined,
		patience?: Patience,
	): AsyncGenerator<LogPiece, void, void> {
		try {
			const { body } = await this.#open("logs", input, { signal, accept: FRAMES });
			patience?.answered();
			for await (const frame of readFrames(body)) {
				patience?.renew();
				if ("ended" in frame) return;
				if ("failed" in frame) throw answerFailure(this.#connection.address, 500, frame.failed);
				const piece = rest(frame);
				if (piece !== undefined) yield piece;
			}
		} catch (error) {
			if (signal?.aborted) return;
			throw error;
		}
		if (!signal?.aborted) throw cut(this.#connection.address, undefined);
	}

	/** The events on one connection. */
	async *#events(
		input: Inputs["events"],
		signal: AbortSignal | undefined,
		resumed: ResumedEvents,
		onChange: EventOptions["onChange"],
		patience: Patience,
	): AsyncGenerator<LedgerEvent, void, void> {
		const { headers, body } = await this.#open("events", input, { signal, accept: "application/x-ndjson" });
		patience.answered();
		resumed.begin(headers.date);
		for await (const line of readLines(body)) {
			const piece = JSON.parse(line) as Streams["events"];
			patience.renew();
			if ("changed" in piece) onChange?.(piece.changed);
			else if (resumed.isNew(piece)) yield piece;
		}
		// The server ends such an answer only when it ends itself.
		if (input.follow) throw cut(this.#connection.address, undefined);
	}
}

/** Whether an operation may be done twice: a start has a key, and a stop of what has ended is none. */
function isRepeatable(name: keyof Inputs): boolean {
	return ROUTES[name].method === "GET" || name === "run" || name === "stop";
}

/** Without options of the platform if there are none: not everybody may give such. */
function withoutEmpty<Options extends object>(options: Options): Options {
	if (!("native" in options)) return options;
	const { native, ...rest } = options;
	const isEmpty = Object.values(native ?? {}).every((value) => Array.isArray(value) && value.length === 0);
	return isEmpty ? (rest as Options) : options;
}

/**
 * @param how a server may hang up on clients that it refuses: then what has come of its answer counts
 * @returns undefined for what is no JSON
 */
async function readJson(body: AsyncIterable<Buffer>, how: "whole" | "as far as it came" = "whole"): Promise<unknown> {
	const parts: Buffer[] = [];
	try {
		for await (const part of body) parts.push(part);
	} catch (error) {
		if (how === "whole") throw error;
	}
	try {
		return JSON.parse(Buffer.concat(parts).toString());
	} catch {
		return undefined;
	}
}

/** Node joins headers of the same name by commas, of which the values have none. */
function warningsIn(headers: IncomingHttpHeaders): readonly string[] {
	const text = String(headers["chore-warning"] ?? "");
	return text === "" ? [] : text.split(/, */).map((warning) => decodeURIComponent(warning));
}

/** Writes a body to its end, as fast as it is taken. Returns early if the server wants no more of it. */
async function writeAll(stream: ClientHttp2Stream, bytes: Uint8Array, taken: () => void = () => {}): Promise<void> {
	const closed = new Promise<void>((resolve) => stream.once("close", resolve));
	for (let at = 0; at < bytes.length && !stream.destroyed; at += PIECE_BYTES) {
		const written = new Promise<void>((resolve) => stream.write(bytes.subarray(at, at + PIECE_BYTES), () => resolve()));
		await Promise.race([written, closed]);
		taken();
	}
	if (!stream.destroyed) stream.end();
}
