/** The platform of systems without a supervisor: a shell as parent of each run, and nothing between the commands. */
import type {
	Capabilities,
	Description,
	Handle,
	LogoutFate,
	Observation,
	Platform,
	RunSpec,
	StopOutcome,
	Stopping,
	Usage,
} from "../contract.ts";
import { ChoreError } from "../errors.ts";
import { signalNumber } from "../exit-record.ts";
import { description } from "./describe.ts";
import { detach } from "./detach.ts";
import { inspect } from "./inspect.ts";
import { kill } from "./kill.ts";
import { currentLogoutFate } from "./logind.ts";
import { membersOf } from "./members.ts";
import { pause, resume } from "./pause.ts";
import type { ProcessTable } from "./processes.ts";
import { handleOf, runOf } from "./run-folder.ts";
import { stop } from "./stop.ts";
import { watch } from "./watch.ts";

export class PosixPlatform implements Platform {
	readonly name = "posix";
	readonly capabilities: Capabilities = {
		restart: true,
		timeout: true,
		memoryLimit: false,
		cpuLimit: false,
		taskLimit: false,
		// The record has the CPU time of the processes that were waited for, not that of the whole job, and no memory.
		accounting: false,
		pause: true,
		properties: [],
		units: false,
		hangUp: true,
		enqueue: true,
		containment: "group-and-mark",
	};
	readonly #shell: readonly string[];
	readonly #table: ProcessTable;
	readonly #installShim: () => string;

	/**
	 * @param shell the words by which the shim and the start scripts are run
	 * @param installShim puts the shim where it stays, and gives its path
	 */
	constructor(shell: readonly string[], table: ProcessTable, installShim: () => string) {
		this.#shell = shell;
		this.#table = table;
		this.#installShim = installShim;
	}

	plan(run: RunSpec): Handle {
		return handleOf(run);
	}

	start(run: RunSpec): Promise<void> {
		return detach(run, this.#shell, this.#installShim());
	}

	stop(handle: Handle, options: Stopping): Promise<StopOutcome> {
		return stop(runOf(handle), this.#table, options);
	}

	async kill(handle: Handle, signal: string, whom: "main" | "all"): Promise<boolean> {
		const number = signalNumber(signal);
		if (number === undefined) throw new ChoreError("INVALID_ARGUMENT", `this system has no signal ${signal}`);
		return kill(runOf(handle), this.#table, number, whom);
	}

	pause(handle: Handle): Promise<boolean> {
		return pause(runOf(handle), this.#table);
	}

	resume(handle: Handle): Promise<boolean> {
		return resume(runOf(handle), this.#table);
	}

	async inspect(handles: readonly Handle[]): Promise<readonly Observation[]> {
		return inspect(handles, this.#table);
	}

	async watch(handles: readonly Handle[], changed: (handle: Handle) => void): Promise<AsyncDisposable> {
		return watch(
			handles.map((handle) => [handle, runOf(handle)]),
			changed,
		);
	}

	/** Nothing is kept but the run's folder, which is the core's. */
	async forget(): Promise<void> {}

	async usage(handle: Handle): Promise<Usage> {
		const { group, escaped } = membersOf(runOf(handle), this.#table);
		const used = this.#table.usage([...group, ...escaped]);
		const process = (isEscaped: boolean) => (one: (typeof group)[number]) => ({
			pid: one.pid,
			parentPid: one.parentPid,
			command: one.command(),
			escaped: isEscaped,
		});
		return {
			processes: [...group.map(process(false)), ...escaped.map(process(true))],
			cpuTimeMs: used?.cpuTimeMs ?? null,
			memoryBytes: used?.memoryBytes ?? null,
			memoryPeakBytes: null,
		};
	}

	async logout(): Promise<LogoutFate> {
		return currentLogoutFate();
	}

	async describe(): Promise<Description> {
		return description(this.#shell, this.#table);
	}

	async [Symbol.asyncDispose](): Promise<void> {}
}
