/** Starts the shim of a run in a session of its own. From the first moment on the run can be seen to live, or not to. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, constants, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { constants as system } from "node:os";
import type { RunSpec } from "../contract.ts";
import { ChoreError } from "../errors.ts";
import { signalNumber } from "../exit-record.ts";
import { ALIVE_FIFO } from "./liveness.ts";

/**
 * What the shim survives: all that can be caught and would end it. Not those that only a fault of its own raises
 * (a handler would return into the fault for ever), and not those that end nothing.
 */
const NOT_CAUGHT: readonly string[] = [
	...["SIGKILL", "SIGSTOP", "SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL"],
	...["SIGCHLD", "SIGCONT", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGWINCH", "SIGINFO"],
];

/** Enough for the first line of the shell's announcement; see the shim on what more is written there. */
const MESSAGE_BYTES = 128;
const PID_BYTES = 64;

/** So far every shell counts, and no attempt will ever come. */
const HIGHEST_COUNT = 2 ** 31 - 2;

/** libuv marks all descriptors up to here, and on to the first gap, as closed by exec(2) when Node starts. */
const HIGHEST_CLOSED = 15;
/** Beyond this one nobody opens by hand, and a table of all of them would be long. */
const HIGHEST_LEAK = 1023;
/** As proc(5) shows it in fdinfo; the same on every architecture but alpha, parisc and sparc. */
const O_CLOEXEC = 0o2000000;

type Descriptor = number | "ignore";

/**
 * Starts one run; resolves once its shim is under way.
 *
 * @param shell the words by which the shim and the start script are run
 * @param shim the path of the installed shim
 * @throws ChoreError PLATFORM_FAILED with the system's error as cause
 */
export async function detach(run: RunSpec, shell: readonly string[], shim: string): Promise<void> {
	const fifo = `${run.runFolder}/${ALIVE_FIFO}`;
	try {
		// Node has no mkfifo(2). While that runs, the rest is prepared; the files are laid out so that writing them later
		// needs no space.
		const made = ended(spawn("mkfifo", ["-m", "600", fifo], { stdio: "ignore", env: shimEnvironment(run.jobId) }));
		made.catch(() => {}); // looked at below; laying out the files may fail first
		layOut(`${run.runFolder}/pid`, PID_BYTES);
		if (run.limits.timeoutMs !== null) layOut(`${run.runFolder}/timer`, PID_BYTES);
		const message = layOut(`${run.runFolder}/message`, MESSAGE_BYTES, "keep open");
		try {
			const leaks = leakedDescriptors();
			await made;
			await spawnShim(run, shell, shim, message, leaks);
		} finally {
			closeSync(message);
		}
	} catch (error) {
		const isFifo = error instanceof Error && error.message.startsWith("mkfifo ");
		throw new ChoreError("PLATFORM_FAILED", `cannot start a process for the job: ${(error as Error).message}`, {
			cause: error,
			...(isFifo ? { hint: "the state folder must be on a local file system that knows FIFOs: see CHORE_HOME" } : {}),
		});
	}
}

async function spawnShim(run: RunSpec, shell: readonly string[], shim: string, message: number, leaks: readonly number[]): Promise<void> {
	const [program, ...words] = shell;
	if (program === undefined) throw new Error("no shell is given");
	const fifo = `${run.runFolder}/${ALIVE_FIFO}`;
	// The write end is open before there is a shim and handed over to it: never is there a run that looks dead.
	const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
	const writer = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
	const nothing = openSync("/dev/null", constants.O_RDWR);
	try {
		const child = spawn(program, [...words, shim, ...shimArguments(run), ...shell], {
			cwd: "/",
			detached: true,
			env: shimEnvironment(run.jobId),
			stdio: withoutLeaks(["ignore", message, message, "ignore", writer], leaks, nothing),
		});
		if (child.pid === undefined) await ended(child);
		child.unref();
	} finally {
		closeSync(nothing);
		closeSync(writer);
		closeSync(reader);
	}
}

/**
 * Keeps what the caller inherited from the job: a script that holds a lock on descriptor 200 would never get it free.
 * Node closes up to 16 by itself. No shell can close the higher ones, but they can lead nowhere.
 */
function withoutLeaks(wanted: readonly Descriptor[], leaks: readonly number[], nothing: number): Descriptor[] {
	const stdio = [...wanted];
	for (const leak of leaks) {
		while (stdio.length < leak) stdio.push("ignore");
		stdio[leak] = nothing;
	}
	return stdio;
}

/** The high descriptors that a new program would inherit, where the system tells. */
function leakedDescriptors(): readonly number[] {
	try {
		return readdirSync("/proc/self/fd")
			.map(Number)
			.filter((number) => number > HIGHEST_CLOSED && number <= HIGHEST_LEAK && !isClosedOnExec(number))
			.sort((one, other) => one - other);
	} catch {
		return [];
	}
}

function isClosedOnExec(descriptor: number): boolean {
	try {
		const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, "latin1"))?.[1];
		return flags === undefined || (Number.parseInt(flags, 8) & O_CLOEXEC) !== 0;
	} catch {
		return true; // the one by which the folder was read
	}
}

/** The words after the shim's own path, but for the shell. */
function shimArguments(run: RunSpec): readonly string[] {
	const { signal, graceMs, hangUp } = run.stopping;
	const { policy, max, delayMs } = run.restart;
	return [
		run.runFolder,
		`${run.jobFolder}/start`,
		shellWord(signal),
		hangUp ? "yes" : "no",
		String(Math.ceil(graceMs / 10)),
		...sleepWords(run.limits.timeoutMs),
		survivedSignals().join(" "),
		policy,
		max === null || max > HIGHEST_COUNT ? "" : String(max),
		...sleepWords(delayMs === 0 ? null : delayMs),
	];
}

/** As seconds with a fraction, and as whole ones for a sleep(1) that takes no others. */
function sleepWords(durationMs: number | null): readonly [string, string] {
	return durationMs === null ? ["", ""] : [(durationMs / 1000).toFixed(3), String(Math.ceil(durationMs / 1000))];
}

/** As the shells know them: by name, or number where there is none. posh takes no number but those of POSIX. */
function survivedSignals(): readonly string[] {
	const names = Object.keys(system.signals).filter((name) => !NOT_CAUGHT.includes(name));
	// Node knows no real-time signals. Those of Linux are the same everywhere; two more belong to the C library.
	const realTime = process.platform === "linux" ? Array.from({ length: 31 }, (_, index) => String(34 + index)) : [];
	return [...names.map(shellWord), ...realTime];
}

function shellWord(signal: string): string {
	return signal in system.signals ? signal.slice("SIG".length) : String(signalNumber(signal));
}

/**
 * All that the shim needs, and nothing of the caller: the job must not be found by the mark of a job that started it,
 * nor its shim be changed by a variable. The user's PATH comes last: some systems keep sleep(1) and grep(1) elsewhere.
 */
function shimEnvironment(jobId: string): NodeJS.ProcessEnv {
	const path = ["/usr/bin:/bin:/usr/sbin:/sbin", process.env["PATH"] ?? ""].filter((part) => part !== "").join(":");
	return { PATH: path, LC_ALL: "C", CHORE_JOB_ID: jobId };
}

function layOut(path: string, bytes: number): void;
function layOut(path: string, bytes: number, then: "keep open"): number;
function layOut(path: string, bytes: number, then?: "keep open"): number | undefined {
	const descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
	writeSync(descriptor, `${" ".repeat(bytes - 1)}\n`, 0);
	if (then !== undefined) return descriptor;
	closeSync(descriptor);
	return undefined;
}

/** @throws the spawn error, or an Error for any end but exit code 0 */
function ended(child: ChildProcess): Promise<void> {
	return new Promise((resolve, reject) => {
		child.once("error", reject);
		child.once("exit", (code, signal) => (code === 0 ? resolve() : reject(new Error(`${child.spawnfile} ended with ${signal ?? code}`))));
	});
}
