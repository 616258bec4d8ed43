/**
 * The border between the core and the system that supervises jobs.
 *
 * A platform runs `/bin/sh <job folder>/start <run folder>`, or has a shell with this argument read the script. For each
 * resource limit that replaces the caller's it adds three words: the flag of ulimit, the soft and the hard limit. It never
 * sees the user's arguments, environment, directory, input or output: they are inside `start`, so that no platform has to
 * quote them. It keeps no state: the handle, which the core stores, holds what it needs to find a run again.
 */

import type { Calendar, Occasion } from "./calendar.ts";

/** How a process ended: the code it chose, or the signal that killed it ("SIGTERM", "SIGRTMIN+3"). */
export type ExitStatus = { readonly code: number } | { readonly signal: string };

/** What a platform can do beyond the minimum. The core refuses options that need what it cannot do. */
export interface Capabilities {
	/** Starts the program of a run again as `restart` says, also when no process of chore is running. */
	readonly restart: boolean;
	/** Ends an attempt after `limits.timeoutMs`. */
	readonly timeout: boolean;
	/** Enforces `limits.memoryBytes` for the whole job. */
	readonly memoryLimit: boolean;
	/** Enforces `limits.cpus` for the whole job. */
	readonly cpuLimit: boolean;
	/** Enforces `limits.tasks` for the whole job. */
	readonly taskLimit: boolean;
	/** Puts CPU time and peak memory of the whole job into its exit record. */
	readonly accounting: boolean;
	/** Can pause and resume a run. */
	readonly pause: boolean;
	/**
	 * The keys of `native` that it takes. With each key the names that its values may begin with, for completion; none if a
	 * value may be any text.
	 */
	readonly native: Readonly<Record<string, readonly string[]>>;
	/** Sends SIGHUP right after the stop signal when `stopping.hangUp` is set. */
	readonly hangUp: boolean;
	/** Accepts a run without waiting until it is under way (`acknowledge: false`). */
	readonly enqueue: boolean;
	/** Runs a job at the moments of a calendar, also when no process of chore is running: it has `schedules` and `launcher`. */
	readonly schedule: boolean;
	/** Wakes a job on an `Occasion`, too. */
	readonly occasions: boolean;
	/**
	 * How the processes of a job are found: by cgroup, from which no process escapes, or by process group and the
	 * variable CHORE_RUN_ID, which miss a process that leaves the group and clears its environment.
	 */
	readonly containment: "cgroup" | "group-and-mark";
}

/**
 * Options of one platform in its own words, such as the name of a systemd unit. Only the platform knows the keys and the
 * meaning of their values. The core stores them and passes them on unread.
 */
export type NativeOptions = Readonly<Record<string, string | readonly string[]>>;

/** What a platform is told about a run. All paths are absolute. */
export interface RunSpec {
	readonly jobId: string;
	/** 1 for the first start of a job. */
	readonly run: number;
	/** For names of units: `[A-Za-z0-9._-]{1,80}`, readable and almost certainly unique. */
	readonly label: string;
	/** One line for people, free of control characters. */
	readonly description: string;
	/** Exists until the job is removed. */
	readonly jobFolder: string;
	/** The script that becomes the job, a file called `start` somewhere in that folder. Jobs whose settings change have several. */
	readonly start: string;
	/**
	 * `<jobFolder>/runs/<run>`, with the files `exit` (see exit-record.ts); `started`, which `start` writes in each attempt and
	 * which begins with the pid of the main process; with a restart policy `attempts`; and small files of the platform's own.
	 */
	readonly runFolder: string;
	readonly limits: Limits;
	readonly restart: RestartPolicy;
	readonly stopping: Stopping;
	readonly native: NativeOptions;
	/** If false, `start` returns as soon as the platform has accepted the run. */
	readonly acknowledge: boolean;
}

/**
 * Whether the platform starts the program again, within the same run, when it has ended. Each execution is an attempt;
 * processes that it left running are ended before the next. There is no further attempt after `stop`.
 */
export interface RestartPolicy {
	/** on-failure: after every end but exit code 0, also after any signal and after the time limit. */
	readonly policy: "no" | "on-failure" | "always";
	/** Milliseconds from an end to the next attempt. */
	readonly delayMs: number;
	/** The greatest number of restarts; null: unlimited. */
	readonly max: number | null;
}

/** Limits of one attempt; null: no limit. */
export interface Limits {
	/** Milliseconds of running time, from the start of the main process. */
	readonly timeoutMs: number | null;
	readonly memoryBytes: number | null;
	/** CPU time in processors: 1.5 is one and a half. */
	readonly cpus: number | null;
	/** Processes and threads. */
	readonly tasks: number | null;
}

/** How a run is ended by `stop`, by the time limit, or by the platform at shutdown. */
export interface Stopping {
	/** "SIGTERM" unless the user chose another. */
	readonly signal: NodeJS.Signals;
	/** Milliseconds between that signal and SIGKILL. */
	readonly graceMs: number;
	/** Send SIGHUP right after the signal (systemd.kill(5), SendSIGHUP=). */
	readonly hangUp: boolean;
}

/**
 * What a platform needs to find a run again. Made before the start, stored by the core, read by this platform only, with one
 * exception: if `data` has a `unit`, the core shows it as the platform's own name for the run.
 */
export interface Handle {
	readonly platform: string;
	/** Version of `data`, counted by the platform. */
	readonly version: number;
	readonly data: Readonly<Record<string, string | number | null>>;
}

/** What a platform knows about one run at present. */
export type Observation =
	/** Accepted but not started yet, or between two attempts. */
	| { readonly kind: "queued" }
	| { readonly kind: "running"; readonly paused: boolean }
	/** Its main process has ended or was asked to end; processes of the job are still there. */
	| { readonly kind: "stopping" }
	/** Over, and the platform knows how it ended. Needed when the exit record could not be written. */
	| { readonly kind: "ended"; readonly end: ObservedEnd }
	/** Processes of the job still run, but the process that records its end (hook or shim) is gone. */
	| { readonly kind: "unsupervised"; readonly pids: readonly number[] }
	/** It has no unit and no process. If its exit record is blank, too, the run is lost. */
	| { readonly kind: "absent" }
	/** The platform cannot be asked; `reason` says why, for people. */
	| { readonly kind: "unreachable"; readonly reason: string };

export interface ObservedEnd {
	readonly status: ExitStatus;
	readonly result: PlatformResult;
	/** When the main process ended, in milliseconds since the epoch; null if the platform does not say. */
	readonly endedAtMs: number | null;
}

/**
 * Why a run ended, according to the platform (like Result= of systemd). The core adds what only it knows: a stop request, a
 * program that never started.
 */
export type PlatformResult = "success" | "exit-code" | "signal" | "timeout" | "oom-kill" | "start-failed" | "start-limit" | "session-ended";

export type StopOutcome =
	| { readonly kind: "ended" }
	/** Processes that are still there 5 s after SIGKILL: in uninterruptible sleep, or another user's. */
	| { readonly kind: "survivors"; readonly pids: readonly number[] };

/** A process of a running job. */
export interface JobProcess {
	readonly pid: number;
	readonly parentPid: number;
	/** The command line that the process shows, with blanks between the words. */
	readonly command: string;
	/** True for a process that left the job's group and was found by its mark. */
	readonly escaped: boolean;
}

/** The processes of a running job and what they use at present; null where the platform does not count it. */
export interface Usage {
	readonly processes: readonly JobProcess[];
	readonly cpuTimeMs: number | null;
	readonly memoryBytes: number | null;
	readonly memoryPeakBytes: number | null;
}

/** Whether jobs outlive the user's last logout; if not, why, and the command that changes it. */
export type LogoutFate = { readonly survives: true } | { readonly survives: false; readonly reason: string; readonly cure: string };

/** What wakes a job. All paths are absolute. */
export interface Wake {
	readonly jobId: string;
	/** As in RunSpec. */
	readonly label: string;
	readonly description: string;
	/** Its folder `schedule` is there for small files of the platform's own. */
	readonly jobFolder: string;
	/** Counts the changes of a schedule, from 1: each gets an object of the platform that has no history. */
	readonly revision: number;
	/** Without a rule where there are occasions. */
	readonly calendar: Calendar;
	/** The job is woken on each. None where the platform lacks the capability. */
	readonly occasions: readonly Occasion[];
	/** As in RunSpec; checked. */
	readonly native: NativeOptions;
	/** Wake it once after a time in which that could not be, such as while the machine was off. */
	readonly catchesUp: boolean;
	/** The longest delay after each moment, the same one each time. */
	readonly jitterMs: number;
	/** The program that is run by /bin/sh with the job's folder as its argument. It runs the job, unless the schedule's policies say no. */
	readonly fire: string;
	/**
	 * The program that is run by /bin/sh with `fire` and the job's folder as its arguments, and becomes `fire` if a moment of the
	 * calendar is due: for a platform that wakes the job at other moments as well, such as its own start, or several times at once.
	 * A third argument are seconds to wait before that. It reads the minutes of the machine's clock, or those of UTC where the whole
	 * calendar is in UTC: it knows no seconds and no other zones.
	 */
	readonly due: string;
}

/** Wakes jobs at the moments of a calendar. */
export interface Schedules {
	/**
	 * The handle of what will wake a job. No I/O.
	 * @throws ChoreError OPTION_UNSUPPORTED for what it cannot keep, such as seconds, in one sentence
	 */
	plan(wake: Wake): Handle;
	/**
	 * Wakes the job from here on, also after a reboot; what an earlier revision has armed is disarmed then. After an error nothing
	 * of this revision is there.
	 */
	arm(wake: Wake, handle: Handle): Promise<void>;
	/** Wakes the job no more, by no revision. Does nothing if that is so already; a run that is active goes on. */
	disarm(handle: Handle): Promise<void>;
	/** When each wakes its job next, in milliseconds since 1970; undefined where that is not known, or it never will. */
	nextTimes(handles: readonly Handle[]): Promise<readonly (number | undefined)[]>;
	/**
	 * Why each does not wake its job any more, or will not after a restart, in one clause for people; undefined where nothing is
	 * wrong. Absent if nobody but chore can disarm one.
	 */
	faults?(handles: readonly Handle[]): Promise<readonly (string | undefined)[]>;
	/** Whether it goes on to wake jobs after the user's last logout. Absent if it always does, whatever becomes of jobs then. */
	logout?(): Promise<LogoutFate>;
}

/** One backend that runs jobs. Each method is one request; none retries. Throws ChoreError (errors.ts) only. */
export interface Platform extends AsyncDisposable {
	readonly name: string;
	/** The only way to ask what a platform can do. Never compare its name. */
	readonly capabilities: Capabilities;
	/**
	 * Checks the options in the platform's own words. The core calls it before it makes any file of a job or of a later run.
	 * No I/O except what `capabilities` needs.
	 * @throws ChoreError OPTION_UNSUPPORTED for a key that it does not take, INVALID_ARGUMENT for an impossible value. Both say
	 * what to use instead
	 */
	check(asked: Pick<RunSpec, "native" | "limits">): void;
	/**
	 * The handle of a run that `start` will start. No I/O: the core stores the handle first, so that a crash during the start
	 * does not lose the run.
	 * @throws ChoreError INVALID_ARGUMENT naming what of `run` is impossible, as far as that can be seen
	 */
	plan(run: RunSpec): Handle;
	/**
	 * Starts one run; resolves once it is under way, or without `acknowledge` once it is accepted. Resolves also if the run
	 * has ended already, which its exit record tells, or is still queued after a minute. Always settles in bounded time.
	 *
	 * After an error with `refused` nothing of the run exists, or will exist later. After any other error the core asks
	 * `inspect` whether the run is there.
	 * @throws ChoreError UNIT_EXISTS when the object's name is taken; PLATFORM_FAILED with the system's own error as cause
	 */
	start(run: RunSpec, handle: Handle): Promise<void>;
	/**
	 * Shell text by which the fire program starts this run as `start` would, without Node, in any /bin/sh. It defines these
	 * functions:
	 *
	 *     launch    starts the run in the folder $run, and calls `begun` as soon as that lives or is accepted; it need not return
	 *               then. Returns 1 if it was refused and nothing of the run will exist, 2 if that is not known
	 *     alive     whether the run of this job in the folder $1, which has no final exit record, may be active
	 *     halt      ends the run of this job in the folder $1 as `stop` would, with its own grace; its stop mark is there
	 *     check     runs the job's script `start` in the folder $1, and returns its exit code; not 0 if it was ended, with all
	 *               that it had started, after ten seconds. What it leaves behind is ended, too
	 *
	 * What writes the last exit record of a run then runs the program whose path is in `<jobFolder>/schedule/queued`, if that file
	 * is there, by /bin/sh, with the job's folder and the number of the run as arguments. It leads a process group.
	 *
	 * The number of the run is one that occurs in the text only where it means that: another takes its place before it is read.
	 * Whoever reads it leads a process group, and has nothing to do afterwards. Absent if runs cannot be started so.
	 */
	launcher?(run: RunSpec): Promise<string>;
	/** Absent if the platform cannot wake jobs. */
	readonly schedules?: Schedules;
	/**
	 * Sends the stop signal to every process of the run, and SIGKILL after `graceMs`. Resolves once none is left, or 5 s after
	 * SIGKILL. Continues processes that are stopped, or the signal would not reach them. A run that is already over is not an
	 * error. Never signals a process or unit that is not this run's.
	 */
	stop(handle: Handle, options: Stopping): Promise<StopOutcome>;
	/**
	 * Sends a signal to the main process or to all, and does nothing else: a paused run stays paused, and reacts once it is
	 * resumed; to SIGKILL and SIGCONT it reacts at once. Resolves false, and signals nothing, if the run is over.
	 */
	kill(handle: Handle, signal: string, whom: "main" | "all"): Promise<boolean>;
	/**
	 * Pauses every process of the run until `resume`. `stop` ends a paused run like any other. Resolves false, and pauses
	 * nothing, if the run is over or between two attempts.
	 */
	pause(handle: Handle): Promise<boolean>;
	/** Continues every process of a run, also those that chore did not stop. Resolves false if the run is over. */
	resume(handle: Handle): Promise<boolean>;
	/** What is known about each run, in the order of the handles. One round trip for all of them. */
	inspect(handles: readonly Handle[]): Promise<readonly Observation[]>;
	/**
	 * Whether each run lives on this kernel, in whatever pid namespace it is; true in doubt. Absent if the platform can tell that
	 * only of runs in its own. `runFolder` is where the run's folder is in this mount namespace, which the handle may not know.
	 */
	lives?(runs: readonly { readonly handle: Handle; readonly runFolder: string }[]): Promise<readonly boolean[]>;
	/**
	 * Calls back whenever one of these runs may have changed, until disposed; the caller then calls `inspect`. Some calls have
	 * no cause. There is at least one after the end of every run, even if the run ends while the watch is being set up.
	 */
	watch(handles: readonly Handle[], changed: (handle: Handle) => void): Promise<AsyncDisposable>;
	/** Deletes what the platform still keeps of a run that is over. Does nothing to a run that is not. */
	forget(handle: Handle): Promise<void>;
	usage(handle: Handle): Promise<Usage>;
	logout(): Promise<LogoutFate>;
	/**
	 * Asks the system to let this user's jobs outlive the last logout; `logout` tells the result. Absent if the platform has
	 * no such setting. @throws ChoreError PLATFORM_FAILED with the system's answer
	 */
	linger?(): Promise<void>;
	/**
	 * What a job finds other than this process does, in one clause for people: "another network". Undefined if nothing is known
	 * to differ; absent if every job is a descendant of the process that starts it.
	 */
	elsewhere?(): Promise<string | undefined>;
	/**
	 * Objects that chore started, for any state folder, and whose job's folder is gone. Absent if the platform keeps nothing
	 * of a run outside of its folder.
	 */
	strays?(): Promise<readonly Stray[]>;
	/** For `chore doctor`. */
	describe(): Promise<Description>;
}

export interface Description {
	/** Its name, version, limits and the like, in the order in which they are shown. */
	readonly facts: readonly Fact[];
	/** For each missing capability the reason, for people. */
	readonly lacking: Readonly<Partial<Record<keyof Capabilities, string>>>;
}

/** An object of the platform, such as a unit, whose job is gone. */
export interface Stray {
	/** The platform's name for it. */
	readonly name: string;
	readonly jobId: string;
	/** Whether its processes may be running. */
	readonly active: boolean;
	/** The command that ends or removes it. */
	readonly cure: string;
}

/** A line of the doctor's report: what something is called, and how it is here. */
export interface Fact {
	readonly name: string;
	readonly value: string;
}

/** What the core does for a platform. */
export interface PlatformContext {
	/**
	 * Installs a small shell program for running jobs in the state folder, and returns its path. A file is never changed, so
	 * that an update or removal of chore does not disturb running jobs.
	 */
	install(name: string, text: string): string;
}

/** Whether a platform can be used here, and why. */
export interface Detection {
	readonly available: boolean;
	/** Why it is available or not, in one clause for people. */
	readonly reason: string;
	/**
	 * True where a job would certainly not find the programs that its caller sees, since it would run outside of the caller's
	 * container. Such a platform is used only if it is asked for.
	 */
	readonly elsewhere?: boolean;
	/** The files that were looked for, by their purpose, and whether they exist. */
	readonly paths: readonly Fact[];
}

/** What each `platform/<name>/index.ts` exports. */
export interface PlatformModule {
	/** Looks for files and sockets, and connects to nothing. In doubt it says that the platform is not available. */
	detect(): Detection;
	/** @throws ChoreError PLATFORM_UNAVAILABLE if it was detected but does not answer */
	open(context: PlatformContext): Promise<Platform>;
}
