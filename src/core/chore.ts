/** The class of the library: one method for each verb, on one session. Decides nothing itself. */
import type { Capabilities, LogoutFate } from "../../platform/contract.ts";
import { ChoreError } from "../../platform/errors.ts";
import type { Registry } from "../../platform/registry.ts";
import type { Context } from "./context.ts";
import { kill } from "./control/kill.ts";
import { linger } from "./control/linger.ts";
import { pause, resume } from "./control/pause.ts";
import { current } from "./control/reach.ts";
import { pauseSchedule, resumeSchedule } from "./control/schedule.ts";
import { type SendOptions, send } from "./control/send.ts";
import { type StopOptions, stop } from "./control/stop.ts";
import { type WaitOptions, waitForEnd } from "./control/wait.ts";
import type { LedgerEvent } from "./disk/ledger.ts";
import { openSession, type Session, sessionNames, stateRoot } from "./disk/session.ts";
import { examineAll, type Report } from "./doctor/doctor.ts";
import { type PruneOptions, type PruneReport, prune } from "./forget/prune.ts";
import { type RemoveOptions, remove } from "./forget/remove.ts";
import { retention } from "./forget/retention.ts";
import { sweepInPassing } from "./forget/sweep.ts";
import type { Job } from "./job.ts";
import { type BatchOptions, type EventBatch, eventsAfter, moveCursor } from "./look/cursor.ts";
import { type EventOptions, events } from "./look/events.ts";
import { type Glimpse, glance } from "./look/glance.ts";
import { type HistoryEntry, type HistoryFilter, history } from "./look/history.ts";
import { type JobFilter, list } from "./look/list.ts";
import { type LogOptions, type LogPiece, logs } from "./look/logs.ts";
import { newest, resolve } from "./look/resolve.ts";
import { runs } from "./look/runs.ts";
import { schedules, upcoming } from "./look/schedules.ts";
import { followSessions } from "./look/sessions.ts";
import { type JobDetails, status } from "./look/status.ts";
import type { ChoreOptions } from "./options.ts";
import { type Found, openPlatforms, type Platforms } from "./platforms.ts";
import type { SetOptions } from "./prepare/changes.ts";
import type { RequestOptions } from "./prepare/request.ts";
import { DEFAULT_GRACE_MS, type RunOptions, type ScheduleOptions, type TriggerOptions } from "./prepare/spec.ts";
import type { LaunchOptions } from "./start/launch.ts";
import { type ListenerReport, type ListenOptions, listen, listeners, testListener, unlisten } from "./start/listener.ts";
import { type RestartJobOptions, rerun, restart } from "./start/rerun.ts";
import { run } from "./start/run.ts";
import { reschedule } from "./start/schedule.ts";
import { set } from "./start/set.ts";
import { type TickOptions, tick } from "./start/tick.ts";
import { addTriggers, changeTrigger, pauseTriggers, removeTriggers, resumeTriggers } from "./start/triggers.ts";

const DEFAULT_MAX_JOBS = 4096;

/**
 * The jobs of one session. A `reference` is an exact name, a full id, or a unique end of an id, 4 characters or more. When
 * several ended jobs have the same name, it means the newest. Every method may throw ChoreError; compare its `code`.
 */
export class Chore implements AsyncDisposable {
	readonly #context: Context;
	readonly #examine: (selfTest: boolean | undefined) => Promise<Report>;
	readonly #ownsPlatforms: boolean;
	#mayPrune = false;

	/**
	 * @internal Use `openChore` or `openSessions`.
	 * @param shared the platforms of several sessions, which whoever gives them closes
	 */
	constructor(registry: Registry, version: string, options: ChoreOptions, shared?: Platforms) {
		const session: Session = openSession(options.home ?? stateRoot(), options.session ?? "default");
		this.#examine = (selfTest) => examineAll(registry, version, { ...options, selfTest });
		this.#context = {
			session,
			platforms: shared ?? openPlatforms(registry, session.root),
			platform: options.platform,
			scope: options.scope,
			graceMs: options.graceMs ?? DEFAULT_GRACE_MS,
			maxJobs: options.maxJobs ?? DEFAULT_MAX_JOBS,
			keep: retention(options),
			unfinished: new Set(),
		};
		this.#ownsPlatforms = shared === undefined;
	}

	/**
	 * Starts a job and resolves once it is under way (or accepted, with `acknowledge: false`): a program, or with `kind: "http"`
	 * a request, by curl(1). See EXIT STATUS in chore(1) for the codes of that one. With `schedule` it starts nothing: the
	 * platform wakes the job at its moments, also when no process of chore is running.
	 *
	 * @throws ChoreError INVALID_ARGUMENT, OPTION_UNSUPPORTED, COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE,
	 * DIRECTORY_UNUSABLE, NAME_IN_USE, TOO_MANY_JOBS, STATE_FULL, STATE_UNUSABLE, PLATFORM_UNAVAILABLE: after these nothing is
	 * left behind. PLATFORM_FAILED says in its message whether the job may run. ABORTED by `signal`: nothing is left behind if the
	 * platform was not asked yet; else the start goes on.
	 */
	run(options: RunOptions | RequestOptions): Promise<Job> {
		return this.#worthPruning(run(this.#context, options));
	}

	/**
	 * Starts an ended job again with its stored settings, as its next run, which has an output and a record of its own.
	 *
	 * @throws ChoreError JOB_ACTIVE for a job that has not ended, NAME_IN_USE when another job has its name now; and as `run`.
	 * After ABORTED the job is as it was, or the start goes on
	 */
	async rerun(reference: string, options: LaunchOptions = {}): Promise<Job> {
		return this.#worthPruning(rerun(this.#context, this.#find(reference), options));
	}

	/**
	 * Stops a job if it has not ended, and starts it again like `rerun`. For automatic restarts see `RunOptions`.
	 * @throws ChoreError as `stop` and `rerun`
	 */
	async restart(reference: string, options: RestartJobOptions = {}): Promise<Job> {
		return this.#worthPruning(restart(this.#context, this.#find(reference), options));
	}

	/**
	 * Changes the settings of a job, from its next run on: what the options do not name stays, and so do the runs that were. An
	 * active run keeps its settings to its end; only a job with a schedule may have one. A job without a schedule gets one by `schedule`.
	 * @throws ChoreError JOB_ACTIVE for another job that has not ended, NAME_IN_USE for a first schedule where another job has the name,
	 * JOB_NOT_ACTIVE for properties of a timer without a schedule; and as `run`, after which the job is as it was
	 */
	async set(reference: string, options: SetOptions): Promise<Job> {
		return set(this.#context, this.#find(reference), options);
	}

	/** The runs of a job, oldest first: the earlier ones as they ended, the last one in its present state. */
	async runs(reference: string): Promise<readonly Job[]> {
		return runs(this.#context, this.#find(reference));
	}

	/** One job. @throws ChoreError JOB_NOT_FOUND, JOB_AMBIGUOUS */
	async get(reference: string): Promise<Job> {
		return current(this.#context, this.#find(reference));
	}

	/** The job that was made last. @throws ChoreError JOB_NOT_FOUND when there is none */
	async newest(): Promise<Job> {
		return current(this.#context, newest(this.#context.session));
	}

	/**
	 * Jobs in their present state: first the active ones, newest first, then the ended ones, latest end first; or a page of all jobs, by
	 * id, see `limit`.
	 * @throws ChoreError INVALID_ARGUMENT for an impossible `limit` or `after`
	 */
	list(filter: JobFilter = {}): Promise<readonly Job[]> {
		return this.#worthPruning(list(this.#context, filter));
	}

	/**
	 * For completion: the active jobs and 200 others at most, whose name or short id begins with `beginning`. Reads files only
	 * and asks no platform.
	 */
	glance(beginning: string = ""): readonly Glimpse[] {
		return glance(this.#context.session, beginning);
	}

	/** The names of the sessions in this state folder. */
	sessions(): readonly string[] {
		return sessionNames(this.#context.session.root);
	}

	/** The names of the sessions in this state folder and of those that are made later, each once, until the signal is raised. */
	followSessions(options: { readonly signal?: AbortSignal | undefined } = {}): AsyncGenerator<string, void, void> {
		return followSessions(this.#context.session.root, options.signal);
	}

	/** One job with its processes, what they use, and the last `lines` (default 10) lines of its output. */
	async status(reference: string, options: { readonly lines?: number | undefined } = {}): Promise<JobDetails> {
		return status(this.#context, this.#find(reference), { lines: options.lines ?? 10 });
	}

	/**
	 * Stops the whole job, children included: the stop signal, then SIGKILL after the grace. Returns a job that has ended
	 * already as it ended.
	 * @throws ChoreError STOP_FAILED with the processes that survived SIGKILL, or when a start of the job is still under way
	 * after a minute; JOB_UNKNOWN when the job cannot be reached; ABORTED by `signal`: a stop that was asked for goes on
	 */
	async stop(reference: string, options: StopOptions = {}): Promise<Job> {
		return this.#worthPruning(stop(this.#context, this.#find(reference), options));
	}

	/**
	 * Sends a signal ("SIGUSR1") to all processes of the job or to the main one.
	 * @throws ChoreError JOB_NOT_ACTIVE, INVALID_ARGUMENT
	 */
	async kill(
		reference: string,
		options: { readonly signal?: string | undefined; readonly whom?: "main" | "all" | undefined } = {},
	): Promise<Job> {
		return kill(this.#context, this.#find(reference), options.signal ?? "SIGTERM", options.whom ?? "all");
	}

	/**
	 * Pauses every process of the job. Its time limit goes on. Returns a job that is paused already.
	 * @throws ChoreError JOB_NOT_ACTIVE, OPTION_UNSUPPORTED
	 */
	async pause(reference: string): Promise<Job> {
		return pause(this.#context, this.#find(reference));
	}

	/** Resumes a paused job. @throws ChoreError JOB_NOT_ACTIVE */
	async resume(reference: string): Promise<Job> {
		return resume(this.#context, this.#find(reference));
	}

	/** The jobs that a schedule runs, the one that runs next first. */
	schedules(): Promise<readonly Job[]> {
		return this.#worthPruning(schedules(this.#context));
	}

	/** The next moments at which a job is to be run, as RFC 3339. None for a job without a schedule. */
	async upcoming(reference: string, count: number): Promise<readonly string[]> {
		return upcoming(this.#context, this.#find(reference), count);
	}

	/**
	 * Changes the schedule of a job: what the options say takes the place of what it has. Its triggers are replaced all together.
	 * Earlier moments of the new schedule do not count.
	 * @throws ChoreError INVALID_ARGUMENT, OPTION_UNSUPPORTED, JOB_NOT_ACTIVE without a schedule; PLATFORM_FAILED: it is as it was
	 */
	async reschedule(reference: string, options: ScheduleOptions): Promise<Job> {
		return reschedule(this.#context, this.#find(reference), options);
	}

	/**
	 * Runs what is due of the schedules that only this wakes (`wake: "tick"`): to be called each minute. A run goes on by itself. Of
	 * several calls at once one runs the job.
	 * @returns the jobs that it has run
	 */
	async tick(options: TickOptions = {}): Promise<readonly Job[]> {
		return this.#worthPruning(tick(this.#context, options));
	}

	/**
	 * Adds triggers to the schedule of a job: all that it has must hold for it to run.
	 * @throws ChoreError as `reschedule`
	 */
	async addTriggers(reference: string, options: TriggerOptions): Promise<Job> {
		return addTriggers(this.#context, this.#find(reference), options);
	}

	/** Puts another one in the place of one trigger ("t2"), which keeps its id. @throws ChoreError as `reschedule` */
	async changeTrigger(reference: string, trigger: string, options: TriggerOptions): Promise<Job> {
		return changeTrigger(this.#context, this.#find(reference), trigger, options);
	}

	/** Removes triggers ("t2"), but never all. @throws ChoreError as `reschedule` */
	async removeTriggers(reference: string, triggers: readonly string[]): Promise<Job> {
		return removeTriggers(this.#context, this.#find(reference), triggers);
	}

	/**
	 * Leaves triggers ("t2") out of those that must hold, until they are resumed. Where all are, the schedule as a whole is paused.
	 * @throws ChoreError as `reschedule`
	 */
	async pauseTriggers(reference: string, triggers: readonly string[]): Promise<Job> {
		return pauseTriggers(this.#context, this.#find(reference), triggers);
	}

	/** Has paused triggers hold again. @throws ChoreError as `reschedule` */
	async resumeTriggers(reference: string, triggers: readonly string[]): Promise<Job> {
		return resumeTriggers(this.#context, this.#find(reference), triggers);
	}

	/** Has a schedule not run its job until it is resumed. A run that is active goes on. @throws ChoreError JOB_NOT_ACTIVE without one */
	async pauseSchedule(reference: string): Promise<Job> {
		return pauseSchedule(this.#context, this.#find(reference));
	}

	/** Has a paused schedule go on. What it missed while it was paused is not made up for. @throws ChoreError as `pauseSchedule` */
	async resumeSchedule(reference: string): Promise<Job> {
		return resumeSchedule(this.#context, this.#find(reference));
	}

	/**
	 * Resolves with the job once it has ended, successfully or not.
	 * @throws ChoreError TIMED_OUT, ABORTED (the job goes on), JOB_UNKNOWN
	 */
	async wait(reference: string, options: WaitOptions = {}): Promise<Job> {
		return this.#worthPruning(waitForEnd(this.#context, this.#find(reference), options));
	}

	/**
	 * Writes to the standard input of a job that was started with `stdin: "fifo"`. Resolves once all is in the pipe.
	 * @throws ChoreError NO_INPUT, JOB_NOT_ACTIVE; TIMED_OUT for a job that does not read, see SendOptions
	 */
	async send(reference: string, text: string | Uint8Array, options: SendOptions = {}): Promise<void> {
		return send(this.#context, this.#find(reference), text, options);
	}

	/**
	 * Forgets an ended job and its output; an active one only with `force`, which stops it.
	 * @returns the job as it last was
	 * @throws ChoreError JOB_ACTIVE; ABORTED by `signal`: the job is there, but a stop that was asked for goes on
	 */
	async remove(reference: string, options: RemoveOptions = {}): Promise<Job> {
		return remove(this.#context, this.#find(reference), options);
	}

	/**
	 * Forgets the ended jobs beyond the limits of the options or of `openChore`, those that ended first; and deletes what
	 * processes left that died at work. Never forgets a job that is active, unknown, or of a later version. Works on a full
	 * disk. A job that cannot be forgotten is reported and does not keep the others.
	 * @throws ChoreError INVALID_ARGUMENT
	 */
	prune(options: PruneOptions = {}): Promise<PruneReport> {
		return prune(this.#context, options);
	}

	/**
	 * The bytes of a job's output, in pieces with their offset in the file.
	 * @throws ChoreError NO_OUTPUT when the output was thrown away
	 */
	async *logs(reference: string, options: LogOptions = {}): AsyncGenerator<LogPiece, void, void> {
		yield* logs(this.#context, this.#find(reference), options);
	}

	/**
	 * The runs of this session, the latest start first: active ones, and ended ones by the ledger, also of jobs that were
	 * removed since.
	 * @throws ChoreError INVALID_ARGUMENT for a negative limit
	 */
	history(filter: HistoryFilter = {}): Promise<readonly HistoryEntry[]> {
		return history(this.#context, filter);
	}

	/**
	 * What happened to the jobs of this session, each event once, in the order of the ledger. The end of a run is written there
	 * by whoever records it; where that cannot judge it, by the next command that looks at the job, or while events are followed.
	 */
	events(options: EventOptions = {}): AsyncGenerator<LedgerEvent, void, void> {
		return events(this.#context, options);
	}

	/**
	 * The events that come after a cursor: all of the ledger for a new one. Ends that nobody has written down are, first. Each event
	 * is given at least once, if the cursor is moved only when they have arrived. An event `gap` tells of files that were dropped
	 * meanwhile.
	 * @throws ChoreError INVALID_ARGUMENT for an impossible name, place or number
	 */
	eventsAfter(cursor: string, options: BatchOptions = {}): Promise<EventBatch> {
		return eventsAfter(this.#context, cursor, options);
	}

	/** Moves a cursor to a place that `eventsAfter` gave as `next`. @throws ChoreError INVALID_ARGUMENT, STATE_FULL, STATE_UNUSABLE */
	async moveCursor(cursor: string, to: string): Promise<void> {
		moveCursor(this.#context, cursor, to);
	}

	/**
	 * Has a command be given the events of this session, from here on: by a job of the listener's name, which is run as soon as an event
	 * was told by whoever records ends, by a schedule, or by a command that finds an end. No process waits for events.
	 * @throws ChoreError as `run`; NAME_IN_USE, OPTION_UNSUPPORTED where the platform cannot start runs by itself
	 */
	listen(name: string, options: ListenOptions): Promise<ListenerReport> {
		return listen(this.#context, name, options);
	}

	/** The listeners of this session, by name. */
	listeners(): readonly ListenerReport[] {
		return listeners(this.#context);
	}

	/** Removes a listener with its job. Events that it has not had are not given to it. @throws ChoreError JOB_NOT_FOUND */
	unlisten(name: string): Promise<ListenerReport> {
		return unlisten(this.#context, name);
	}

	/** Runs the command of a listener once, as a job, with an event that is made up. @throws ChoreError JOB_NOT_FOUND, and as `run` */
	testListener(name: string): Promise<Job> {
		return testListener(this.#context, name);
	}

	/** Whether new jobs outlive the last logout; if not, why, and what helps. */
	async logout(): Promise<LogoutFate> {
		return (await this.#context.platforms.choose(this.#context)).logout();
	}

	/** The platforms in order of preference, and whether each is available. Connects to nothing. */
	platforms(): Promise<readonly Found[]> {
		return this.#context.platforms.survey();
	}

	/** What the platform for new jobs can do here. Connects to nothing. @throws ChoreError PLATFORM_UNAVAILABLE */
	async capabilities(): Promise<Capabilities> {
		return (await this.#context.platforms.choose(this.#context)).capabilities;
	}

	/**
	 * Asks the system to let this user's jobs outlive the last logout, if the platform for new jobs can.
	 * @returns whether they do now, checked again
	 * @throws ChoreError PLATFORM_FAILED when the platform cannot ask, or the system refused
	 */
	linger(): Promise<LogoutFate> {
		return linger(this.#context);
	}

	/** Like the function `doctor`, with the state folder, session and platform of this object. */
	doctor(options: { readonly selfTest?: boolean | undefined } = {}): Promise<Report> {
		return this.#examine(options.selfTest);
	}

	/**
	 * Closes the connections, unless other sessions share them (`openSessions`), once the requests have ended that were sent and then
	 * given up by a signal. Never stops a job. If this object has started or examined jobs, it also prunes for 20 ms at most: only jobs
	 * that ended more than an hour ago and are beyond the limits of what is kept. It can be used again afterwards.
	 */
	async close(): Promise<void> {
		await Promise.all(this.#context.unfinished);
		const mayPrune = this.#mayPrune;
		this.#mayPrune = false;
		if (mayPrune) await sweepInPassing(this.#context);
		if (this.#ownsPlatforms) await this.#context.platforms[Symbol.asyncDispose]();
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
	}

	/** Notes, after a verb that starts or settles jobs, that `close` should prune. */
	async #worthPruning<T>(answer: Promise<T>): Promise<T> {
		const value = await answer;
		this.#mayPrune = true;
		return value;
	}

	#find(reference: string): string {
		if (reference !== "") return resolve(this.#context.session, reference);
		throw new ChoreError("INVALID_ARGUMENT", "the reference to a job is empty", {
			hint: "a name, an id, or the last 4 or more characters of an id",
		});
	}
}
