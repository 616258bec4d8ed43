/** What is asked of the processes of this system. Zombies are left out everywhere: they are no longer there. */

/** One process at the time of asking. */
export interface Process {
	readonly pid: number;
	readonly parentPid: number;
	readonly groupId: number;
	/** Stopped by a signal (SIGSTOP), not merely asleep. */
	readonly stopped: boolean;
	/** In the kernel until something else happens (state D): among others a parent between vfork(2) and its child's exec. */
	readonly blocked: boolean;
	/** Differs between two processes that have the same pid one after the other. */
	readonly startedAt: string;
	/** The command line, blanks between words. */
	command(): string;
	/** Reads its environment; what it gives looks a variable up, and finds none where the process does not let us see. */
	environment(): (name: string) => string | undefined;
}

/**
 * Whether a process does nothing before SIGCONT.
 *
 * @param others asked for its children, where it has to be known
 */
export function isHeld({ pid, stopped, blocked }: Process, others: () => readonly Process[]): boolean {
	// A child stopped between vfork(2) and exec holds up its parent: that gets its own SIGSTOP only afterwards.
	return stopped || (blocked && others().some((other) => other.stopped && other.parentPid === pid));
}

/** Where processes are looked up. */
export interface ProcessTable {
	/** What it is, for people. */
	readonly source: string;
	/** True where `find` takes microseconds. */
	readonly isCheap: boolean;
	all(): readonly Process[];
	/** One process, or undefined when there is none (any more). */
	find(pid: number): Process | undefined;
	/** CPU time and memory in use by these, or null where it cannot be told. */
	usage(processes: readonly Process[]): { readonly cpuTimeMs: number; readonly memoryBytes: number } | null;
}
