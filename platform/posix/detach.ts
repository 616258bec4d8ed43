/** Starts the shim of a run in a session of its own. From the first moment on the run can be seen to live, or not to. */
import { spawn } from "node:child_process";
import { closeSync, constants, openSync, readdirSync, readFileSync } from "node:fs";
import type { RunSpec } from "../contract.ts";
import { ended, withFiles } from "../shell/lay-out.ts";
import { ALIVE_FIFO } from "../shell/liveness.ts";
import { markedEnvironment, shimCommand } from "../shell/shim.ts";

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
export function detach(run: RunSpec, shell: readonly string[], shim: string): Promise<void> {
	return withFiles(run, async (message, made) => {
		const leaks = leakedDescriptors();
		await made;
		await spawnShim(run, shimCommand(run, shell, shim), message, leaks);
	});
}

async function spawnShim(run: RunSpec, [program, ...words]: readonly string[], message: number, leaks: readonly number[]): Promise<void> {
	if (program === undefined) throw new Error("no shell is given");
	const fifo = `${run.runFolder}/${ALIVE_FIFO}`;
	// The write end is open before there is a shim and handed over to it: never is there a run that looks dead.
	const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
	const writer = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
	const nothing = openSync("/dev/null", constants.O_RDWR);
	try {
		const child = spawn(program, words, {
			cwd: "/",
			detached: true,
			env: markedEnvironment(run),
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
