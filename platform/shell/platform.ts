/** The common part of posix and launchd, the platforms on which a shell (the shim) is the parent of each run. */
import type { Capabilities, Handle, Observation, RunSpec, StopOutcome, Stopping, Usage } from "../contract.ts";
import { ChoreError, errnoOf } from "../errors.ts";
import { signalNumber } from "../exit-record.ts";
import { CAPABILITIES, LACKING } from "./describe.ts";
import { inspect } from "./inspect.ts";
import { kill } from "./kill.ts";
import { clearDead, liveness } from "./liveness.ts";
import { pause, resume } from "./pause.ts";
import type { ProcessTable } from "./processes.ts";
import { handleOf, runOf } from "./run-folder.ts";
import { endLeftovers, stop } from "./stop.ts";
import { usageOf } from "./usage.ts";
import { watch } from "./watch.ts";

/** All of Platform except `start`, `forget`, `logout` and `describe`. */
export abstract class ShellPlatform implements AsyncDisposable {
	abstract readonly name: string;
	readonly capabilities: Capabilities = CAPABILITIES;
	/** The words by which the shim and the start scripts are run. */
	protected readonly shell: readonly string[];
	protected readonly table: ProcessTable;
	/** The words by which a job gets a process group of its own; see leader.ts. */
	protected readonly leader: string;

	constructor(shell: readonly string[], table: ProcessTable, leader: string) {
		this.shell = shell;
		this.table = table;
		this.leader = leader;
	}

	/** Refuses every key: these platforms have no options of their own. */
	check({ native }: Pick<RunSpec, "native">): void {
		const [key] = Object.keys(native);
		if (key === undefined) return;
		throw new ChoreError("OPTION_UNSUPPORTED", `the platform ${this.name} cannot give a job any ${key}: ${LACKING.native}`, {
			hint: "leave the option out; `chore doctor` shows what each platform can do, and why",
		});
	}

	plan(run: RunSpec): Handle {
		return handleOf(this.name, run);
	}

	stop(handle: Handle, options: Stopping): Promise<StopOutcome> {
		return stop(runOf(handle), this.table, options);
	}

	async kill(handle: Handle, signal: string, whom: "main" | "all"): Promise<boolean> {
		const number = signalNumber(signal);
		if (number === undefined) throw new ChoreError("INVALID_ARGUMENT", `this system has no signal ${signal}`);
		return kill(runOf(handle), this.table, number, whom);
	}

	pause(handle: Handle): Promise<boolean> {
		return pause(runOf(handle), this.table);
	}

	resume(handle: Handle): Promise<boolean> {
		return resume(runOf(handle), this.table);
	}

	async inspect(handles: readonly Handle[]): Promise<readonly Observation[]> {
		return inspect(handles, this.table);
	}

	/** By the FIFO, which any process of this kernel can look at. Of a run whose shim was killed, processes elsewhere may be out of sight. */
	async lives(runs: readonly { readonly handle: Handle; readonly runFolder: string }[]): Promise<readonly boolean[]> {
		const moved = runs.map(({ handle, runFolder }) => ({ ...handle, data: { ...handle.data, runFolder } }));
		return inspect(moved, this.table).map(({ kind }) => kind !== "absent");
	}

	async watch(handles: readonly Handle[], changed: (handle: Handle) => void): Promise<AsyncDisposable> {
		return watch(
			handles.map((handle) => [handle, runOf(handle)]),
			changed,
		);
	}

	async forget(handle: Handle): Promise<void> {
		const run = runOf(handle);
		try {
			if (liveness(run.runFolder) !== "dead") return;
			endLeftovers(run, this.table);
			clearDead(run.runFolder);
		} catch (error) {
			if (errnoOf(error) === undefined) throw error; // a file of the run is damaged; leftovers do no harm
		}
	}

	async usage(handle: Handle): Promise<Usage> {
		return usageOf(runOf(handle), this.table);
	}

	async [Symbol.asyncDispose](): Promise<void> {}
}
