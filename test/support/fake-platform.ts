/** A platform in the memory of this process, for tests of the core: it runs real programs and forgets them with the process. */
import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, closeSync, openSync, readFileSync, writeSync } from "node:fs";
import type {
	Capabilities,
	Description,
	Handle,
	Observation,
	Platform,
	PlatformModule,
	RunSpec,
	Schedules,
	StopOutcome,
	Stopping,
	Usage,
	Wake,
} from "../../platform/contract.ts";
import { ChoreError } from "../../platform/errors.ts";
import { signalNumber } from "../../platform/exit-record.ts";

export const fakePlatform: PlatformModule = {
	detect: () => ({ available: true, reason: "it is in this process", paths: [] }),
	open: async () => new FakePlatform(),
};

const runs = new Map<string, FakeRun>();

const armed = new Map<string, Wake>();

/** What wakes jobs of that state folder. */
export function armedIn(home: string): readonly Wake[] {
	return [...armed.values()].filter(({ jobFolder }) => jobFolder.startsWith(`${home}/`));
}

class FakePlatform implements Platform {
	readonly name = "fake";
	readonly capabilities: Capabilities = {
		restart: true,
		timeout: true,
		memoryLimit: false,
		cpuLimit: false,
		taskLimit: false,
		accounting: false,
		pause: true,
		native: {},
		hangUp: false,
		enqueue: true,
		schedule: true,
		occasions: false,
		containment: "group-and-mark",
	};

	readonly schedules: Schedules = {
		plan: ({ jobId, revision, jobFolder }) => ({ platform: this.name, version: 1, data: { jobId, revision, jobFolder } }),
		arm: async (wake) => void armed.set(wake.jobFolder, wake),
		disarm: async ({ data }) => void armed.delete(String(data["jobFolder"])),
		nextTimes: async (handles) => handles.map(() => undefined),
	};

	check({ native }: Pick<RunSpec, "native">): void {
		if (Object.keys(native).length > 0) throw new ChoreError("OPTION_UNSUPPORTED", "the platform fake has no options of its own");
	}

	plan(run: RunSpec): Handle {
		return { platform: this.name, version: 1, data: { runFolder: run.runFolder, jobId: run.jobId } };
	}

	async start(spec: RunSpec, handle: Handle): Promise<void> {
		const run = new FakeRun(spec);
		runs.set(key(handle), run);
		await run.begin();
	}

	/**
	 * The run is over when this returns, so that nothing has to be waited for; unless another process is at it. Until then it counts
	 * as one that is being started: this platform would not know it.
	 */
	async launcher({ start, jobId, run }: RunSpec): Promise<string> {
		const record = "chore-exit 1 attempt=1 how=exited status=$? certain=yes up=$up boot=$boot pid= .";
		return `launch() {
	/usr/bin/env -i /bin/sh '${start}' "$run"
	echo "${record}" 1<>"$run/exit"
	begun
	[ ! -e "$schedule/queued" ] || /bin/sh "$0" "$job" '' "$k"
} # ${run}.${jobId}
alive() { [ -e "$1/alive" ]; }
check() { /usr/bin/env -i /bin/sh '${start}' "$1"; }
halt() {
	echo "${record.replace("how=exited status=$?", "how=killed status=15")}" 1<>"$1/exit"
	rm -f "$1/alive"
}
`;
	}

	async stop(handle: Handle, stopping: Stopping): Promise<StopOutcome> {
		await runs.get(key(handle))?.stop(stopping);
		return { kind: "ended" };
	}

	async kill(handle: Handle, signal: string, whom: "main" | "all"): Promise<boolean> {
		return runs.get(key(handle))?.signal(signalNumber(signal) ?? 0, whom) ?? false;
	}

	async pause(handle: Handle): Promise<boolean> {
		return runs.get(key(handle))?.hold(true) ?? false;
	}

	async resume(handle: Handle): Promise<boolean> {
		return runs.get(key(handle))?.hold(false) ?? false;
	}

	async inspect(handles: readonly Handle[]): Promise<readonly Observation[]> {
		return handles.map((handle) => runs.get(key(handle))?.observe() ?? { kind: "absent" });
	}

	async watch(handles: readonly Handle[], changed: (handle: Handle) => void): Promise<AsyncDisposable> {
		const listeners = handles.map((handle) => ({ run: runs.get(key(handle)), listener: () => changed(handle) }));
		for (const { run, listener } of listeners) run?.listeners.add(listener);
		for (const handle of handles) changed(handle);
		return {
			[Symbol.asyncDispose]: async () => {
				for (const { run, listener } of listeners) run?.listeners.delete(listener);
			},
		};
	}

	async forget(): Promise<void> {}

	async usage(handle: Handle): Promise<Usage> {
		const pid = runs.get(key(handle))?.pid;
		const processes = pid === undefined ? [] : [{ pid, parentPid: process.pid, command: "job", escaped: false }];
		return { processes, cpuTimeMs: null, memoryBytes: null, memoryPeakBytes: null };
	}

	async logout(): Promise<{ readonly survives: true }> {
		return { survives: true };
	}

	async describe(): Promise<Description> {
		const why = "nothing of it outlives this process";
		return { facts: [], lacking: Object.fromEntries(Object.keys(this.capabilities).map((name) => [name, why])) };
	}

	async [Symbol.asyncDispose](): Promise<void> {}
}

/** Kills the runs of that state folder, to clean up after a test. */
export function endFakeRuns(home: string): void {
	for (const [path, run] of runs) if (path.startsWith(`${home}/`)) run.end();
}

/** One run with its attempts, one after the other. */
class FakeRun {
	readonly listeners = new Set<() => void>();
	readonly #spec: RunSpec;
	#child: ChildProcess | undefined;
	#attempt = 0;
	#state: "running" | "waiting" | "over" = "running";
	#isHeld = false;
	#isStopped = false;
	#waiting: NodeJS.Timeout | undefined;

	constructor(spec: RunSpec) {
		this.#spec = spec;
	}

	get pid(): number | undefined {
		return this.#state === "running" ? this.#child?.pid : undefined;
	}

	async begin(): Promise<void> {
		const { start, runFolder, limits, stopping } = this.#spec;
		this.#attempt += 1;
		this.#state = "running";
		const child = spawn("/usr/bin/env", ["-i", "/bin/sh", start, runFolder], { detached: true, stdio: "ignore", cwd: "/" });
		this.#child = child;
		let result = "";
		const expire = (): void => {
			result = " result=timeout";
			void this.#end(stopping);
		};
		const limit = limits.timeoutMs === null ? undefined : setTimeout(expire, limits.timeoutMs);
		child.on("exit", (code, signal) => {
			clearTimeout(limit);
			this.#signalGroup("SIGKILL");
			const how = signal === null ? `how=exited status=${code}` : `how=killed status=${signalNumber(signal)}`;
			this.#ended(how + result, code !== 0 || result !== "");
		});
		await new Promise((resolve, reject) => child.once("spawn", resolve).once("error", reject));
	}

	async stop(stopping: Stopping): Promise<void> {
		this.#isStopped = true;
		if (this.#state === "waiting") {
			clearTimeout(this.#waiting);
			this.#become("over");
		}
		await this.#end(stopping);
	}

	/** At once, with no attempt after it. */
	end(): void {
		this.#isStopped = true;
		clearTimeout(this.#waiting);
		this.#signalGroup("SIGKILL");
	}

	signal(number: number, whom: "main" | "all"): boolean {
		const pid = this.pid;
		if (pid === undefined) return false;
		if (number === signalNumber("SIGCONT")) this.#isHeld = false;
		try {
			return process.kill(whom === "all" ? -pid : pid, number);
		} catch {
			return false; // it ended just now, and Node has not said so yet
		}
	}

	hold(isHeld: boolean): boolean {
		this.#isHeld = isHeld;
		return this.signal(signalNumber(isHeld ? "SIGSTOP" : "SIGCONT") ?? 0, "all");
	}

	observe(): Observation {
		if (this.#state === "over") return { kind: "absent" };
		return this.#state === "waiting" ? { kind: "queued" } : { kind: "running", paused: this.#isHeld };
	}

	async #end({ signal, graceMs }: Stopping): Promise<void> {
		if (this.#state !== "running") return;
		this.#signalGroup(signal);
		this.#signalGroup("SIGCONT");
		const killing = setTimeout(() => this.#signalGroup("SIGKILL"), graceMs);
		await new Promise<void>((resolve) => this.#child?.once("exit", () => resolve()));
		clearTimeout(killing);
	}

	#ended(how: string, isFailure: boolean): void {
		const { runFolder, restart } = this.#spec;
		const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
		const [up] = readFileSync("/proc/uptime", "utf8").split(" ");
		const line = `chore-exit 1 attempt=${this.#attempt} ${how} up=${up} boot=${boot} pid=${startedPid(runFolder)} .\n`;
		record(runFolder, line, restart.policy !== "no");
		this.#isHeld = false;
		const mayRestart = restart.max === null || this.#attempt <= restart.max;
		const isWanted = restart.policy === "always" || (restart.policy === "on-failure" && isFailure);
		const isLast = this.#isStopped || !isWanted || !mayRestart;
		if (!isLast) this.#waiting = setTimeout(() => this.#beginAgain(), restart.delayMs);
		this.#become(isLast ? "over" : "waiting");
	}

	/** What SIGKILL was sent to may live on for a moment, and is to be gone before the next attempt begins. */
	#beginAgain(): void {
		if (this.#signalGroup(0)) this.#waiting = setTimeout(() => this.#beginAgain(), 1);
		else void this.begin();
	}

	#become(state: "waiting" | "over"): void {
		this.#state = state;
		for (const listener of this.listeners) listener();
	}

	/** @returns whether a process of the group is left; 0 only asks */
	#signalGroup(signal: NodeJS.Signals | 0): boolean {
		try {
			return this.#child?.pid !== undefined && process.kill(-this.#child.pid, signal);
		} catch {
			return false;
		}
	}
}

function key(handle: Handle): string {
	return String(handle.data["runFolder"]);
}

/** The first word of `started`, whichever attempt wrote it: one that is killed before it comes to that leaves the word of the one before. */
function startedPid(folder: string): string {
	try {
		return readFileSync(`${folder}/started`, "utf8").trim().split(" ")[0] ?? "";
	} catch {
		return ""; // the test removed the job
	}
}

function record(folder: string, line: string, isOneOfSeveral: boolean): void {
	try {
		const file = openSync(`${folder}/exit`, "r+");
		writeSync(file, line, 0);
		closeSync(file);
		if (isOneOfSeveral) appendFileSync(`${folder}/attempts`, line);
	} catch {
		// the test removed the job
	}
}
