/** Starts the shim of a run in a process session of its own. Never leaves a moment in which a started run looks dead. */
import { spawn } from "node:child_process";
import { closeSync, constants, openSync, readdirSync, readFileSync } from "node:fs";
import type { RunSpec } from "../contract.ts";
import { ended } from "../shell/fifo.ts";
import { withFiles } from "../shell/lay-out.ts";
import { ALIVE_FIFO } from "../shell/liveness.ts";
import { markedEnvironment } from "../shell/shim.ts";

/** When Node starts, libuv sets close-on-exec on all descriptors up to this one, and further up to the first that is not open. */
const HIGHEST_CLOSED = 15;
/** Higher descriptors are not looked for: scripts do not use them, and spawn(2) would need a table of that length. */
const HIGHEST_LEAK = 1023;
/** As proc(5) shows it in fdinfo; the same on every architecture but alpha, parisc and sparc. */
const O_CLOEXEC = 0o2000000;

type Descriptor = number | "ignore";

/**
 * Starts one run; resolves once its shim is under way.
 *
 * @param command the command line of the shim
 * @throws ChoreError PLATFORM_FAILED with the system's error as cause
 */
export function detach(run: RunSpec, command: readonly string[]): Promise<void> {
	return withFiles(run, async (message, made) => {
		const leaks = leakedDescriptors();
		await made;
		await spawnShim(run, command, message, leaks);
	});
}

async function spawnShim(run: RunSpec, [program, ...words]: readonly string[], message: number, leaks: readonly number[]): Promise<void> {
	if (program === undefined) throw new Error("no shell is given");
	const fifo = `${run.runFolder}/${ALIVE_FIFO}`;
	// The shim inherits a write end that is open already, so that the run counts as alive from the start.
	using _reader = open(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
	using writer = open(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
	using nothing = open("/dev/null", constants.O_RDWR);
	const child = spawn(program, words, {
		cwd: "/",
		detached: true,
		env: markedEnvironment(run),
		stdio: withoutLeaks(["ignore", message, message, "ignore", writer.number], leaks, nothing.number),
	});
	if (child.pid === undefined) await ended(child);
	child.unref();
}

/** Opens a file until its disposal, also after an error: a write end that stayed open would make the run look alive. */
function open(path: string, flags: number): Disposable & { readonly number: number } {
	const number = openSync(path, flags);
	return { number, [Symbol.dispose]: () => closeSync(number) };
}

/**
 * Keeps the job from inheriting the caller's descriptors: a lock that the calling script holds on descriptor 200 would
 * stay locked as long as the job runs. Node cannot close a descriptor in its child, so each leads to /dev/null there.
 */
function withoutLeaks(wanted: readonly Descriptor[], leaks: readonly number[], nothing: number): Descriptor[] {
	const stdio = [...wanted];
	for (const leak of leaks) {
		while (stdio.length < leak) stdio.push("ignore");
		stdio[leak] = nothing;
	}
	return stdio;
}

/** The high descriptors that a new program would inherit. Empty where there is no /proc. */
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
		return true; // the descriptor that readdir(3) used: closed by now
	}
}
