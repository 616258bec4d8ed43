/** What the shell platforms know of a process, from /proc or ps(1). Zombies count as ended and never appear. */

/** One process at the time of asking. */
export interface Process {
	readonly pid: number;
	readonly parentPid: number;
	readonly groupId: number;
	/** Stopped by a signal (SIGSTOP), not merely asleep. */
	readonly stopped: boolean;
	/** In uninterruptible sleep (state D), as a parent is between vfork(2) and the exec of its child. */
	readonly blocked: boolean;
	/** The time of its start, as text to compare: tells two processes apart that had the same pid one after the other. */
	readonly startedAt: string;
	/** The command line, blanks between words. */
	command(): string;
	/** Reads its environment. @returns looks up a variable; undefined for all where the environment cannot be read */
	environment(): (name: string) => string | undefined;
}

/**
 * Whether a process is stopped and will do nothing before SIGCONT.
 *
 * @param others the processes among which its children are looked for; called only where they matter
 */
export function isHeld({ pid, stopped, blocked }: Process, others: () => readonly Process[]): boolean {
	// After vfork(2) the parent waits for the exec of its child, and takes its own SIGSTOP only after that. With the child
	// stopped, the parent does nothing either.
	return stopped || (blocked && others().some((other) => other.stopped && other.parentPid === pid));
}

/** Looks up processes. */
export interface ProcessTable {
	/** Its name in `chore doctor`. */
	readonly source: string;
	/** True where `find` takes microseconds. */
	readonly isCheap: boolean;
	all(): readonly Process[];
	/** The process with this pid, or undefined when there is none. */
	find(pid: number): Process | undefined;
	/** CPU time and memory in use by these, or null where it cannot be told. */
	usage(processes: readonly Process[]): { readonly cpuTimeMs: number; readonly memoryBytes: number } | null;
}
