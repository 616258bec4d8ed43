/**
 * The border between the core and whatever supervises a job.
 *
 * A platform is given a folder and runs `/bin/sh <job>/start <run>` in it, followed by three words for each resource limit
 * that it wants to be in the place of the caller's: the flag of ulimit, the soft and the hard limit. It never sees the user's arguments,
 * environment, directory, input or output: all of those are inside `start`, so no platform has to quote them.
 * A platform keeps no state of its own: what it needs to find a run again is in the handle, which the core stores.
 */

/** How a process ended: the code it chose, or the signal that killed it ("SIGTERM", "SIGRTMIN+3"). */
export type ExitStatus = { readonly code: number } | { readonly signal: string };

/** What the platform must be able to do beyond the minimum for an option to be accepted. */
export interface Capabilities {
	/** Starts the program of a run again by `restart`, with nobody else there. */
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
	/** Holds a run where it is, and lets it go on. */
	readonly pause: boolean;
	/**
	 * The keys of `native` that it takes; empty if it has no options of its own. With each key the names that its values may
	 * begin with, which completion offers; empty if a value may be any text.
	 */
	readonly native: Readonly<Record<string, readonly string[]>>;
	/** Sends SIGHUP right after the stop signal when `stopping.hangUp` is set. */
	readonly hangUp: boolean;
	/** Accepts a run without waiting until it is under way (`acknowledge: false`). */
	readonly enqueue: boolean;
	/**
	 * How the processes of a job are found: by the kernel's own book (nothing escapes), or by process group and the
	 * variable CHORE_RUN_ID (a process that leaves the group and clears its environment escapes).
	 */
	readonly containment: "cgroup" | "group-and-mark";
}

/**
 * Options of one platform in its own words, such as the name of a systemd unit. Only the platform knows the keys and the
 * meaning of their values. The core stores them and passes them on unread.
 */
export type NativeOptions = Readonly<Record<string, string | readonly string[]>>;

/** One run, as a platform needs to know it. All paths are absolute. */
export interface RunSpec {
	readonly jobId: string;
	/** 1 for the first start of a job. */
	readonly run: number;
	/** Fit for the name of a unit: `[A-Za-z0-9._-]{1,80}`, readable and near enough unique. */
	readonly label: string;
	/** One line for people, free of control characters. */
	readonly description: string;
	/** Holds `start`; stays for the whole life of the job. */
	readonly jobFolder: string;
	/**
	 * `<jobFolder>/runs/<run>`: holds `exit` (see exit-record.ts), `started` (written by `start` in each attempt: the pid of
	 * its main process comes first), with a restart policy `attempts`, and the platform's own small files.
	 */
	readonly runFolder: string;
	readonly limits: Limits;
	readonly restart: RestartPolicy;
	readonly stopping: Stopping;
	readonly native: NativeOptions;
	/** False: return as soon as the platform has accepted the run. */
	readonly acknowledge: boolean;
}

/**
 * Whether the platform starts the program again, within the same run, when it has ended. Each such execution is an
 * attempt; what it left running is ended before the next. A stop that was asked for is never followed by another.
 */
export interface RestartPolicy {
	/** on-failure: after every end but exit code 0, so also after a signal, whichever, and after the time limit. */
	readonly policy: "no" | "on-failure" | "always";
	/** Milliseconds from an end to the next attempt. */
	readonly delayMs: number;
	/** How many restarts there may be; null without bound. */
	readonly max: number | null;
}

/** Bounds of one attempt; null where there is none. */
export interface Limits {
	/** Milliseconds of running time, from the start of the main process. */
	readonly timeoutMs: number | null;
	readonly memoryBytes: number | null;
	/** CPUs' worth of time: 1.5 is one and a half processors. */
	readonly cpus: number | null;
	/** Processes and threads. */
	readonly tasks: number | null;
}

/** How a run is asked to end, by whoever ends it: `stop`, the time limit, or the platform at shutdown. */
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

/** What a platform can tell of one run now. */
export type Observation =
	/** Accepted, and waiting for its turn; or between two attempts. */
	| { readonly kind: "queued" }
	| { readonly kind: "running"; readonly paused: boolean }
	/** Its main process has ended or was asked to; processes of the job are still there. */
	| { readonly kind: "stopping" }
	/** Over, and the platform itself remembers how: for runs whose exit record could not be written. */
	| { readonly kind: "ended"; readonly end: ObservedEnd }
	/** Processes of the job live on, but whatever would have recorded its end is gone. */
	| { readonly kind: "unsupervised"; readonly pids: readonly number[] }
	/** No trace of it: no unit, no process. Together with a blank exit record: lost. */
	| { readonly kind: "absent" }
	/** The platform cannot be asked; `reason` says why, for people. */
	| { readonly kind: "unreachable"; readonly reason: string };

export interface ObservedEnd {
	readonly status: ExitStatus;
	readonly result: PlatformResult;
	/** Milliseconds since the epoch, or null where the platform does not say. End of the main process. */
	readonly endedAtMs: number | null;
}

/**
 * Why a run ended, in the platform's own judgement (systemd's Result=, as far as it has one). The core adds what only
 * it knows: a stop request, a program that never started.
 */
export type PlatformResult = "success" | "exit-code" | "signal" | "timeout" | "oom-kill" | "start-failed" | "start-limit" | "session-ended";

export type StopOutcome =
	| { readonly kind: "ended" }
	/** Processes still there 5 s after SIGKILL (uninterruptible sleep, another user's). */
	| { readonly kind: "survivors"; readonly pids: readonly number[] };

export interface JobProcess {
	readonly pid: number;
	readonly parentPid: number;
	/** The command line as the process shows it, blanks between words. */
	readonly command: string;
	/** True for a process that left the job's group and was found by its mark. */
	readonly escaped: boolean;
}

/** What a running job is made of and uses at this moment; null where the platform does not count. */
export interface Usage {
	readonly processes: readonly JobProcess[];
	readonly cpuTimeMs: number | null;
	readonly memoryBytes: number | null;
	readonly memoryPeakBytes: number | null;
}

/** Whether jobs outlive the user's last logout; if not, why, and the command that changes it. */
export type LogoutFate = { readonly survives: true } | { readonly survives: false; readonly reason: string; readonly cure: string };

/** One backend that runs jobs. Each method is one request; none retries. Throws ChoreError (errors.ts) only. */
export interface Platform extends AsyncDisposable {
	readonly name: string;
	/** Ask here what it can do, never by name. */
	readonly capabilities: Capabilities;
	/**
	 * Checks the options in the platform's own words. The core calls it before it makes any file of a job or of a later run.
	 * No I/O except what `capabilities` needs.
	 * @throws ChoreError OPTION_UNSUPPORTED for a key that it does not take, INVALID_ARGUMENT for an impossible value. Both say
	 * what to use instead
	 */
	check(asked: Pick<RunSpec, "native" | "limits">): void;
	/**
	 * The handle that `start` will make true. No I/O: the core stores it first, so that a crash in between loses nothing.
	 * @throws ChoreError INVALID_ARGUMENT for what of `run` can be seen to be impossible, naming it
	 */
	plan(run: RunSpec): Handle;
	/**
	 * Starts one run; resolves once it is under way (or accepted, without `acknowledge`). A run that began and ended
	 * at once is a success here: its exit record tells the rest. So is one that the platform has accepted and not come to
	 * after a minute. Always settles in bounded time.
	 *
	 * An error with `refused` says that nothing of the run is there, nor will be: whatever there was of it is gone by then.
	 * After any other error the core asks `inspect` whether the run is there.
	 * @throws ChoreError UNIT_EXISTS when the object's name is taken; PLATFORM_FAILED with the system's own error as cause
	 */
	start(run: RunSpec, handle: Handle): Promise<void>;
	/**
	 * The stop signal to every process of the run, SIGKILL after `graceMs`; resolves once none is left, or 5 s after
	 * SIGKILL. A run that is already over is not an error. Never signals a process or unit that is not this run's.
	 */
	stop(handle: Handle, options: Stopping): Promise<StopOutcome>;
	/** Sends a signal to the main process or to all. Resolves false, signalling nothing, when the run is over. */
	kill(handle: Handle, signal: string, whom: "main" | "all"): Promise<boolean>;
	/**
	 * Holds every process of the run where it is, until `resume`. A run that is stopped meanwhile ends like any other.
	 * Resolves false, holding nothing, when the run is over; between two attempts, too.
	 */
	pause(handle: Handle): Promise<boolean>;
	/** Lets a run go on that was held. Resolves false when it is over. */
	resume(handle: Handle): Promise<boolean>;
	/** What is known of each handle, in the order given; one round trip however many. */
	inspect(handles: readonly Handle[]): Promise<readonly Observation[]>;
	/**
	 * Calls back whenever one of these runs may have changed, until disposed: a hint, to be followed by `inspect`.
	 * May come without cause, and comes at least once after every end, even one that happened while it was being set up.
	 */
	watch(handles: readonly Handle[], changed: (handle: Handle) => void): Promise<AsyncDisposable>;
	/** Lets go of whatever the platform still keeps of a run that is over. Does nothing to one that is not. */
	forget(handle: Handle): Promise<void>;
	usage(handle: Handle): Promise<Usage>;
	logout(): Promise<LogoutFate>;
	/**
	 * Asks the system to let this user's jobs outlive the last logout; `logout` tells what came of it. Absent where there
	 * is nothing to ask for. @throws ChoreError PLATFORM_FAILED with the answer
	 */
	linger?(): Promise<void>;
	/**
	 * What chore once started here, of whatever state folder, and whose job's folder is gone. Absent where nothing of a
	 * run is kept beside its folder.
	 */
	strays?(): Promise<readonly Stray[]>;
	/** For `chore doctor`. */
	describe(): Promise<Description>;
}

export interface Description {
	/** What it is, its version, what limits it: in the order to be shown. */
	readonly facts: readonly Fact[];
	/** Why it cannot do here what `capabilities` denies, for people. */
	readonly lacking: Readonly<Partial<Record<keyof Capabilities, string>>>;
}

/** An object of the platform without a job. */
export interface Stray {
	/** What the platform calls it. */
	readonly name: string;
	readonly jobId: string;
	/** Whether its processes may be running. */
	readonly active: boolean;
	/** The command that ends it, or has the platform forget it. */
	readonly cure: string;
}

export interface Fact {
	readonly name: string;
	readonly value: string;
}

/** What a platform may ask of the core. */
export interface PlatformContext {
	/**
	 * The path of a small shell program that running jobs refer to: installed once per content in the state folder,
	 * so that an update or removal of chore touches no running job.
	 */
	install(name: string, text: string): string;
}

export interface Detection {
	readonly available: boolean;
	/** Why it is, or is not, in one clause for people. */
	readonly reason: string;
	/** The files that were looked at, by what they are: there or not. */
	readonly paths: readonly Fact[];
}

/** What each `platform/<name>/index.ts` exports. */
export interface PlatformModule {
	/** Cheap, silent, and never wrong in favour of availability: looks for files and sockets, connects to nothing. */
	detect(): Detection;
	/** @throws ChoreError PLATFORM_UNAVAILABLE when it was detected but does not answer */
	open(context: PlatformContext): Promise<Platform>;
}
