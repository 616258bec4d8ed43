/** A platform in the memory of this process, for tests of the core: it runs real programs and forgets them with the process. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import type { Handle, Observation, Platform, PlatformModule, RunSpec, StopOutcome, Stopping, Usage } from "../../platform/contract.ts";
import { signalNumber } from "../../platform/exit-record.ts";

interface Run {
	readonly child: ChildProcess;
	readonly listeners: Set<() => void>;
	over: boolean;
}

const runs = new Map<string, Run>();

export const fakePlatform: PlatformModule = {
	detect: () => ({ available: true }),
	open: async () => new FakePlatform(),
};

class FakePlatform implements Platform {
	readonly name = "fake";
	readonly capabilities = {
		timeout: true,
		memoryLimit: false,
		cpuLimit: false,
		taskLimit: false,
		accounting: false,
		units: false,
		hangUp: false,
		enqueue: true,
		containment: "group-and-mark",
	} as const;

	plan(run: RunSpec): Handle {
		return { platform: this.name, version: 1, data: { runFolder: run.runFolder, jobId: run.jobId } };
	}

	async start(spec: RunSpec, handle: Handle): Promise<void> {
		const child = spawn("/usr/bin/env", ["-i", "/bin/sh", `${spec.jobFolder}/start`, spec.runFolder], {
			detached: true,
			stdio: "ignore",
			cwd: "/",
		});
		const run: Run = { child, listeners: new Set(), over: false };
		runs.set(key(handle), run);
		let result = "";
		const limit =
			spec.limits.timeoutMs === null
				? undefined
				: setTimeout(() => {
						result = " result=timeout";
						void this.stop(handle, spec.stopping);
					}, spec.limits.timeoutMs);
		child.on("exit", (code, signal) => {
			clearTimeout(limit);
			run.over = true;
			signalGroup(child, "SIGKILL");
			const how = signal === null ? `how=exited status=${code}` : `how=killed status=${signalNumber(signal)}`;
			const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
			record(
				spec.runFolder,
				`chore-exit 1 attempt=1 ${how}${result} up=${readFileSync("/proc/uptime", "utf8").split(" ")[0]} boot=${boot} .\n`,
			);
			for (const listener of run.listeners) listener();
		});
		await new Promise((resolve, reject) => child.once("spawn", resolve).once("error", reject));
	}

	async stop(handle: Handle, { signal, graceMs }: Stopping): Promise<StopOutcome> {
		const run = runs.get(key(handle));
		if (run === undefined || run.over) return { kind: "ended" };
		signalGroup(run.child, signal);
		signalGroup(run.child, "SIGCONT");
		const killing = setTimeout(() => signalGroup(run.child, "SIGKILL"), graceMs);
		await new Promise<void>((resolve) => {
			run.listeners.add(resolve);
			if (run.over) resolve();
		});
		clearTimeout(killing);
		return { kind: "ended" };
	}

	async kill(handle: Handle, signal: string, whom: "main" | "all"): Promise<boolean> {
		const run = runs.get(key(handle));
		if (run === undefined || run.over || run.child.pid === undefined) return false;
		process.kill(whom === "all" ? -run.child.pid : run.child.pid, signalNumber(signal));
		return true;
	}

	async inspect(handles: readonly Handle[]): Promise<readonly Observation[]> {
		return handles.map((handle) => {
			const run = runs.get(key(handle));
			return run === undefined || run.over ? { kind: "absent" } : { kind: "running", paused: false };
		});
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
		const pid = runs.get(key(handle))?.child.pid;
		const processes = pid === undefined ? [] : [{ pid, parentPid: process.pid, command: "job", escaped: false }];
		return { processes, cpuTimeMs: null, memoryBytes: null, memoryPeakBytes: null };
	}

	async logout(): Promise<{ readonly survives: true }> {
		return { survives: true };
	}

	async describe(): Promise<readonly []> {
		return [];
	}

	async [Symbol.asyncDispose](): Promise<void> {}
}

function key(handle: Handle): string {
	return String(handle.data["runFolder"]);
}

function record(folder: string, line: string): void {
	try {
		const file = openSync(`${folder}/exit`, "r+");
		writeSync(file, line, 0);
		closeSync(file);
	} catch {
		// the test removed the job
	}
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
	try {
		if (child.pid !== undefined) process.kill(-child.pid, signal);
	} catch {
		// nobody is left
	}
}
